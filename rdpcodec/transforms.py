"""What pictures and states are turned into and back: axes, frequencies, bands, tiles.

In a basis of decorrelated channels and of frequency, the error of a denoiser, like a photo itself,
is nearly uncorrelated: its variance is a function of the axis and of the radial frequency
(spec 10.3 and 11.5).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dctn, idctn
from torch import Tensor
from torch.nn import functional

Floats = NDArray[np.float32]

BANDS = 14


def to_axes(basis: Floats, planes: Floats) -> Floats:
    """Return basis @ planes over the channels, (B, C, H, W); written out: BLAS is slow at 3 x 3."""
    if len(basis) == 1:
        return planes.copy()
    mixed = np.empty_like(planes)
    for axis, row in enumerate(basis):
        np.multiply(planes[:, 0], row[0], out=mixed[:, axis])
        for channel in range(1, len(row)):
            mixed[:, axis] += row[channel] * planes[:, channel]
    return mixed


def to_coefficients(y: Tensor, basis: Floats) -> Floats:
    """Return the orthonormal DCT-II of the axes of a state.

    Args:
        y: (B, C, H, W) float32.
        basis: (C, C) float32, a row for each axis.

    Returns:
        (B, C, H, W) float32.
    """
    mixed = to_axes(basis, y.cpu().numpy())
    return np.asarray(dctn(mixed, axes=(2, 3), norm="ortho", workers=2, overwrite_x=True))


def from_coefficients(coefficients: Floats, basis: Floats) -> Tensor:
    """Return the state of its coefficients, which are used up; see `to_coefficients`."""
    mixed = idctn(coefficients, axes=(2, 3), norm="ortho", workers=2, overwrite_x=True)
    return torch.from_numpy(to_axes(basis.T, mixed))


@lru_cache(maxsize=1)
def bands(height: int, width: int) -> NDArray[np.uint8]:
    """Return the band of every coefficient, (H, W), two an octave of radial frequency.

    Coefficient (i, j) is in band b, the largest of 0 .. 13 with 2^(13 - b) n >= d or 0, where
    n = (i W)^2 + (j H)^2 and d = (H W)^2: floor(log2 r^2) + 13 in integers (spec 11.5).
    """
    whole = (height * width) ** 2
    edges = np.array([-(-whole >> (BANDS - 1 - b)) for b in range(1, BANDS)], dtype=np.int64)
    columns = (np.arange(width, dtype=np.int64) * height) ** 2
    found = np.empty((height, width), dtype=np.uint8)
    for i in range(height):
        found[i] = np.searchsorted(edges, columns + (i * width) ** 2, side="right")
    return found


@lru_cache(maxsize=1)
def band_sizes(height: int, width: int) -> NDArray[np.float64]:
    """Return the number of coefficients in every band, (BANDS,)."""
    return np.bincount(bands(height, width).reshape(-1), minlength=BANDS).astype(np.float64)


def band_energy(coefficients: Floats) -> NDArray[np.float64]:
    """Return the energy in every band, (C, BANDS), of coefficients (1, C, H, W)."""
    band = bands(*coefficients.shape[2:]).reshape(-1)
    planes = coefficients[0].reshape(coefficients.shape[1], -1)
    return np.stack([np.bincount(band, np.square(p), BANDS) for p in planes])


def scale_bands(coefficients: Floats, gain: NDArray[np.float64]) -> Floats:
    """Multiply the coefficients (1, C, H, W), in place, by a gain for each axis and band."""
    band = bands(*coefficients.shape[2:])
    for axis, row in enumerate(gain.astype(np.float32)):
        coefficients[0, axis] *= row[band]
    return coefficients


def pad_to_multiple(x: Tensor, multiple: int, least: int = 0) -> Tensor:
    """Repeat the last row and column until both sides are multiples, and at least `least`."""
    height, width = (max(least, -(-n // multiple) * multiple) for n in x.shape[-2:])
    edges = (0, width - x.shape[-1], 0, height - x.shape[-2])
    return functional.pad(x, edges, mode="replicate") if any(edges) else x


@dataclass(frozen=True)
class Tiling:
    """How a picture is cut; part of a prior's manifest, since both sides must cut alike.

    Attributes:
        size: Side of a tile, in pixels.
        overlap: How much further than its tile the network sees on each side.
    """

    size: int
    overlap: int


def in_tiles(network: Callable[[Tensor], Tensor], y: Tensor, tiling: Tiling) -> Tensor:
    """Return the network's output for a picture, evaluated tile by tile.

    Args:
        network: Maps (B, C, h, w) to the same shape.
        y: (B, C, H, W). The tile's sides and its overlap are multiples of what the network needs
            H and W to be.
        tiling: How to cut.

    Returns:
        (B, C, H, W). Each pixel comes from the one tile that holds it; tiles begin at multiples
        of the tile's size.
    """
    height, width = y.shape[-2:]
    if max(height, width) <= tiling.size:
        return network(y)
    whole = torch.empty_like(y)
    for rows, seen_rows in _cuts(height, tiling):
        for columns, seen_columns in _cuts(width, tiling):
            seen = network(y[..., seen_rows, seen_columns])
            top, left = rows.start - seen_rows.start, columns.start - seen_columns.start
            inner = seen[..., top : top + _length(rows), left : left + _length(columns)]
            whole[..., rows, columns] = inner
    return whole


def _cuts(length: int, tiling: Tiling) -> Iterator[tuple[slice, slice]]:
    """Return, along one side, the tiles and what the network sees for each."""
    for start in range(0, length, tiling.size):
        end = min(length, start + tiling.size)
        seen = slice(max(0, start - tiling.overlap), min(length, end + tiling.overlap))
        yield slice(start, end), seen


def _length(part: slice) -> int:
    return part.stop - part.start
