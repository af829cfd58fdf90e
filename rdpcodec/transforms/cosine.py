"""Axes and frequencies: the orthonormal DCT-II of decorrelated channels (spec 10.3 and 11.5).

In this basis the error of a denoiser, like a photo itself, is nearly uncorrelated.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdpcodec import room, threads
from rdpcodec.arrays import Array, is_tensor

room.require(136)  # OpenBLAS, which scipy loads, tries again for ever where that is not left
from scipy.fft import dctn, idctn  # noqa: E402 - after the check

Basis = NDArray[np.float32]

_SETTINGS: Any = {"axes": (-2, -1), "norm": "ortho", "overwrite_x": True}
ROWS = 64  # mixed at a time, so that they stay in a cache


def to_coefficients(y: Array, basis: Basis) -> Array:
    """Return the orthonormal DCT-II of the axes of a state, in the memory of the state.

    Args:
        y: (B, C, H, W) float32; used up.
        basis: (C, C) float32, a row for each axis.

    Returns:
        (B, C, H, W) float32.
    """
    return dct(mix(basis, y))


def from_coefficients(coefficients: Array, basis: Basis) -> Array:
    """Return the state of its coefficients, which are used up; see `to_coefficients`."""
    return mix(basis.T, inverse_dct(coefficients))


def mix(matrix: Basis, planes: Array) -> Array:
    """Return matrix @ planes over the channels of (B, C, H, W), in the memory of the planes."""
    if np.array_equal(matrix, np.eye(len(matrix))):
        return planes
    for part in _row_bands(planes):
        channels = [part[:, i] * 1.0 for i in range(len(matrix))]
        for axis, row in enumerate(matrix.tolist()):
            mixed = part[:, axis]
            mixed[...] = channels[0]
            mixed *= row[0]
            for share, channel in zip(row[1:], channels[1:], strict=True):
                mixed += share * channel
    return planes


def dct(x: Array) -> Array:
    """Return the orthonormal DCT-II over the last two axes, in the memory of x if it can."""
    if is_tensor(x):
        from rdpcodec.transforms import cosine_torch  # noqa: PLC0415 - torch is optional

        return cosine_torch.dct(x)
    return np.asarray(dctn(x, **_SETTINGS, workers=threads.count()), dtype=x.dtype)


def inverse_dct(x: Array) -> Array:
    """Return what `dct` was made of, in the memory of x if it can."""
    if is_tensor(x):
        from rdpcodec.transforms import cosine_torch  # noqa: PLC0415 - torch is optional

        return cosine_torch.inverse_dct(x)
    return np.asarray(idctn(x, **_SETTINGS, workers=threads.count()), dtype=x.dtype)


def _row_bands(planes: Array) -> Iterator[Array]:
    """Return views of some rows each, on the host; all at once on a device."""
    rows = planes.shape[-2] if is_tensor(planes) else ROWS
    for top in range(0, planes.shape[-2], rows):
        yield planes[..., top : top + rows, :]
