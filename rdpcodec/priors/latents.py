"""`latents-1`: the conformance model of latent domains, made of integers (spec 10.7).

An autoencoder of 2 x 2 pixels that keeps six of twelve numbers, and the exact denoiser of Gaussian
latents. It has all that a latent diffusion model has, but weights: padding, loss, closed form,
evaluations far apart, and a prompt that changes what it expects. No file of a user names it.
"""

import math
from importlib.metadata import version
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array, copy, device_of, empty, place
from rdpcodec.compute import HOST, Compute, neutral
from rdpcodec.domains import Domain, LatentDomain
from rdpcodec.priors.base import Prior, PriorCard, PriorIdentity, torch_engine
from rdpcodec.priors.calibration import UnitVariance
from rdpcodec.transforms.cosine import dct, inverse_dct

STRIDE, MULTIPLE = 2, 4
COLOURS, DETAILS = 3, 3
DETAIL_GAIN = 8.0
VARIANCE = (64.0, 64.0, 64.0, 32.0, 32.0, 32.0)  # of the lowest frequency of each plane
CORNER = 16.0  # frequencies, in units of half a cycle for the whole side
PROMPT_UNIT = 64  # bytes of a prompt that double every variance
SIGMA_MAX = 16.0


class BlockVae:
    """The three colours of 2 x 2 pixels, and the details that all colours share."""

    channels = COLOURS + DETAILS
    stride = STRIDE

    def __init__(self, device: str | None = None) -> None:
        self.device = device

    def encode(self, pixels: Array) -> Array:
        """Return the latents; see `domains.Vae.encode`."""
        a, b, c, d = (pixels[..., i::2, j::2] for i in (0, 1) for j in (0, 1))
        latents = empty((len(pixels), self.channels, *a.shape[2:]), pixels)
        latents[:, :COLOURS] = (a + b + c + d) / 2
        for k, detail in enumerate((a - b + c - d, a + b - c - d, a - b - c + d)):
            latents[:, COLOURS + k] = detail.sum(1) * (DETAIL_GAIN / math.sqrt(12))
        return latents

    def tiled(self) -> Self:
        """Return itself: 2 x 2 pixels know nothing of each other."""
        return self

    def decode(self, latents: Array) -> Array:
        """Return the picture; see `domains.Vae.decode`."""
        colours, details = latents[:, :COLOURS], latents[:, COLOURS:]
        across, down, both = (
            details[:, k : k + 1] / (DETAIL_GAIN * math.sqrt(3)) for k in range(DETAILS)
        )
        height, width = (STRIDE * side for side in latents.shape[2:])
        pixels = empty((len(latents), COLOURS, height, width), latents)
        pixels[..., 0::2, 0::2] = (colours + across + down + both) / 2
        pixels[..., 0::2, 1::2] = (colours - across + down - both) / 2
        pixels[..., 1::2, 0::2] = (colours + across - down - both) / 2
        pixels[..., 1::2, 1::2] = (colours - across - down + both) / 2
        return pixels


class LatentsPrior(Prior):
    """Gaussian latents whose variance falls with frequency and grows with the prompt."""

    card = PriorCard(
        summary="Gaussian latents of 2 x 2 pixels; closed form, for the conformance suite",
        licence="Apache-2.0 (part of rdpcodec)",
        training_data="none",
        quality="none: it is for tests",
        parameters=0,
    )
    engine = f"scipy {version('scipy')}"
    sigma_max = SIGMA_MAX
    refresh = UnitVariance.REFRESH
    calibration = UnitVariance(BlockVae.channels)

    def __init__(self, compute: Compute = HOST, prompt: str = "") -> None:
        self.compute = compute
        if compute.wants_torch:
            self.device, self.engine = compute.device, torch_engine()
        self._vae = BlockVae(self.device)
        self._gain = 1.0 + len(prompt.encode()) / PROMPT_UNIT
        manifest = {
            "id": "latents-1",
            "calibration": UnitVariance.NAME,
            "corner": CORNER,
            "detail_gain": DETAIL_GAIN,
            "multiple": MULTIPLE,
            "parameterisation": "closed form",
            "prompt": prompt,
            "prompt_unit": PROMPT_UNIT,
            "refresh": self.refresh,
            "sigma_max": SIGMA_MAX,
            "stride": STRIDE,
            "variance": list(VARIANCE),
        }
        self.identity = PriorIdentity("latents-1", manifest)

    def domain(self, channels: int, height: int, width: int) -> Domain:
        """Return the domain of its latents; see `Prior.domain`."""
        return LatentDomain(self._vae, channels, height, width, multiple=MULTIPLE)

    def with_prompt(self, prompt: str) -> Prior:
        """Return the model with a prompt; see `Prior.with_prompt`."""
        return LatentsPrior(self.compute, prompt)

    @neutral()
    def denoise(self, y: Array, sigma: float) -> Array:
        """Return the Wiener estimate; see `Prior.denoise`."""
        variance = place(spectrum(self._gain, *y.shape[2:]), device_of(y))
        coefficients = dct(copy(y))
        coefficients *= variance / (variance + sigma * sigma)
        return inverse_dct(coefficients)


def spectrum(gain: float, height: int, width: int) -> NDArray[np.float32]:
    """Return the variance of every DCT coefficient of the latents, (C, h, w) float32."""
    rows = (CORNER * np.arange(height)[:, None] / height) ** 2
    columns = (CORNER * np.arange(width)[None, :] / width) ** 2
    law = gain / (1.0 + rows + columns)
    return np.stack([variance * law for variance in VARIANCE]).astype(np.float32)
