"""The order in which a grid of blocks is coded: coarse lattices first, then what lies between.

Every block of a later pass has neighbours on both sides that are already known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
_DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_STRAIGHT = ((-1, 0), (1, 0), (0, -1), (0, 1))
FIRST_STRIDE = 8


@dataclass(frozen=True)
class Pass:
    """Blocks that are coded together.

    Attributes:
        blocks: (n,) positions in the grid, row by row.
        neighbours: (n, 4) positions of known blocks beside them; the last of the grid plus one
            where there is none.
    """

    blocks: Indices
    neighbours: Indices


def passes(rows: int, columns: int) -> list[Pass]:
    """Return the passes over a grid; together they have every block once."""
    stride = FIRST_STRIDE
    y, x = np.mgrid[0:rows, 0:columns]
    out = [_pass((y % stride == 0) & (x % stride == 0), stride, ())]
    while stride > 1:
        half = stride // 2
        odd_y, odd_x = y % stride == half, x % stride == half
        even_y, even_x = y % stride == 0, x % stride == 0
        out.append(_pass(odd_y & odd_x, half, _DIAGONAL))
        out.append(_pass((odd_y & even_x) | (even_y & odd_x), half, _STRAIGHT))
        stride = half
    return [found for found in out if found.blocks.size]


def _pass(mask: NDArray[np.bool_], reach: int, offsets: tuple[tuple[int, int], ...]) -> Pass:
    rows, columns = mask.shape
    y, x = np.nonzero(mask)
    neighbours = np.full((y.size, len(_STRAIGHT)), rows * columns, dtype=np.int64)
    for i, (down, right) in enumerate(offsets):
        at_y, at_x = y + reach * down, x + reach * right
        inside = (at_y >= 0) & (at_y < rows) & (at_x >= 0) & (at_x < columns)
        neighbours[inside, i] = (at_y * columns + at_x)[inside]
    return Pass((y * columns + x).astype(np.int64), neighbours)
