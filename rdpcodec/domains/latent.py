"""Latents as states: what the autoencoder of a pipeline makes of a picture (spec 10.6).

The autoencoder is fixed and belongs to the prior. What it loses no bit brings back: a picture read
from latents is the decoder's picture of a state, and its error never falls below that of encoding
and decoding alone. The same holds for grey, which an autoencoder knows only as RGB without colour.
"""

from copy import copy
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rdpcodec import layers
from rdpcodec.arrays import Array, host, place
from rdpcodec.domains.base import Denoise, Domain, StateShape
from rdpcodec.domains.pixels import RgbPixels
from rdpcodec.transforms.sizes import pad_to_multiple


class Vae(Protocol):
    """An autoencoder, with the scale of its pipeline.

    Attributes:
        channels: Planes of its latents.
        stride: Pixels of a side for each entry of a plane.
        device: Where it takes and returns arrays; None for numpy's on the host.
    """

    channels: int
    stride: int
    device: str | None

    def encode(self, pixels: Array) -> Array:
        """Return the scaled latents of a picture.

        Args:
            pixels: (1, 3, H, W) float32 in [-1, 1]; both sides are multiples of the stride.

        Returns:
            (1, C, H / stride, W / stride) float32: the mode, never a sample.
        """

    def decode(self, latents: Array) -> Array:
        """Return the picture of scaled latents, (1, 3, H, W) float32, not clipped."""

    def tiled(self) -> Self:
        """Return the same autoencoder, decoding in tiles; see `Domain.tiled`."""


class LatentDomain(Domain):
    """Scaled latents z_0 of a picture of 1 or 3 channels; near white, with unit variance."""

    exact = False

    def __init__(
        self, vae: Vae, channels: int, height: int, width: int, *, multiple: int | None = None
    ) -> None:
        """Take the autoencoder and the picture's size.

        Args:
            vae: The autoencoder.
            channels: Of the picture, 1 or 3.
            height: Of the picture.
            width: Of the picture.
            multiple: Both sides of the picture are padded to multiples of this many pixels; it is
                a multiple of the stride. The stride itself, when None.
        """
        self._vae = vae
        self._grey = channels == 1
        self._picture = RgbPixels(height, width)
        self.state = layers.StateShape(vae.channels, vae.stride, multiple or vae.stride)
        self.shape: StateShape = self.state.of(width, height)
        self.basis = np.eye(vae.channels, dtype=np.float32)

    def to_state(self, pixels: NDArray[np.uint8 | np.uint16]) -> NDArray[np.float32]:
        """Return the latents of the picture with its edges repeated; see `Domain.to_state`."""
        rgb = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, 2) if self._grey else pixels
        planes = place(self._picture.to_state(rgb), self._vae.device)
        latents = self._vae.encode(pad_to_multiple(planes, self.state.multiple))
        return np.ascontiguousarray(host(latents), dtype=np.float32)

    def to_pixels(self, x_0: Array) -> NDArray[np.float32]:
        """Return the decoder's picture, cut to size; see `Domain.to_pixels`."""
        _, height, width = self._picture.shape
        decoded = self._vae.decode(x_0)[..., :height, :width]
        shown = self._picture.to_pixels(decoded)
        return shown.mean(2, dtype=np.float32) if self._grey else shown

    def tiled(self) -> Self:
        """Return the same states, decoded in tiles; see `Domain.tiled`."""
        tiled = copy(self)
        tiled._vae = self._vae.tiled()  # noqa: SLF001 - its own
        return tiled

    def evaluate(self, denoise: Denoise, y: Array, sigma: float) -> Array:
        """Return the prior's estimate; see `Domain.evaluate`."""
        return denoise(y, sigma)

    def closed_form(self, y: Array, sigma: float) -> Array:
        """Return the estimate of white latents of unit variance; see `Domain.closed_form`."""
        return y / (1.0 + sigma * sigma)

    def error_variance(self, spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the prior's own; see `Domain.error_variance`."""
        return spectrum
