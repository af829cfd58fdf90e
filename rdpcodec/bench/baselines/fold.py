"""How a picture's coordinates are dealt out to blocks of a manageable codebook.

A codeword of a block is a row of `width` entries, repeated over the block's coordinates with fresh
random signs. So its inner product with the block is that of the row with the folded block: the
signed coordinates summed over their repetitions.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.bench.baselines.base import SEED, Floats


@dataclass(frozen=True)
class Cut:
    """One step's blocks.

    Attributes:
        layer: Index of the step; signs and order depend on it.
        dim: Number of coordinates.
        blocks: Number of blocks, of equal size but for the last ones.
        width: Entries of a row.
    """

    layer: int
    dim: int
    blocks: int
    width: int

    @property
    def size(self) -> int:
        """Coordinates of a block."""
        return -(-self.dim // self.blocks)

    @property
    def repeats(self) -> int:
        """How many times a row is repeated over its block, the last time perhaps in part."""
        return -(-self.size // self.width)


def fold(values: Floats, cut: Cut) -> Floats:
    """Return the folded blocks, (blocks, width), of (dim,) values."""
    dealt = np.zeros(cut.blocks * cut.size, dtype=np.float32)
    dealt[: cut.dim] = values[_order(cut)] * _signs(cut)
    padded = np.zeros((cut.blocks, cut.repeats * cut.width), dtype=np.float32)
    padded[:, : cut.size] = dealt.reshape(cut.blocks, cut.size)
    return np.asarray(padded.reshape(cut.blocks, cut.repeats, cut.width).sum(axis=1))


def unfold(rows: Floats, cut: Cut) -> Floats:
    """Return the (dim,) values whose blocks repeat the rows, (blocks, width)."""
    tiled = np.tile(rows, (1, cut.repeats))[:, : cut.size].reshape(-1)[: cut.dim]
    values = np.empty(cut.dim, dtype=np.float32)
    values[_order(cut)] = tiled * _signs(cut)
    return values


def _signs(cut: Cut) -> NDArray[np.int8]:
    return rng.signs(SEED, rng.Stream.SIGNS, cut.layer, cut.dim)


def _order(cut: Cut) -> NDArray[np.uint32]:
    """Return the permutation, started elsewhere in every layer."""
    start = rng.words(SEED, rng.Stream.PERMUTATION, cut.layer + 1, 1)[0] % np.uint64(cut.dim)
    return np.roll(_permutation(cut.dim), -int(start))


@lru_cache(maxsize=1)  # as large as the picture
def _permutation(dim: int) -> NDArray[np.uint32]:
    return rng.permutation(SEED, dim)
