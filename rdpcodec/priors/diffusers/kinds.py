"""The kinds of pipelines that can be priors: one row for each, found by the denoiser's class.

A row says which classes each component may have; nothing else is ever built. What a network reads
beside the state, the time and a prompt no prior can give it, so networks that read more are
refused, by what is unusual about them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rdpcodec.priors.diffusers.index import Component, Index
from rdpcodec.priors.diffusers.noise_levels import FLOW_SCHEDULERS, Config, is_flow
from rdpcodec.priors.diffusers.source import unavailable

SUPPORTED = (
    "supported are Stable Diffusion 1 and 2, SDXL, Stable Diffusion 3, FLUX.1, LDMPipeline and "
    "unconditional pipelines on pixels"
)
VAES = ("AutoencoderKL", "AutoencoderTiny", "VQModel")
CLIP = ("CLIPTextModel",)
CLIP_PROJECTED = ("CLIPTextModelWithProjection",)
T5 = ("T5EncoderModel",)
TOKENIZERS = {
    "CLIPTokenizer": "CLIPTokenizer",
    "CLIPTokenizerFast": "CLIPTokenizer",
    "T5Tokenizer": "T5Tokenizer",
    "T5TokenizerFast": "T5Tokenizer",
}
# Beside what is used: they look at pictures, not at latents.
UNUSED = ("safety_checker", "feature_extractor", "image_encoder", "watermark", "scheduler")
EXTRA_CHANNELS = {
    5: "an image of depth beside the latents",
    6: "a small picture beside the latents, to enlarge it",
    7: "a small picture beside the latents, to enlarge it",
    8: "another picture beside the latents, to edit it",
    9: "a mask and a picture beside the latents, for inpainting",
    128: "a picture of control beside the latents",
    384: "a mask and a picture beside the latents, for filling in",
}


@dataclass(frozen=True)
class Kind:
    """A kind of pipeline.

    Attributes:
        name: What it is called in the manifest.
        denoiser: The class of the network.
        encoders: The classes that each text encoder may have, in the order of the index:
            `text_encoder`, `text_encoder_2`, ...
        optional: How many of the last text encoders may be absent.
        vaes: The classes that the autoencoder may have; none for pixels.
        vae: The names it may have in the index.
        flow: Whether the network was trained on straight paths from picture to noise.
        patch: How many latents of a side the network takes together.
        packed: Whether it takes each patch as one vector, so that its channels are patch^2 as many.
        root: Whether its network may lie in the root.
    """

    name: str
    denoiser: str
    encoders: tuple[tuple[str, ...], ...] = ()
    optional: int = 0
    vaes: tuple[str, ...] = VAES
    vae: tuple[str, ...] = ("vae",)
    flow: bool = False
    patch: int = 1
    packed: bool = False
    root: bool = False

    @property
    def encoder_names(self) -> tuple[str, ...]:
        """The names of the text encoders in the index."""
        return tuple(_numbered("text_encoder", k) for k in range(len(self.encoders)))

    @property
    def latent(self) -> bool:
        """Whether its states are latents."""
        return bool(self.vaes)


PIXELS = Kind("pixels", "UNet2DModel", vaes=(), root=True)
LDM = Kind("LDM", "UNet2DModel", vae=("vqvae", "vae"))
STABLE_DIFFUSION = Kind("Stable Diffusion", "UNet2DConditionModel", encoders=(CLIP,))
SDXL = Kind("Stable Diffusion XL", "UNet2DConditionModel", encoders=(CLIP, CLIP_PROJECTED))
SD3 = Kind(
    "Stable Diffusion 3",
    "SD3Transformer2DModel",
    encoders=(CLIP_PROJECTED, CLIP_PROJECTED, T5),
    optional=1,
    flow=True,
    patch=2,
)
FLUX = Kind("FLUX", "FluxTransformer2DModel", encoders=(CLIP, T5), flow=True, patch=2, packed=True)
KINDS = (PIXELS, LDM, STABLE_DIFFUSION, SDXL, SD3, FLUX)


def find_kind(name: str, index: Index, config: Callable[[str], Config]) -> Kind:
    """Return the kind of a pipeline.

    Args:
        name: The pipeline, for sentences.
        index: Its components.
        config: Returns the configuration of a component.

    Raises:
        PriorUnavailableError: If it is of no kind that can be a prior.
    """
    where, part = f"the pipeline {name}", index.denoiser
    if part is None:
        raise unavailable(f"{where} names no unet and no transformer; {SUPPORTED}")
    classes = {kind.denoiser for kind in KINDS}
    _require(where, part, index.components[part], "diffusers", classes)
    _require_no_others(where, index, {part}.union(*map(_names, KINDS)))
    kind = _kind(index, part, config)
    _require_no_others(where, index, {part} | _names(kind))
    _require_parts(where, kind, index)
    return kind


def tokenizer_of(encoder: str) -> str:
    """Return the name of the tokenizer of a text encoder in the index."""
    return encoder.replace("text_encoder", "tokenizer")


def vae_of(kind: Kind, index: Index) -> str:
    """Return the name of the autoencoder in the index."""
    return next(name for name in kind.vae if name in index.components)


def require_class(name: str, part: str, component: Component, config: Config) -> None:
    """Refuse a configuration of another class than the index says."""
    found = config.get("_class_name", component.class_name)
    if found != component.class_name:
        raise unavailable(
            f"the {part} of the pipeline {name} is a {found} by its config.json, "
            f"expected the {component.class_name} of the index"
        )


def require_denoiser(name: str, kind: Kind, config: Config, latents: int, outputs: int) -> None:
    """Refuse networks that read or return something else than their kind does.

    Args:
        name: The pipeline, for sentences.
        kind: Its kind.
        config: The configuration of the network, defaults filled in.
        latents: Channels of a state.
        outputs: Channels that the network must return.
    """
    factor = kind.patch**2 if kind.packed else 1
    expected = factor * latents, factor * outputs
    found = config["in_channels"], config.get("out_channels") or config["in_channels"]
    wrong = _reads(kind, config)
    if not wrong and found != expected:
        hint = EXTRA_CHANNELS.get(found[0]) if found[0] != expected[0] and kind.latent else None
        wrong = (
            f"has {found[0]} channels in and {found[1]} out, "
            f"expected {expected[0]} and {expected[1]}" + (f": it reads {hint}" if hint else "")
        )
    if wrong:
        raise unavailable(f"the network of the pipeline {name} {wrong}")


def require_scheduler(name: str, kind: Kind, config: Config) -> None:
    """Refuse a scheduler without flows for a network that was trained on flows."""
    if kind.flow and not is_flow(config):
        raise unavailable(
            f"the pipeline {name} has the scheduler {config.get('_class_name')}, "
            f"expected one of flows: {', '.join(FLOW_SCHEDULERS)}"
        )


def _kind(index: Index, part: str, config: Callable[[str], Config]) -> Kind:
    found = index.components[part].class_name
    if found == "UNet2DModel":
        return LDM if any(name in index.components for name in LDM.vae) else PIXELS
    if found == "UNet2DConditionModel":
        return SDXL if config(part).get("addition_embed_type") == "text_time" else STABLE_DIFFUSION
    return SD3 if found == SD3.denoiser else FLUX


def _names(kind: Kind) -> set[str]:
    """Return what the components of a kind may be called, but for its network."""
    tokenizers = map(tokenizer_of, kind.encoder_names)
    return {*kind.vae, *UNUSED, *kind.encoder_names, *tokenizers}


def _require_no_others(where: str, index: Index, names: set[str]) -> None:
    if extra := sorted(index.components.keys() - names):
        raise unavailable(f"{where} has {', '.join(extra)}, which its kind has not; {SUPPORTED}")


def _require_parts(where: str, kind: Kind, index: Index) -> None:
    """Refuse components that are missing or of a class that is not on the list."""
    if kind.latent:
        found = [name for name in kind.vae if name in index.components]
        if len(found) != 1:
            raise unavailable(f"{where} names {len(found)} autoencoders, expected one")
        _require(where, found[0], index.components[found[0]], "diffusers", kind.vaes)
    least = len(kind.encoders) - kind.optional
    for k, (encoder, classes) in enumerate(zip(kind.encoder_names, kind.encoders, strict=True)):
        component, tokens = index.get(encoder), index.get(tokenizer_of(encoder))
        if component is None or tokens is None:
            if k < least or component is not tokens:
                raise unavailable(
                    f"{where} lacks {encoder} or {tokenizer_of(encoder)}, which {kind.name} has"
                )
            continue
        _require(where, encoder, component, "transformers", classes)
        _require(where, tokenizer_of(encoder), tokens, "transformers", TOKENIZERS)


def _require(where: str, part: str, found: Component, library: str, classes: object) -> None:
    if found.library != library or found.class_name not in classes:  # type: ignore[operator]
        expected = " or ".join(sorted(classes))  # type: ignore[call-overload]
        raise unavailable(
            f"{where} has the {part} {found.library} {found.class_name}, "
            f"expected {library} {expected}; {SUPPORTED}"
        )


def _reads(kind: Kind, config: Config) -> str:
    """Return what a network reads that no prior can give it, or nothing."""
    added, boxes = config.get("addition_embed_type"), config.get("attention_type")
    hidden = config.get("encoder_hid_dim_type") or config.get("encoder_hid_dim")
    time = config.get("time_embedding_type") or "positional"
    patch = 1 if kind.packed else kind.patch
    labels = config.get("class_embed_type") or config.get("num_class_embeds")
    guided = config.get("time_cond_proj_dim")
    wrong = (
        (labels, "is conditioned on a class, expected one that is not"),
        (hidden, f"reads {hidden}, expected what the text encoder says"),
        (
            added != ("text_time" if kind is SDXL else None),
            f"reads {added} beside the text, expected nothing else",
        ),
        (guided, "reads a scale of guidance, as distilled networks do, expected none"),
        (boxes not in (None, "default"), f"reads boxes (attention {boxes}), expected none"),
        (time != "positional", f"has the time embedding {time}, expected positional"),
        (
            config.get("patch_size") not in (None, patch),
            f"has patches of {config.get('patch_size')}, expected {patch}",
        ),
    )
    return next((sentence for is_so, sentence in wrong if is_so), "")


def _numbered(name: str, k: int) -> str:
    return name if k == 0 else f"{name}_{k + 1}"
