"""How the coordinates of a picture go to the stages of a layer and come back (spec 9.1).

Everything is done a piece of the stages at a time, so that what lies between mu, the stages and z
stays small, and pieces can be dealt by several threads at once.
"""

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.channel.base import Floats
from rdpcodec.layers import ChannelStep

Span: TypeAlias = tuple[int, int]  # the first stage and the one past the last

PIECE = 1 << 17  # coordinates
SIGN_BITS = 8


class Dealer:
    """Knows the place and the sign of every coordinate of a layer's stages.

    Attributes:
        step: The step.
    """

    def __init__(self, step: ChannelStep) -> None:
        self.step = step
        self._order, self._start = _permutation(step.seed, step.dim), _start(step)
        self._sign_bits = rng.sign_bits(step.seed, rng.Stream.SIGNS, step.layer, step.dim)

    def pieces(self, first: int, last: int) -> list[Span]:
        """Return the stages from `first` to before `last` in pieces of about PIECE coordinates."""
        size = max(1, PIECE // self.step.stage_size)
        return [(at, min(at + size, last)) for at in range(first, last, size)]

    def take(self, mu: Floats, span: Span, rows: Floats) -> None:
        """Write the stages' coordinates of mu, signed and folded to the codebook's period.

        Codewords repeat past the period with fresh signs, so the inner product of a stage with a
        codeword is that of its folded row with the codeword's first entries.

        Args:
            mu: (dim,) float32.
            span: The stages.
            rows: (stages of the span, width) float32, width = min(stage size, period);
                coordinates past dim count as zero.
        """
        first, last = self._coordinates(span)
        dealt = np.empty(rows.shape[0] * self.step.stage_size, dtype=np.float32)
        values, dealt[last - first :] = dealt[: last - first], 0
        # "clip" never clips here; with the default mode, `take` would fill a copy of `out` first.
        mu.take(self._places(first, last), out=values, mode="clip")
        values *= self._signs(first, last)
        unfolded, width = dealt.reshape(rows.shape[0], -1), rows.shape[1]
        rows[:] = unfolded[:, :width]
        for at in range(width, unfolded.shape[1], width):
            fold = unfolded[:, at : at + width]
            rows[:, : fold.shape[1]] += fold

    def put(self, rows: Floats, span: Span, z: Floats) -> None:
        """Write the stages' coordinates, signed, to their places in z.

        Args:
            rows: (stages of the span, stage size) float32; overwritten.
            span: The stages.
            z: (dim,) float32.
        """
        first, last = self._coordinates(span)
        values = rows.reshape(-1)[: last - first]
        values *= self._signs(first, last)
        z.put(self._places(first, last), values, mode="clip")  # as fast as unchecked

    def _coordinates(self, span: Span) -> tuple[int, int]:
        """Return the first coordinate of the stages, in the order of the layer, and the end."""
        size = self.step.stage_size
        return span[0] * size, min(span[1] * size, self.step.dim)

    def _places(self, first: int, last: int) -> NDArray[np.uint32]:
        """Return where in the state these coordinates lie."""
        begin = (self._start + first) % self.step.dim
        end = begin + last - first
        if end <= self.step.dim:
            return self._order[begin:end]
        return np.concatenate((self._order[begin:], self._order[: end - self.step.dim]))

    def _signs(self, first: int, last: int) -> Floats:
        """Return the signs of these coordinates."""
        begin = first // SIGN_BITS
        drawn = self._sign_bits[begin : -(-last // SIGN_BITS)]
        signs = _signs_of_bytes().take(drawn, axis=0).reshape(-1)
        return signs[first - SIGN_BITS * begin : last - SIGN_BITS * begin]


@lru_cache(maxsize=1)  # both directions of a layer use the same
def dealer(step: ChannelStep) -> Dealer:
    """Return the dealer of a step."""
    return Dealer(step)


def to_stages(mu: Floats, step: ChannelStep, width: int) -> Floats:
    """Return all rows of `Dealer.take`, (stages, width) float32."""
    rows = np.empty((step.stages, width), dtype=np.float32)
    deal = dealer(step)
    for first, last in deal.pieces(0, step.stages):
        deal.take(mu, (first, last), rows[first:last])
    return rows


def from_stages(rows: Floats, step: ChannelStep) -> Floats:
    """Return the vector whose permuted, signed coordinates are the stages' rows.

    Args:
        rows: (stages, stage_size) float32; overwritten.
        step: The step.

    Returns:
        (dim,) float32.
    """
    z = np.empty(step.dim, dtype=np.float32)
    deal = dealer(step)
    for first, last in deal.pieces(0, step.stages):
        deal.put(rows[first:last], (first, last), z)
    return z


@lru_cache(maxsize=1)  # as large as the picture
def _permutation(seed: int, dim: int) -> NDArray[np.uint32]:
    return rng.permutation(seed, dim)


def _start(step: ChannelStep) -> int:
    """Return where in the permutation a layer starts; it moves on from layer to layer.

    The first stages of a lane have few codewords to choose from; were they always the same
    coordinates, those would fall behind for good.
    """
    return int(rng.words(step.seed, rng.Stream.PERMUTATION, step.layer + 1, 1)[0]) % step.dim


@lru_cache(maxsize=1)
def _signs_of_bytes() -> Floats:
    """Return the eight signs of every byte, (256, 8): +1 for a bit 0, lowest bit first."""
    every = np.arange(1 << SIGN_BITS, dtype=np.uint8)[:, None]
    return 1 - 2 * np.unpackbits(every, axis=1, bitorder="little").astype(np.float32)
