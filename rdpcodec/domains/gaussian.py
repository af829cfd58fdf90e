"""The law of pictures without a network: a stationary Gaussian, whose denoiser is a closed form.

In a decorrelated colour basis every orthonormal DCT-II coefficient is an independent normal of
mean 0 and variance S(f), a power law in the radial frequency f. The denoiser is the Wiener filter
S / (S + sigma^2). It is exact and fast; `gaussian-1` is nothing else, and it answers for other
priors above their noise range (spec 10.3).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array, copy, device_of, place
from rdpcodec.transforms.cosine import from_coefficients, to_coefficients

# Rows: grey, red against blue, green against both; orthonormal.
COLOUR_BASIS = (np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])).astype(
    np.float32
)
# Fitted on photos by likelihood at sigma = 0.588.
AMPLITUDE = (1.76e-3, 8.6e-5, 2.17e-5)
EXPONENT = (2.43, 2.56, 2.47)
CORNER = 1e-3


def denoise(y: Array, sigma: float) -> Array:
    """Return the Wiener estimate of x_0.

    Args:
        y: (B, 3, H, W) float32, RGB in [-1, 1] plus noise.
        sigma: Standard deviation of the noise.

    Returns:
        (B, 3, H, W) float32, on the device of `y`.
    """
    coefficients = to_coefficients(copy(y), COLOUR_BASIS)
    variance = _spectrum_on(device_of(y), y.shape[-2], y.shape[-1])
    for axis, power in enumerate(variance):
        coefficients[:, axis] *= power / (power + sigma * sigma)
    return from_coefficients(coefficients, COLOUR_BASIS)


def spectrum(height: int, width: int) -> NDArray[np.float32]:
    """Return S, the variance of every DCT coefficient of a picture.

    Args:
        height: H in pixels.
        width: W in pixels.

    Returns:
        (3, H, W) float32, colour axes first.

    Source:
        spec 10.3: S_c(f) = A_c (f^2 + corner^2)^(-gamma_c / 2), f in cycles per pixel.
    """
    rows = np.arange(height, dtype=np.float64)[:, None] / (2 * height)
    columns = np.arange(width, dtype=np.float64)[None, :] / (2 * width)
    squared = rows**2 + columns**2 + CORNER**2
    axes = [a * squared ** (-g / 2) for a, g in zip(AMPLITUDE, EXPONENT, strict=True)]
    return np.stack(axes).astype(np.float32)


@lru_cache(maxsize=1)  # as large as the picture
def _spectrum_on(device: str | None, height: int, width: int) -> Array:
    return place(spectrum(height, width), device)
