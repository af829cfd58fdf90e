"""Pixels as states: RGB, and grey as RGB without colour (spec 10.2)."""

import math
from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from rdpcodec import layers
from rdpcodec.arrays import Array, empty, host
from rdpcodec.domains import gaussian
from rdpcodec.domains.base import Denoise, Domain, StateShape
from rdpcodec.transforms import symmetries


class PixelDomain(Domain):
    """Pixels in [-1, 1]; the closed form is that of `gaussian-1`."""

    channels: int
    symmetries = symmetries.COUNT
    rdo = 0.5

    def __init__(self, height: int, width: int) -> None:
        self.state = layers.StateShape(self.channels)
        self.shape: StateShape = self.state.of(width, height)

    def to_state(self, pixels: NDArray[np.uint8 | np.uint16]) -> NDArray[np.float32]:
        """Return value / 127.5 - 1 of 8 bits, value / 32767.5 - 1 of 16; see `Domain.to_state`."""
        planes = pixels.reshape(self.shape[1], self.shape[2], self.channels).transpose(2, 0, 1)
        state = np.ascontiguousarray(planes[None], dtype=np.float32)
        state /= np.float32(np.iinfo(pixels.dtype).max / 2)
        state -= np.float32(1)
        return state

    def to_pixels(self, x_0: Array) -> NDArray[np.float32]:
        """Return the state with its channels last; see `Domain.to_pixels`."""
        planes = host(x_0)[0].transpose(1, 2, 0)
        return planes[:, :, 0] if self.channels == 1 else planes

    def closed_form(self, y: Array, sigma: float) -> Array:
        """Return the Wiener estimate; see `Domain.closed_form`."""
        return self.evaluate(gaussian.denoise, y, sigma)

    @abstractmethod
    def evaluate(self, denoise: Denoise, y: Array, sigma: float) -> Array:
        """Return a prior's estimate; see `Domain.evaluate`."""


class RgbPixels(PixelDomain):
    """Three channels, as the priors know them."""

    channels = 3
    basis = gaussian.COLOUR_BASIS

    def evaluate(self, denoise: Denoise, y: Array, sigma: float) -> Array:
        """Return the prior's estimate; see `Domain.evaluate`."""
        return denoise(y, sigma)

    def error_variance(self, spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the prior's own; see `Domain.error_variance`."""
        return spectrum


class GreyPixels(PixelDomain):
    """One channel: an RGB picture without colour.

    Its noise n, seen by all three channels, has the size sqrt(3) sigma along the grey axis and
    none elsewhere; so a prior is evaluated at sqrt(3) sigma and the mean of its channels taken,
    which is exact for decorrelated colour (decision 0005).
    """

    channels = 1
    basis = np.ones((1, 1), dtype=np.float32)
    noise_scale = math.sqrt(3)

    def evaluate(self, denoise: Denoise, y: Array, sigma: float) -> Array:
        """Return the mean of the prior's channels; see `Domain.evaluate`."""
        height, width = y.shape[-2:]
        rgb = empty((len(y), 3, height, width), y)
        rgb[...] = y
        return denoise(rgb, self.noise_scale * sigma).mean(1, keepdims=True)

    def error_variance(self, spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a third of the grey axis' variance; see `Domain.error_variance`."""
        return spectrum[:1] / 3.0


def pixel_domain(channels: int, height: int, width: int) -> PixelDomain:
    """Return the domain of pictures with 1 or 3 channels."""
    return (RgbPixels if channels == 3 else GreyPixels)(height, width)
