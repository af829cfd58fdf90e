"""Bands of radial frequency, two an octave: the grain at which errors are known (spec 11.5)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array, device_of, is_tensor, place

BANDS = 14


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


def band_energy(coefficients: Array) -> NDArray[np.float64]:
    """Return the energy in every band, (C, BANDS), of coefficients (1, C, H, W)."""
    return band_products(coefficients, coefficients)


def band_products(left: Array, right: Array) -> NDArray[np.float64]:
    """Return the sums of products in every band, (C, BANDS), of coefficients (1, C, H, W)."""
    if is_tensor(left):
        from rdpcodec.arrays import tensors  # noqa: PLC0415 - torch is optional

        band = _bands_on(device_of(left), *left.shape[2:])
        return tensors.sums_by_group(left[0] * right[0], band, BANDS)
    band = bands(*left.shape[2:])
    sums = np.zeros((left.shape[1], BANDS))
    for axis, planes in enumerate(zip(left[0], right[0], strict=True)):
        for one, other, groups in zip(*planes, band, strict=True):
            sums[axis] += np.bincount(groups, one * other, BANDS)
    return sums


def scale_bands(coefficients: Array, gain: NDArray[np.float64]) -> Array:
    """Multiply the coefficients (1, C, H, W), in place, by a gain for each axis and band."""
    device = device_of(coefficients)
    band = _bands_on(device, *coefficients.shape[2:])
    gains = place(gain.astype(np.float32), device)
    for axis, row in enumerate(gains):
        coefficients[0, axis] *= row[band]
    return coefficients


@lru_cache(maxsize=1)
def _bands_on(device: str | None, height: int, width: int) -> Array:
    """Return the bands as indices on a device."""
    band = bands(height, width)
    return band if device is None else place(band.astype(np.int64), device)
