"""Trellis-coded channel simulation, the default coder (spec 9.2).

A rate-2 trellis of 2**nu states names one of 1024 codewords for every stage. The bits of the path
whose codewords have the largest log-likelihood ratio against the proposal are the payload.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng, threads
from rdpcodec.channel import codebook
from rdpcodec.channel.base import Floats, Indices
from rdpcodec.channel.codebook import CODEWORDS
from rdpcodec.channel.dealing import Span, dealer
from rdpcodec.layers import (
    BITS_PER_STAGE,
    DEFAULT_PARAMETERS,
    ChannelStep,
    q_nearest,
    stage_size,
    trellis_bits,
)

if TYPE_CHECKING:
    from rdpcodec.channel.search import Search

LANE_STAGES = 1024
LONGEST_LANE = 3 * LANE_STAGES // 2
MAX_RUN = 256
SEARCHES_MAX = 16  # at a time; every one takes 32 MB
MEAN_SQUARE_MIN = 1e-12

# Bits of signal delivered per bit paid, by state bits (measured by tools/measure_trellis.py).
EFFICIENCY = {
    4: 0.747,
    5: 0.795,
    6: 0.822,
    7: 0.854,
    8: 0.876,
    9: 0.894,
    10: 0.908,
    11: 0.918,
    12: 0.930,
    13: 0.937,
    14: 0.943,
    15: 0.949,
    16: 0.955,
}


class TrellisCoder:
    """Channel coder 1 of the format."""

    name = "trellis"

    def __init__(self, state_bits: int = DEFAULT_PARAMETERS["trellis"]) -> None:
        self.parameter = self.state_bits = state_bits
        self._search: Search | None = None

    def choose_q(self, energy: float, dim: int) -> int:
        """Return the q whose excess variance v(n) is the mean square of mu."""
        mean_square = max(energy / dim, MEAN_SQUARE_MIN)
        return q_nearest(min(self._signal_bits() / math.log2(1 + mean_square), float(dim)))

    def energy_of(self, q: int, dim: int) -> float:
        """Return dim * v(n(q))."""
        return dim * self._excess(min(stage_size(q), dim))

    def expected_bits(self, q: int, dim: int) -> int:
        """Return the exact number of bits of a layer."""
        return trellis_bits(dim, q)

    def excess_variance(self, step: ChannelStep) -> float:
        """Return v(n): z is drawn against a proposal of variance 1 + v (spec 9.2.5)."""
        return self._excess(step.stage_size)

    def _excess(self, size: int) -> float:
        return float(2.0 ** (self._signal_bits() / size) - 1.0)

    def _signal_bits(self) -> float:
        """Return twice the bits of signal that a stage delivers."""
        return 2 * BITS_PER_STAGE * EFFICIENCY[self.state_bits]

    def encode(self, mu: Floats, step: ChannelStep) -> Indices:
        """Return the symbols, (stages,) int64 in 0..3, of the best path for `mu`."""
        from rdpcodec.channel.search import Search  # noqa: PLC0415 - decoders need no compiler

        if self._search is None:
            shifts, run = label_shifts(self.state_bits), label_run(self.state_bits)
            self._search = Search(shifts, run, LONGEST_LANE)
        lanes = list(zip(lane_bounds(step.stages), _waves(step), strict=True))
        excess, symbols = self.excess_variance(step), list[Indices]()
        together = min(threads.count(), SEARCHES_MAX)
        for first in range(0, len(lanes), together):
            group = lanes[first : first + together]
            symbols += self._search.best_paths(mu, dealer(step), group, excess, together)
        return np.concatenate(symbols)

    def decode(self, indices: Indices, step: ChannelStep) -> Floats:
        """Return z: the codewords along the path, scaled to the proposal's variance."""
        z, deal = np.empty(step.dim, dtype=np.float32), dealer(step)
        scale = np.float32(math.sqrt(1 + self.excess_variance(step)))

        def put(piece: tuple[Floats, Indices, Span]) -> None:
            wave, labels, span = piece
            deal.put(codebook.entries(wave, labels, step.stage_size), span, z)

        pieces = [
            (scale * wave, labels[a - first : b - first], (a, b))
            for wave, (first, last) in zip(_waves(step), lane_bounds(step.stages), strict=True)
            for labels in [path_labels(indices[first:last], self.state_bits)]
            for a, b in deal.pieces(first, last)
        ]
        threads.spread(put, pieces, threads.count())
        return z

    def pack(self, indices: Indices, step: ChannelStep) -> tuple[bytes, int]:  # noqa: ARG002
        """Return two bits per stage, most significant first."""
        bits = np.stack((indices >> 1, indices & 1), axis=1).astype(np.uint8)
        return np.packbits(bits.reshape(-1)).tobytes(), BITS_PER_STAGE * indices.size

    def unpack(self, payload: bytes, step: ChannelStep) -> Indices:
        """Return the symbols that `pack` wrote."""
        count = BITS_PER_STAGE * step.stages
        bits = np.unpackbits(np.frombuffer(payload, dtype=np.uint8), count=count)
        pairs = bits.reshape(-1, BITS_PER_STAGE).astype(np.int64)
        return 2 * pairs[:, 0] + pairs[:, 1]


@lru_cache(maxsize=1)  # both directions of a layer use the same
def _waves(step: ChannelStep) -> list[Floats]:
    """Return the wave of every lane."""
    return [codebook.wave(step, lane) for lane in range(len(lane_bounds(step.stages)))]


def lane_bounds(stages: int) -> list[Span]:
    """Return the (first, past-last) stage of every lane; each lane starts in state 0."""
    lanes = max(1, (stages + LANE_STAGES // 2) // LANE_STAGES)
    return [(i * stages // lanes, (i + 1) * stages // lanes) for i in range(lanes)]


def path_labels(symbols: Indices, state_bits: int) -> Indices:
    """Return the codeword label of every stage of a lane.

    The state is a shift register of the lane's last symbols: the newest enters at the top, the
    oldest leaves at the bottom; a lane starts in state 0.

    Args:
        symbols: (stages,) int64 in 0..3.
        state_bits: nu.

    Returns:
        (stages,) int64 in 0..1023.
    """
    state = np.zeros_like(symbols)
    for age in range(1, (state_bits + 3) // 2):
        shift = state_bits - 2 * age
        past = symbols[:-age] if age <= symbols.size else symbols[:0]
        state[age:] |= past << shift if shift >= 0 else past >> -shift
    oldest, middle, run = state & 3, state >> 2, label_run(state_bits)
    shifts = label_shifts(state_bits)[symbols, middle // run, oldest]
    return (shifts + middle % run) % CODEWORDS


def label_run(state_bits: int) -> int:
    """Return how many branches in a row have labels that rise by one."""
    return min(MAX_RUN, 1 << (state_bits - 2))


@lru_cache(maxsize=4)
def label_shifts(state_bits: int) -> NDArray[np.int64]:
    """Return the first label of every run of branches, (4, runs, 4) int64 (spec 9.2.3)."""
    runs = (1 << (state_bits - 2)) // label_run(state_bits)
    drawn = rng.words(0, rng.Stream.LABELS, state_bits, 16 * runs)
    return (drawn % np.uint64(CODEWORDS)).astype(np.int64).reshape(4, runs, 4)
