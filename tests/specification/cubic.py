"""Cubic convolution with another parameter or other borders than the specification's."""

import math

import torch
from torch import Tensor


def enlarge(
    x: Tensor, *, scale_factor: int, a: float = -0.5, empty: bool = False, **_: object
) -> Tensor:
    """Return the picture `scale_factor` times as large."""
    rows = _weights(x.shape[-2], scale_factor, a, empty).to(x)
    columns = _weights(x.shape[-1], scale_factor, a, empty).to(x)
    return rows @ x @ columns.T


def _weights(length: int, k: int, a: float, empty: bool) -> Tensor:
    found = torch.zeros(length * k, length, dtype=torch.float64)
    for i in range(length * k):
        at = (i + 0.5) / k - 0.5
        for j in range(math.floor(at) - 1, math.floor(at) + 3):
            if 0 <= j < length or not empty:
                found[i, min(max(j, 0), length - 1)] += _cubic(abs(at - j), a)
    return found


def _cubic(d: float, a: float) -> float:
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0
