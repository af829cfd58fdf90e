"""Sizes: pictures padded to multiples, reduced to means of squares, and enlarged again."""

import math

import numpy as np

from rdpcodec.arrays import Array, empty


def pad_to_multiple(x: Array, multiple: int, least: int = 0) -> Array:
    """Repeat the last row and column until both sides are multiples, and at least `least`.

    Args:
        x: (..., H, W).
        multiple: What both sides are made multiples of.
        least: A multiple that no side is below.

    Returns:
        (..., H', W'); x itself where nothing is missing.
    """
    height, width = (max(least, -(-n // multiple) * multiple) for n in x.shape[-2:])
    return x if (height, width) == tuple(x.shape[-2:]) else repeat_edges(x, 0, height, width)


def repeat_edges(x: Array, before: int, height: int, width: int) -> Array:
    """Return a larger picture, with the edges of x repeated.

    Args:
        x: (..., H, W).
        before: How many rows and columns lie above and left of x.
        height: Rows of the result, at least H + `before`.
        width: Columns of the result, at least W + `before`.

    Returns:
        (..., height, width).
    """
    larger = empty((*x.shape[:-2], height, width), x)
    below, right = before + x.shape[-2], before + x.shape[-1]
    larger[..., before:below, before:right] = x
    larger[..., before:below, :before] = x[..., :1]
    larger[..., before:below, right:] = x[..., -1:]
    larger[..., :before, :] = larger[..., before : before + 1, :]
    larger[..., below:, :] = larger[..., below - 1 : below, :]
    return larger


def reduce(x: Array, k: int) -> Array:
    """Return the means of k x k pixels; the last row and column are repeated as needed."""
    x = pad_to_multiple(x, k)
    rows = sum(x[..., i::k, :] for i in range(1, k)) + x[..., ::k, :]
    columns = sum(rows[..., i::k] for i in range(1, k)) + rows[..., ::k]
    return columns * (1 / (k * k))


def enlarge(x: Array, k: int) -> Array:
    """Return the picture k times as large, by cubic convolution with a = -3/4 (spec 10.4)."""
    return _enlarge_rows(_enlarge_rows(x, k).swapaxes(-1, -2), k).swapaxes(-1, -2)


def _enlarge_rows(x: Array, k: int) -> Array:
    """Return k times as many rows; beyond the first and the last are copies of them."""
    *others, rows, columns = x.shape
    padded = x[..., np.clip(np.arange(-2, rows + 2), 0, rows - 1), :]
    enlarged = empty((*others, k * rows, columns), x)
    for phase in range(k):
        place = (phase + 0.5) / k - 0.5
        nearest = math.floor(place)
        near = range(nearest - 1, nearest + 3)
        enlarged[..., phase::k, :] = sum(
            _cubic(place - j) * padded[..., j + 2 : j + 2 + rows, :] for j in near
        )
    return enlarged


def _cubic(distance: float) -> float:
    d = abs(distance)
    if d <= 1:
        return (1.25 * d - 2.25) * d * d + 1
    return ((-0.75 * d + 3.75) * d - 6) * d + 3
