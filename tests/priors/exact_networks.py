"""Networks that are exact: E[z_0 | y] of Gaussian latents, in every parameterisation.

A network knows its input and the time alone; so do these, which find sigma by the inverse of what
their prior does. What comes of them has closed forms.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from priors.tiny_networks import EDM, FLOW, STABLE
from torch import Tensor, nn

from rdpcodec.compute import HOST
from rdpcodec.priors.diffusers.conditioning import Conditioning, Told
from rdpcodec.priors.diffusers.latent_prior import LatentParts, LatentPipelinePrior
from rdpcodec.priors.diffusers.networks import adapt, unpacked
from rdpcodec.priors.diffusers.noise_levels import (
    Config,
    Edm,
    Flow,
    NoiseLevels,
    VariancePreserving,
    noise_levels,
)
from rdpcodec.priors.diffusers.parameterisation import prediction
from rdpcodec.transforms.cosine import inverse_dct
from rdpcodec.transforms.cosine_torch import dct as dct_of_tensor
from rdpcodec.transforms.cosine_torch import inverse_dct as inverse_dct_of_tensor

CHANNELS = 3
GAIN = 8.0  # latents over pixels: 8 bits are fine enough, and hardly any is clipped
FALL = 6.0  # the lowest frequency has some 37 times the variance of the highest of one axis


class GainVae:
    """Latents that are pixels, enlarged."""

    channels, stride = CHANNELS, 1
    device: str | None = "cpu"

    def encode(self, pixels: Tensor) -> Tensor:
        """Return the latents."""
        return GAIN * pixels

    def decode(self, latents: Tensor) -> Tensor:
        """Return the pixels."""
        return latents / GAIN


@dataclass(frozen=True)
class Kind:
    """A parameterisation: the class of its network, and its scheduler."""

    network: str
    scheduler: Config


DDIM = {**STABLE, "_class_name": "DDIMScheduler"}
KINDS = {
    "epsilon": Kind("UNet2DModel", DDIM),
    "v_prediction": Kind("UNet2DModel", {**DDIM, "prediction_type": "v_prediction"}),
    "sample": Kind("UNet2DModel", {**DDIM, "prediction_type": "sample"}),
    "zero terminal SNR": Kind(
        "UNet2DModel", {**DDIM, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    ),
    "flow": Kind("SD3Transformer2DModel", FLOW),
    "packed flow": Kind("FluxTransformer2DModel", FLOW),
    "EDM": Kind("UNet2DModel", {**EDM, "sigma_data": 1.0}),
    "EDM of v": Kind("UNet2DModel", {**EDM, "sigma_data": 0.5, "prediction_type": "v_prediction"}),
}
CONFIG: Config = {
    "block_out_channels": (1,),
    "guidance_embeds": False,
    "joint_attention_dim": 1,
    "patch_size": 2,
    "pooled_projection_dim": 1,
}


def law(height: int, width: int) -> NDArray[np.float64]:
    """Return the variance of every coefficient, (C, h, w), with a mean of 1."""
    rows = (FALL * np.arange(height)[:, None] / height) ** 2
    columns = (FALL * np.arange(width)[None, :] / width) ** 2
    plane = 1.0 / (1.0 + rows + columns)
    return np.stack([plane / plane.mean()] * CHANNELS)


def draw(height: int, width: int, seed: int = 1) -> NDArray[np.uint8]:
    """Return a picture whose latents have that law, (H, W, 3)."""
    normal = np.random.default_rng(seed).standard_normal((CHANNELS, height, width))
    latents = inverse_dct((np.sqrt(law(height, width)) * normal).astype(np.float32)[None])[0]
    pixels = (latents.transpose(1, 2, 0) / GAIN + 1) * 127.5
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def latents_of(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """Return the latents of a picture, (1, C, h, w)."""
    return (pixels.astype(np.float64).transpose(2, 0, 1)[None] / 127.5 - 1) * GAIN


def best(y: Tensor, sigma: float) -> Tensor:
    """Return E[z_0 | y]."""
    variance = torch.from_numpy(law(*y.shape[2:]).astype(np.float32))
    return inverse_dct_of_tensor(dct_of_tensor(y.clone()) * (variance / (variance + sigma**2)))


def sigma_at(levels: NoiseLevels, time: float) -> float:
    """Return the level at which a network is told a time."""
    if isinstance(levels, VariancePreserving):
        steps = np.arange(levels.log_sigma.size)
        return math.exp(np.interp(time, steps, levels.log_sigma))
    if isinstance(levels, Edm):
        return math.exp(4 * time)
    assert isinstance(levels, Flow)
    return time / (levels.steps - time)


class Exact(nn.Module):
    """A network that says what its parameterisation makes of E[z_0 | y].

    What goes in and out is rounded as its weight is.
    """

    def __init__(self, scheduler: Config) -> None:
        super().__init__()
        self.config = CONFIG
        self.time_text_embed = nn.Identity()  # where FLUX is told the time
        self.unused = nn.Parameter(torch.zeros(1), requires_grad=False)
        self._levels = noise_levels("exact", scheduler)
        self._prediction = prediction("exact", scheduler)

    def forward(self, *given: Tensor, **named: Any) -> tuple[Tensor]:
        """Return the output for what it is given, as `Network` gives it."""
        x, time = given if given else (named["hidden_states"], named["timestep"])
        if packed := "img_ids" in named:
            height, width = (2 * (int(side) + 1) for side in named["img_ids"].amax(0)[1:])
            x = unpacked(x, height, width)
        sigma = sigma_at(self._levels, float(self.time_text_embed(time)[0]))
        output = self._said(x.float() / self._levels.scale(sigma), sigma)
        output = output.to(self.unused.dtype)
        return (_vectors(output) if packed else output,)

    def _said(self, y: Tensor, sigma: float) -> Tensor:
        x0_hat = best(y, sigma)
        epsilon = (y - x0_hat) / sigma
        name, spread = self._prediction.name, self._prediction.spread
        if name in {"epsilon", "sample"}:
            return epsilon if name == "epsilon" else x0_hat
        if name == "flow_prediction":
            return epsilon - x0_hat
        if name == "v_prediction":
            return (epsilon - sigma * x0_hat) / math.sqrt(1 + sigma**2)
        both = sigma**2 + spread**2
        rest = (x0_hat - y * spread**2 / both) * math.sqrt(both) / (sigma * spread)
        return rest if name == "edm_epsilon" else -rest


def _vectors(x: Tensor) -> Tensor:
    """Return the squares of 2 x 2 as vectors."""
    columns = torch.nn.functional.unfold(x, 2, stride=2)  # (B, 4 C, N), channel first
    return columns.transpose(1, 2)


def exact_prior(kind: Kind, dtype: torch.dtype = torch.float32) -> LatentPipelinePrior:
    """Return the prior of an exact network in a precision."""
    reads = kind.network != "UNet2DModel"
    said = Told(Conditioning(torch.zeros(1, 1, 1), torch.zeros(1, 1)), {"prompt": ""})
    network = type(kind.network, (Exact,), {})(kind.scheduler).to(dtype)
    parts = LatentParts(
        prior_id="diffusers:exact",
        vae=GainVae(),  # type: ignore[arg-type]
        network=adapt("exact", network, 1),
        levels=noise_levels("exact", kind.scheduler),
        prediction=prediction("exact", kind.scheduler),
        manifest={"weights": "none"},
        read=(lambda _: said) if reads else None,
    )
    return LatentPipelinePrior(parts, HOST)
