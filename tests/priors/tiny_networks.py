"""Networks, autoencoders and schedulers of diffusers: tiny, random, and made without any file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rdpcodec.compute import HOST, Compute
from rdpcodec.priors.diffusers.conditioning import Conditioning, Told
from rdpcodec.priors.diffusers.latent_prior import LatentParts, LatentPipelinePrior
from rdpcodec.priors.diffusers.networks import adapt
from rdpcodec.priors.diffusers.noise_levels import Config, noise_levels
from rdpcodec.priors.diffusers.parameterisation import prediction
from rdpcodec.priors.diffusers.vae import DiffusersVae

diffusers: Any = pytest.importorskip("diffusers", exc_type=ImportError)

STABLE: Config = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "skip_prk_steps": True,
}
V: Config = {**STABLE, "_class_name": "DDIMScheduler", "prediction_type": "v_prediction"}
EULER: Config = {**STABLE, "_class_name": "EulerDiscreteScheduler"}
FLOW: Config = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}
EDM: Config = {"_class_name": "EDMEulerScheduler"}
TOKENS = 5


def vae(channels: int = 4, **settings: Any) -> nn.Module:
    """Return an `AutoencoderKL` of stride 8."""
    torch.manual_seed(1)
    return diffusers.AutoencoderKL(
        block_out_channels=(4,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=channels,
        norm_num_groups=2,
        sample_size=64,
        **settings,
    )


def vq() -> nn.Module:
    """Return a `VQModel` of stride 2."""
    torch.manual_seed(1)
    return diffusers.VQModel(
        block_out_channels=(4, 4),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=2,
        num_vq_embeddings=8,
    )


def unet() -> nn.Module:
    """Return the network of an `LDMPipeline`."""
    return diffusers.UNet2DModel(
        attention_head_dim=4,
        block_out_channels=(4, 8),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        layers_per_block=1,
        norm_num_groups=2,
        sample_size=8,
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )


def stable_unet(**settings: Any) -> nn.Module:
    """Return the network of Stable Diffusion."""
    small: dict[str, Any] = {
        "attention_head_dim": 2,
        "block_out_channels": (4, 8),
        "cross_attention_dim": 8,
        "norm_num_groups": 2,
    }
    return diffusers.UNet2DConditionModel(
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        layers_per_block=1,
        sample_size=8,
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        **(small | settings),
    )


def xl_unet() -> nn.Module:
    """Return the network of SDXL."""
    return stable_unet(
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        attention_head_dim=(2, 4),
        cross_attention_dim=16,
        projection_class_embeddings_input_dim=56,
        transformer_layers_per_block=(1, 1),
    )


def sd3() -> nn.Module:
    """Return the network of Stable Diffusion 3."""
    return diffusers.SD3Transformer2DModel(
        attention_head_dim=8,
        caption_projection_dim=16,
        in_channels=16,
        joint_attention_dim=32,
        num_attention_heads=2,
        num_layers=1,
        out_channels=16,
        patch_size=2,
        pooled_projection_dim=16,
        pos_embed_max_size=32,
        sample_size=32,
    )


def flux(*, guidance: bool = True) -> nn.Module:
    """Return the network of FLUX, of the kind of dev or of schnell."""
    return diffusers.FluxTransformer2DModel(
        attention_head_dim=8,
        axes_dims_rope=(2, 2, 4),
        guidance_embeds=guidance,
        in_channels=64,
        joint_attention_dim=8,
        num_attention_heads=2,
        num_layers=1,
        num_single_layers=1,
        patch_size=1,
        pooled_projection_dim=8,
    )


def schnell() -> nn.Module:
    """Return the network of FLUX without a scale of guidance."""
    return flux(guidance=False)


@dataclass(frozen=True)
class Kind:
    """What a pipeline is made of.

    Attributes:
        network: Makes the network.
        scheduler: Its scheduler_config.json.
        vae: Makes the autoencoder.
        widths: Of what the text encoders give.
    """

    network: Callable[[], nn.Module]
    scheduler: Config
    vae: Callable[[], nn.Module] = vae
    widths: tuple[int | None, int | None] = (None, None)


def wide_vae() -> nn.Module:
    """Return the autoencoder of Stable Diffusion 3 and FLUX."""
    return vae(
        16,
        scaling_factor=1.5305,
        shift_factor=0.0609,
        use_post_quant_conv=False,
        use_quant_conv=False,
    )


KINDS = {
    "LDM": Kind(unet, {**STABLE, "_class_name": "DDIMScheduler"}, vq),
    "SD": Kind(stable_unet, STABLE, widths=(8, None)),
    "SD of v": Kind(stable_unet, V, widths=(8, None)),
    "SDXL": Kind(xl_unet, EULER, widths=(16, 8)),
    "SDXL of EDM": Kind(xl_unet, EDM, widths=(16, 8)),
    "SD3": Kind(sd3, FLOW, wide_vae, (32, 16)),
    "FLUX dev": Kind(flux, FLOW, wide_vae, (8, 8)),
    "FLUX schnell": Kind(schnell, FLOW, wide_vae, (8, 8)),
}


def made(make: Callable[[], nn.Module], seed: int = 2) -> nn.Module:
    """Return a network with random weights, and those that are made as zeros random as well."""
    torch.manual_seed(seed)
    network = make().eval().requires_grad_(requires_grad=False)
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    return network


def told(kind: Kind, prompt: str = "") -> Told:
    """Return what random text encoders say of a prompt."""
    random = torch.Generator().manual_seed(3 + len(prompt))
    tokens, pooled = kind.widths
    states = None if tokens is None else torch.randn(1, TOKENS, tokens, generator=random)
    whole = None if pooled is None else torch.randn(1, pooled, generator=random)
    return Told(Conditioning(states, whole), {"prompt": prompt})


def parts_of(kind: Kind, network: nn.Module | None = None) -> LatentParts:
    """Return the parts of a prior, with a network of its own or another one."""
    autoencoder = DiffusersVae(kind.vae().eval(), "cpu")
    module = made(kind.network) if network is None else network
    return LatentParts(
        prior_id="diffusers:tiny",
        vae=autoencoder,
        network=adapt("tiny", module, autoencoder.stride),
        levels=noise_levels("tiny", kind.scheduler),
        prediction=prediction("tiny", kind.scheduler),
        manifest={"weights": "none"},
        read=None if kind.widths == (None, None) else lambda prompt: told(kind, prompt),
    )


def prior_of(
    kind: Kind, network: nn.Module | None = None, compute: Compute = HOST
) -> LatentPipelinePrior:
    """Return a prior of random weights."""
    return LatentPipelinePrior(parts_of(kind, network), compute)


def normal(*shape: int, seed: int = 4) -> Tensor:
    """Return normal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
