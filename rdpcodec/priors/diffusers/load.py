"""`diffusers:...`: pipelines of the library diffusers as priors (spec 10.5, 10.6).

Only JSON and safetensors are read: no pickle, and no code of the pipeline. Every component is
built from a class of the list in `kinds`, from settings that were looked at, and from tensors that
fit them; `DiffusionPipeline.from_pretrained`, which follows what a pipeline says, is never called.
What cannot be a prior is refused before its weights are downloaded.

diffusers is an optional dependency and slow to import, so it is imported where it is used.
"""

from collections.abc import Callable
from functools import cache

from rdpcodec.compute import HOST, Compute
from rdpcodec.errors import ISSUE, PriorError, RdpError, lacks_memory
from rdpcodec.priors.base import Prior
from rdpcodec.priors.diffusers.files import find_weights
from rdpcodec.priors.diffusers.index import Index, read_config, read_index, read_scheduler
from rdpcodec.priors.diffusers.kinds import (
    find_kind,
    require_class,
    require_denoiser,
    require_scheduler,
    vae_of,
)
from rdpcodec.priors.diffusers.latent_prior import LatentParts, LatentPipelinePrior
from rdpcodec.priors.diffusers.modules import Plan, fill, plan
from rdpcodec.priors.diffusers.networks import adapt
from rdpcodec.priors.diffusers.noise_levels import Config, noise_levels
from rdpcodec.priors.diffusers.parameterisation import noise_schedule, prediction
from rdpcodec.priors.diffusers.parts import Parts
from rdpcodec.priors.diffusers.prior import Parts as PixelParts
from rdpcodec.priors.diffusers.prior import PipelinePrior
from rdpcodec.priors.diffusers.quiet import quiet
from rdpcodec.priors.diffusers.source import (
    PREFIX,
    Source,
    diffusers_library,
    find_source,
    reason,
    unavailable,
)
from rdpcodec.priors.diffusers.text import find_text
from rdpcodec.priors.diffusers.vae import DiffusersVae, LatentScale, latent_channels

VAE = "vae"
RGB = 3


def load_pipeline(prior_id: str, compute: Compute = HOST) -> Prior:
    """Return the prior of a diffusers pipeline.

    Args:
        prior_id: `diffusers:` and a local directory, or a hub id with an optional `@revision`;
            with `:fp16` or `:bf16` behind it, those weights where there are several.
        compute: Where it computes; the networks of pixels always in float32.

    Returns:
        The prior; its id is safe to write into a file.

    Raises:
        PriorUnavailableError: If there is no such pipeline here or on the hub, or it is of a kind
            that cannot be a prior.
        PriorError: If its files are damaged.
    """
    return _prior(load_parts(prior_id, compute), compute)


def load_parts(prior_id: str, compute: Compute = HOST) -> Parts:
    """Return the parts of a diffusers pipeline; see `load_pipeline`."""
    name = prior_id.removeprefix(PREFIX)
    try:
        diffusers_library()  # sets up its logging, which is held off next
        with quiet():
            return _load(find_source(name), compute)
    except (RdpError, OSError):
        raise
    except Exception as exc:  # the libraries raise anything on a damaged pipeline
        if lacks_memory(exc):
            raise
        raise PriorError(
            ISSUE.PRIOR_INVALID, f"the pipeline {name} cannot be loaded: {reason(exc)}"
        ) from exc


def _prior(parts: Parts, compute: Compute) -> Prior:
    """Return the prior of loaded parts."""
    name, scheduler = parts.prior_id, parts.scheduler
    if parts.vae is None:
        schedule = noise_schedule(name, scheduler)
        weights = str(parts.manifest["network"]["weights_sha256"])
        return PipelinePrior(PixelParts(name, parts.network, schedule, weights), compute)
    vae = DiffusersVae(parts.vae, compute.device)
    latent = LatentParts(
        prior_id=name,
        vae=vae,
        network=adapt(name, parts.network, vae.stride),
        levels=noise_levels(name, scheduler),
        prediction=prediction(name, scheduler),
        manifest=parts.manifest,
        read=parts.text.read if parts.text else None,
    )
    return LatentPipelinePrior(latent, compute)


def _load(source: Source, compute: Compute) -> Parts:
    """Look at every configuration, then at the headers of all weights, then read those."""
    index = read_index(source)

    @cache
    def config(name: str) -> Config:
        flat = name == "unet" and VAE not in index.components
        found = read_config(source, name, root=flat)
        require_class(source.name, name, index.components[name], found)
        return found

    kind = find_kind(source.name, index, config)
    scheduler = read_scheduler(source)
    require_scheduler(source.name, kind, scheduler)
    schedule = noise_schedule(source.name, scheduler)
    network = _planned(source, index, index.denoiser or VAE, config)
    vae = _planned(source, index, vae_of(kind, index), config) if kind.latent else None
    latents = RGB if vae is None else _latents(source.name, vae)
    outputs = latents * schedule.outputs // RGB
    require_denoiser(source.name, kind, network.settings, latents, outputs)
    text = find_text(source, kind, index, network.settings, compute.device)
    files = {each.name: find_weights(source, each.name, "diffusers", root=kind.root)
             for each in (vae, network) if each}  # fmt: skip
    manifest = {}
    if vae is not None:
        manifest["autoencoder"] = fill(vae, files[vae.name], "float32", "cpu")
    precision = compute.precision if kind.latent else "float32"
    manifest["network"] = fill(network, files[network.name], precision, compute.device)
    return Parts(
        prior_id=source.prior_id,
        kind=kind,
        network=network.module,
        vae=vae.module if vae else None,
        scheduler=scheduler,
        text=text,
        manifest=manifest,
    )


def _planned(source: Source, index: Index, name: str, config: Callable[[str], Config]) -> Plan:
    where = f"the {name} of the pipeline {source.name}"
    return plan(index.components[name].class_name, config(name), name, where)


def _latents(name: str, vae: Plan) -> int:
    """Return the channels of an autoencoder's latents, from RGB and back."""
    found = vae.settings
    LatentScale.of(found)
    if (found["in_channels"], found["out_channels"]) != (RGB, RGB):
        raise unavailable(
            f"the autoencoder of the pipeline {name} has {found['in_channels']} channels in and "
            f"{found['out_channels']} out, expected {RGB} and {RGB}"
        )
    return latent_channels(found)
