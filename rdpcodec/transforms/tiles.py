"""Tiles: how a network sees a picture of any size with bounded memory (spec 10.4)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rdpcodec.arrays import Array, empty


@dataclass(frozen=True)
class Tiling:
    """How a picture is cut; part of a prior's manifest, since both sides must cut alike.

    Attributes:
        size: Side of a tile, in pixels.
        overlap: How much further than its tile the network sees on each side.
    """

    size: int
    overlap: int


def in_tiles(network: Callable[[Array], Array], y: Array, tiling: Tiling) -> Array:
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
    whole = empty(y.shape, y)
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
