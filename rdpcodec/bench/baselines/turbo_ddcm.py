"""Turbo-DDCM: at each step the noise is the normalised sum of many signed atoms.

The atoms of a block are the rows of a Walsh-Hadamard matrix, under the signs of `fold`.
"""

import bisect
import math
import struct
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import constriction
import numpy as np
from numpy.typing import NDArray

from rdpcodec import schedule
from rdpcodec.arrays import Array, energy, host
from rdpcodec.bench.baselines.base import (
    BaselineCodec,
    Floats,
    RangeDecoder,
    RangeEncoder,
    Shape,
    coded_bytes,
    new_range_decoder,
    new_range_encoder,
)
from rdpcodec.bench.baselines.fold import Cut, fold, unfold
from rdpcodec.chain import Chain, kl_bits
from rdpcodec.channel.codebook import walsh_hadamard
from rdpcodec.decoder.reconstruction import Noisy
from rdpcodec.encoder import levels
from rdpcodec.priors.base import Prior

_FIELDS = struct.Struct(">HHB")
_MODEL = constriction.stream.model
LAYERS_MAX = 255
ATOMS_LOG2_MAX = 14
BLOCK_BITS = 32  # a block is worth having if a step spends so many on it
BLOCKS_LOG2 = 16
BLOCKS_MAX = 2**15
BITS_PER_BIT = 1.4  # about what a bit of divergence costs
# Numbers of atoms that a byte can name: every one up to 18, then 12 to the octave.
COUNTS = sorted({round(2 ** (i / 12)) for i in range(300)})[:256]


class TurboDdcmCodec(BaselineCodec):
    """Turbo-DDCM: M of K atoms a step, those of largest inner product, with their signs.

    M is chosen at every step so that the sum's projection on the residual is what the transition
    asks for, and at the last one so that the file is full. The levels are those of the format's
    encoder. K is 2^14 as published (less for pictures of fewer coordinates); the atoms are signed
    rows of a Walsh-Hadamard matrix. Where a step has bits enough, each of several blocks of the
    picture has its own K atoms; `blocks_max=1` is the published rule, which pays more at high
    rates. The coarsest file has one step of one atom; the finest ends at the lowest level.

    Source:
        Vaisman et al. 2025, "Turbo-DDCM" (AmitVaisman/Turbo-DDCM).
    """

    name = "turbo-ddcm"
    kind = 2

    def __init__(self, prior: Prior, *, blocks_max: int = BLOCKS_MAX) -> None:
        super().__init__(prior)
        self._blocks_max = min(blocks_max, BLOCKS_MAX)

    def _body(self, x_0: Array, room_bytes: int) -> bytes:
        chain = Chain(self._estimator(*x_0.shape[-2:]))
        sender = _Sender(x_0, chain, room_bytes - _FIELDS.size, self._blocks_max)
        while sender.send():
            pass
        path = sender.path
        return _FIELDS.pack(path[0], path[-1], len(path)) + coded_bytes(sender.coder)

    def _state(self, body: bytes, shape: Shape) -> Noisy:
        path = _parse_path(body)
        chain = Chain(self._estimator(*shape[1:]))
        coder = new_range_decoder(body[_FIELDS.size :])
        for layer, t in enumerate(path):
            chain.advance(t, decode_layer(coder, layer, math.prod(shape)).total())
        return Noisy(chain.y, chain.sigma)


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

    def noise(self, like: Array) -> Array:
        """Return that sum in the shape of a state."""
        return self.total().reshape(host(like).shape)


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


@dataclass
class _Sender:
    """A picture on its way into a file: how many atoms each step has, and where it is full.

    Attributes:
        x_0: (1, 3, H, W) float32.
        chain: The state that the decoder will have too.
        room_bytes: How many bytes the layers may take.
        blocks_max: Upper bound on the blocks of a step.
        coder: What has been coded.
        path: The levels of the layers so far.
    """

    x_0: Array
    chain: Chain
    room_bytes: int
    blocks_max: int
    coder: RangeEncoder = field(default_factory=new_range_encoder)
    path: list[int] = field(default_factory=list)

    def send(self) -> bool:
        """Code one layer; return whether there may be another."""
        if self.chain.t == 0 or len(self.path) == LAYERS_MAX:
            return False
        residual = self.x_0 - self.chain.x0_hat()
        error = max(energy(residual), levels.ENERGY_MIN)
        t = levels.next_t(len(self.path), self.chain.t, error, 0)
        wanted = error * self.chain.step_to(t).precision
        scores = self._score(residual, BITS_PER_BIT * kl_bits(wanted, math.prod(self.x_0.shape)))
        count = scores.count_for(wanted**0.5)
        if self._size(scores, count) <= self.room_bytes:
            self._commit(t, scores, count)
            return True
        self._send_last(residual, error)
        return False

    def _send_last(self, residual: Array, error: float) -> None:
        """Code as many atoms as fit, and end at the level that they reach."""
        left = 8 * (self.room_bytes - len(coded_bytes(self.coder)))
        scores = self._score(residual, left)
        counts = scores.counts
        fitting = bisect.bisect_right(
            counts, self.room_bytes, key=lambda count: self._size(scores, count)
        )
        if fitting == 0 and self.path:
            return
        count = counts[max(0, fitting - 1)]
        t = levels.t_of_precision(self.chain.t, scores.gains[count] ** 2 / error)
        if self.chain.t is None or t < self.chain.t:
            self._commit(t, scores, count)

    def _score(self, residual: Array, bits: float) -> Scores:
        length = max(math.sqrt(energy(residual)), levels.ENERGY_MIN)
        unit = host(residual / length).reshape(-1)
        return score(unit, len(self.path), bits, self.blocks_max)

    def _size(self, scores: Scores, count: int) -> int:
        """Return the bytes of all layers if the next one has `COUNTS[count]` atoms."""
        trial = self.coder.clone()
        encode_layer(trial, scores.choose(count))
        return len(coded_bytes(trial))

    def _commit(self, t: int, scores: Scores, count: int) -> None:
        code = scores.choose(count)
        encode_layer(self.coder, code)
        self.chain.advance(t, code.total())
        self.path.append(t)


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


def encode_layer(coder: RangeEncoder, code: LayerCode) -> None:
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


def decode_layer(coder: RangeDecoder, layer: int, dim: int) -> LayerCode:
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


def _parse_path(body: bytes) -> list[int]:
    """Return the levels: the first and the last are in the file, the rest as the table predicts."""
    if len(body) < _FIELDS.size:
        raise ValueError("the file ends before its levels")
    first, last, layers = _FIELDS.unpack_from(body)
    path = [first]
    while len(path) < min(layers, LAYERS_MAX):
        path.append(levels.next_t(len(path), path[-1], 0.0, 0))
    path[-1] = last
    falling = all(above > below for above, below in pairwise(path))
    if layers == 0 or first > schedule.T_MAX or not falling:
        raise ValueError(f"{layers} layers from t {first} to {last} are out of range")
    return path
