"""Pictures as coefficients of decorrelated colour and frequency, and radial bands of frequency.

In this basis the error of a denoiser, like a photo itself, is nearly uncorrelated: its variance is
a function of the colour axis and of the radial frequency (spec 10.3 and 11.5).
"""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dctn, idctn
from torch import Tensor

# Rows: grey, red against blue, green against both; orthonormal.
COLOUR_BASIS = (np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])).astype(
    np.float32
)
BANDS = 14


def to_coefficients(y: Tensor) -> NDArray[np.float32]:
    """Return the DCT of the picture in the colour basis, (B, 1 or 3, H, W) float32."""
    mixed = _mix(COLOUR_BASIS, y.cpu().numpy())
    return np.asarray(dctn(mixed, axes=(2, 3), norm="ortho", workers=2, overwrite_x=True))


def from_coefficients(coefficients: NDArray[np.float32]) -> Tensor:
    """Return the picture, (B, 1 or 3, H, W) float32, of its coefficients, which are used up."""
    mixed = idctn(coefficients, axes=(2, 3), norm="ortho", workers=2, overwrite_x=True)
    return torch.from_numpy(_mix(COLOUR_BASIS.T, mixed))


def _mix(matrix: NDArray[np.float32], planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return matrix @ planes over the colour axis; written out, since BLAS is slow at 3 x 3."""
    if planes.shape[1] == 1:  # grey has one axis
        return planes.copy()
    a, b, c = planes[:, 0], planes[:, 1], planes[:, 2]
    mixed = np.empty_like(planes)
    for axis, row in enumerate(matrix):
        mixed[:, axis] = row[0] * a + row[1] * b + row[2] * c
    return mixed


@lru_cache(maxsize=1)
def bands(height: int, width: int) -> NDArray[np.uint8]:
    """Return the band of every coefficient, (H, W), two an octave of radial frequency.

    With r^2 = (i / H)^2 + (j / W)^2 a coefficient is in band floor(log2 r^2) + 13, at least 0.
    """
    rows = (np.arange(height, dtype=np.float64) / height)[:, None] ** 2
    columns = (np.arange(width, dtype=np.float64) / width)[None, :] ** 2
    exponent = np.frexp(rows + columns)[1] - 1
    exponent[0, 0] = -BANDS
    return np.clip(exponent + BANDS - 1, 0, BANDS - 1).astype(np.uint8)


@lru_cache(maxsize=1)
def band_sizes(height: int, width: int) -> NDArray[np.float64]:
    """Return the number of coefficients in every band, (BANDS,)."""
    return np.bincount(bands(height, width).reshape(-1), minlength=BANDS).astype(np.float64)


def band_energy(coefficients: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the energy in every band, (C, BANDS), of coefficients (1, C, H, W)."""
    band = bands(*coefficients.shape[2:]).reshape(-1)
    planes = coefficients[0].reshape(coefficients.shape[1], -1)
    return np.stack([np.bincount(band, np.square(p), BANDS) for p in planes])
