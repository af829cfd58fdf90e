"""Many signed atoms to a block: how many, which, their sum and their code.

The atoms of a block are the rows of a Walsh-Hadamard matrix, under the signs of `fold`.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import constriction
import numpy as np
from numpy.typing import NDArray

from rdpcodec.bench.baselines import ranges
from rdpcodec.bench.baselines.base import Floats
from rdpcodec.bench.baselines.fold import Cut, fold, unfold
from rdpcodec.channel.codebook import walsh_hadamard

ATOMS_LOG2_MAX = 14
BLOCK_BITS = 32  # a block is worth having if a step spends so many on it
BLOCKS_LOG2 = 16
# Numbers of atoms that a byte can name: every one up to 18, then 12 to the octave.
COUNTS = sorted({round(2 ** (i / 12)) for i in range(300)})[:256]

_MODEL = constriction.stream.model


@dataclass(frozen=True)
class LayerCode:
    """What one step sends.

    Attributes:
        cut: Its blocks.
        count: The number of its atoms, as an index into `COUNTS`.
        chosen: (blocks, width) float32, 1 or -1 at the atoms, else 0.
    """

    cut: Cut
    count: int
    chosen: Floats

    def total(self) -> Floats:
        """Return the sum of the atoms, every block of unit variance, (dim,) float32."""
        rows = np.stack([walsh_hadamard(row) for row in self.chosen])
        scale = 1.0 / np.sqrt(share(COUNTS[self.count], self.cut.blocks))
        return unfold(rows * scale[:, None].astype(np.float32), self.cut)


@dataclass(frozen=True)
class Scores:
    """The inner products of a vector of length 1 with all atoms, (blocks, width)."""

    cut: Cut
    values: Floats

    @cached_property
    def gains(self) -> NDArray[np.float64]:
        """The vector's inner product with the best sum of every number of atoms in `COUNTS`.

        -infinity where a block would have none, or more than half, of its atoms.
        """
        blocks, width = self.values.shape
        sums = np.cumsum(-np.sort(-np.abs(self.values), axis=1), axis=1, dtype=np.float64)
        sums /= np.sqrt(np.arange(1, width + 1))
        out = np.full(len(COUNTS), -math.inf)
        for i, atoms in enumerate(COUNTS):
            if blocks <= atoms <= max(blocks, blocks * width // 2):
                out[i] = sums[np.arange(blocks), share(atoms, blocks) - 1].sum()
        return out

    @cached_property
    def counts(self) -> list[int]:
        """The indices into `COUNTS` that can be sent."""
        return np.flatnonzero(np.isfinite(self.gains)).tolist()

    def count_for(self, length: float) -> int:
        """Return the first index whose gain is `length`, else that of the largest gain."""
        enough = self.gains >= length
        return int(enough.argmax() if enough.any() else self.gains.argmax())

    def choose(self, count: int) -> LayerCode:
        """Return the atoms of largest magnitude in every block, with the signs of their scores."""
        order = np.argsort(-np.abs(self.values), axis=1, kind="stable")
        chosen = np.zeros_like(self.values)
        for block, atoms in enumerate(share(COUNTS[count], self.cut.blocks)):
            at = order[block, :atoms]
            chosen[block, at] = np.where(self.values[block, at] < 0, -1, 1)
        return LayerCode(self.cut, count, chosen)


def score(unit: Floats, layer: int, bits: float, blocks_max: int) -> Scores:
    """Return the scores of a step.

    Args:
        unit: (dim,) float32 of length 1.
        layer: Index of the step.
        bits: What the step will cost, about.
        blocks_max: Upper bound on its blocks, at least 1.

    Returns:
        The scores under as many blocks, a power of two, as there are bits and coordinates for.
    """
    width = _width(unit.size)
    most = max(1, min(blocks_max, unit.size // width, int(bits / BLOCK_BITS)))
    cut = Cut(layer=layer, dim=unit.size, blocks=1 << most.bit_length() - 1, width=width)
    return Scores(cut, np.stack([walsh_hadamard(row) for row in fold(unit, cut)]))


def share(atoms: int, blocks: int) -> NDArray[np.int64]:
    """Return how many atoms each block has; the first ones have one more where they differ."""
    whole, more = divmod(atoms, blocks)
    return whole + (np.arange(blocks) < more)


def encode_layer(coder: ranges.Encoder, code: LayerCode) -> None:
    """Code a step: the number of blocks, that of atoms, which ones, and their signs.

    Every block is halved again and again, and the number of its atoms in the left half coded as
    binomial. For M of K atoms that costs some M^2 / (2K) nats more than log(K choose M).
    """
    coder.encode(code.cut.blocks.bit_length() - 1, _MODEL.Uniform(BLOCKS_LOG2))
    coder.encode(code.count, _MODEL.Uniform(len(COUNTS)))
    taken = code.chosen != 0
    count, size = taken.sum(axis=1), code.cut.width
    while size > 1:
        halves = taken.reshape(-1, 2, size // 2).sum(axis=2)
        some = count > 0
        coder.encode(halves[some, 0].astype(np.int32), _MODEL.Binomial(), *_fair(count[some]))
        count, size = halves.reshape(-1), size // 2
    coder.encode((code.chosen[taken] < 0).astype(np.int32), _MODEL.Uniform(2))


def decode_layer(coder: ranges.Decoder, layer: int, dim: int) -> LayerCode:
    """Return the step that `encode_layer` coded.

    Raises:
        ValueError: If there are more blocks than coordinates, fewer atoms than blocks, or an atom
            twice.
    """
    blocks = 1 << int(coder.decode(_MODEL.Uniform(BLOCKS_LOG2)))
    index = int(coder.decode(_MODEL.Uniform(len(COUNTS))))
    atoms, width = COUNTS[index], _width(dim)
    if blocks > max(1, dim // width) or not blocks <= atoms <= blocks * width:
        raise ValueError(f"{atoms} atoms in {blocks} blocks of layer {layer} are out of range")
    count, size = share(atoms, blocks), width
    while size > 1:
        left, some = np.zeros_like(count), count > 0
        left[some] = coder.decode(_MODEL.Binomial(), *_fair(count[some]))
        count, size = np.stack([left, count - left], axis=1).reshape(-1), size // 2
    if count.max() > 1:
        raise ValueError(f"an atom of layer {layer} is chosen more than once")
    chosen = count.astype(np.float32)
    chosen[count > 0] -= 2 * coder.decode(_MODEL.Uniform(2), atoms).astype(np.float32)
    return LayerCode(Cut(layer, dim, blocks, width), index, chosen.reshape(blocks, width))


def _width(dim: int) -> int:
    """Return K, the atoms of a block: 2^14, or the largest power of two under `dim`."""
    return 1 << min(ATOMS_LOG2_MAX, dim.bit_length() - 1)


def _fair(count: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    return count.astype(np.int32), np.full(count.size, 0.5)
