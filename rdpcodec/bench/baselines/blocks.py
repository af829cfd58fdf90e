"""An orthonormal transform of pictures: colour axes, then 8 x 8 blocks of the DCT.

Orthonormal, so white noise stays white. The picture is padded to whole blocks by repetition.
"""

import numpy as np
from numpy.typing import NDArray

from rdpcodec.bench.baselines.base import Floats

SIDE = 8
BANDS = SIDE * SIDE
COEFFICIENT_MAX = SIDE * 3**0.5  # of a white picture, with pixels in [-1, 1]


# Brightness, red against blue, green against both: about the principal axes of photos.
COLOUR_BASIS = (np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])).astype(
    np.float32
)


def block_grid(height: int, width: int) -> tuple[int, int]:
    """Return the number of rows and columns of blocks."""
    return -(-height // SIDE), -(-width // SIDE)


def to_bands(planes: Floats) -> Floats:
    """Return the coefficients, (3, 8, 8, rows, columns) float32, of a picture (3, H, W)."""
    _, height, width = planes.shape
    padding = ((0, 0), (0, -height % SIDE), (0, -width % SIDE))
    padded = np.pad(planes, padding, mode="edge")
    rows, columns = block_grid(height, width)
    cut = padded.reshape(3, rows, SIDE, columns, SIDE)
    basis = _dct()
    bands = np.einsum("dc,ui,vj,crisj->duvrs", COLOUR_BASIS, basis, basis, cut, optimize=True)
    return np.asarray(bands, dtype=np.float32)


def from_bands(bands: Floats, height: int, width: int) -> Floats:
    """Return the picture, (3, H, W) float32, of its coefficients."""
    basis = _dct()
    cut = np.einsum("dc,ui,vj,duvrs->crisj", COLOUR_BASIS, basis, basis, bands, optimize=True)
    rows, columns = bands.shape[-2:]
    return np.ascontiguousarray(cut.reshape(3, rows * SIDE, columns * SIDE)[:, :height, :width])


def coding_order() -> list[tuple[int, int, int]]:
    """Return (colour axis, u, v) of all bands, low frequencies first."""
    bands = [(c, u, v) for c in range(3) for u in range(SIDE) for v in range(SIDE)]
    return sorted(bands, key=lambda band: (band[1] + band[2], band[0], band[1]))


def _dct() -> NDArray[np.float32]:
    u, i = np.arange(SIDE)[:, None], np.arange(SIDE)[None, :]
    basis = np.cos(np.pi * (2 * i + 1) * u / (2 * SIDE)) * np.sqrt(2 / SIDE)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, dtype=np.float32)
