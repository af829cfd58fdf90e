"""`gaussian-1`: a stationary Gaussian picture, whose denoiser is a closed form (spec 10.3).

In a decorrelated colour basis every orthonormal DCT-II coefficient is an independent normal of
mean 0 and variance S(f), a power law in the radial frequency f. The denoiser is the Wiener filter
S / (S + sigma^2). There are no weights, so it is exact, fast and the conformance model.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec.priors.base import Prior, PriorCard
from rdpcodec.priors.spectrum import from_coefficients, to_coefficients

# Fitted on photos by likelihood at sigma = 0.588 (spec 10.3).
AMPLITUDE = (1.76e-3, 8.6e-5, 2.17e-5)
EXPONENT = (2.43, 2.56, 2.47)
CORNER = 1e-3


class GaussianPrior(Prior):
    """The closed-form prior; also answers for other priors above their noise range."""

    def __init__(self) -> None:
        self.manifest = {
            "id": "gaussian-1",
            "parameterisation": "closed form",
            "amplitude": list(AMPLITUDE),
            "exponent": list(EXPONENT),
            "corner": CORNER,
            "basis": "(1,1,1)/sqrt3 (1,0,-1)/sqrt2 (1,-2,1)/sqrt6, DCT-II orthonormal",
        }
        self.card = PriorCard(
            summary="stationary Gaussian, power-law spectrum, decorrelated colour; closed form",
            licence="Apache-2.0 (part of rdpcodec)",
            training_data="seven numbers fitted on 148 photos",
            quality="Kodak, noise 5/15/25/50/75 of 255: 37.79/31.15/28.58/25.77/24.46 dB",
            parameters=7,
        )

    def denoise(self, y: Tensor, sigma: float) -> Tensor:
        """Return the Wiener estimate; see `Prior.denoise`."""
        coefficients = to_coefficients(y)
        variance = spectrum(y.shape[-2], y.shape[-1])
        gain = variance + np.float32(sigma * sigma)
        np.divide(variance, gain, out=gain)
        coefficients *= gain
        return from_coefficients(coefficients).to(y.device)


@lru_cache(maxsize=1)  # as large as the picture
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
