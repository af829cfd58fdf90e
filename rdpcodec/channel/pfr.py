"""Poisson functional representation, the paper's coder (spec 9.3).

Every chunk of coordinates has 2**16 candidates drawn from the proposal and a Poisson process of
arrival times; the index sent is that of the least arrival time divided by likelihood ratio. The
number of candidates is finite, so the channel is simulated approximately. Indices are entropy
coded with `constriction`.

Source: Li and El Gamal 2018, arXiv:1701.02827; Vonderfecht and Liu 2025, arXiv:2501.09815.
"""

import math
from functools import lru_cache

import constriction
import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.channel import codebook
from rdpcodec.channel.base import Floats, Indices
from rdpcodec.channel.codebook import CODEWORDS
from rdpcodec.channel.dealing import from_stages, to_stages
from rdpcodec.errors import ISSUE, BitstreamError
from rdpcodec.layers import DEFAULT_PARAMETERS, ChannelStep, q_nearest, stage_count, stage_size

BLOCKS = 64
CANDIDATES = BLOCKS * CODEWORDS
CLASSES = 17
WEIGHT_SUM = 2**20
OVERHEAD_BITS = 4.5
WORD_BYTES = 4
LN2 = math.log(2)


class PfrCoder:
    """Channel coder 0 of the format."""

    name = "pfr"

    def __init__(self, chunk_bits: int = DEFAULT_PARAMETERS["pfr"]) -> None:
        self.parameter = self.chunk_bits = chunk_bits

    def choose_q(self, energy: float, dim: int) -> int:
        """Return the q whose chunks carry `chunk_bits` bits of divergence each."""
        size = 2 * LN2 * self.chunk_bits * dim / max(energy, 1e-9)
        return q_nearest(min(max(size, 1.0), float(dim)))

    def energy_of(self, q: int, dim: int) -> float:
        """Return the |mu|^2 at which a chunk carries `chunk_bits` bits."""
        return 2 * LN2 * self.chunk_bits * dim / min(stage_size(q), dim)

    def expected_bits(self, q: int, dim: int) -> int:
        """Return an estimate, a whole number of bytes."""
        bits = stage_count(dim, q) * (self.chunk_bits + OVERHEAD_BITS)
        return 8 * WORD_BYTES * math.ceil(bits / (8 * WORD_BYTES))

    def excess_variance(self, step: ChannelStep) -> float:  # noqa: ARG002 - part of the interface
        """Return 0: the proposal is N(0, I)."""
        return 0.0

    def encode(self, mu: Floats, step: ChannelStep) -> Indices:
        """Return the index, 0 .. 2**16 - 1, of the candidate chosen for every chunk."""
        rows = to_stages(mu, step, min(step.stage_size, CODEWORDS))
        best = np.full(step.stages, np.inf)
        chosen = np.zeros(step.stages, dtype=np.int64)
        arrivals = log_arrivals(step)
        for block in range(BLOCKS):
            book = codebook.codewords(codebook.wave(step, block), rows.shape[1])
            first = block * CODEWORDS
            race = arrivals[first : first + CODEWORDS] - rows @ book.T
            winner = race.argmin(axis=1)
            value = np.take_along_axis(race, winner[:, None], axis=1)[:, 0]
            better = value < best
            best[better], chosen[better] = value[better], first + winner[better]
        return chosen

    def decode(self, indices: Indices, step: ChannelStep) -> Floats:
        """Return z: the chosen candidates."""
        rows = np.empty((step.stages, step.stage_size), dtype=np.float32)
        for block in np.unique(indices // CODEWORDS).tolist():
            at = np.flatnonzero(indices // CODEWORDS == block)
            labels = indices[at] % CODEWORDS
            rows[at] = codebook.entries(codebook.wave(step, block), labels, step.stage_size)
        return from_stages(rows, step)

    def pack(self, indices: Indices, step: ChannelStep) -> tuple[bytes, int]:  # noqa: ARG002
        """Return the entropy-coded indices, trailing zero bytes removed."""
        coder = constriction.stream.queue.RangeEncoder()
        classes = _classes(indices)
        coder.encode(classes.astype(np.int32), _class_model(self.chunk_bits))
        for size in np.unique(classes[classes > 0]).tolist():
            rest = indices[classes == size] + 1 - (1 << size)
            coder.encode(rest.astype(np.int32), constriction.stream.model.Uniform(1 << size))
        payload = coder.get_compressed().astype("<u4").tobytes().rstrip(b"\0")
        return payload, 8 * len(payload)

    def unpack(self, payload: bytes, step: ChannelStep) -> Indices:
        """Return the indices that `pack` wrote; refuse bytes it would not have written."""
        # Zero words past the end are part of the code: `pack` removes trailing zero bytes.
        padded = payload + bytes(2 * WORD_BYTES + -len(payload) % WORD_BYTES)
        words = np.frombuffer(padded, dtype="<u4").astype(np.uint32)
        coder = constriction.stream.queue.RangeDecoder(words)
        try:
            classes = coder.decode(_class_model(self.chunk_bits), step.stages).astype(np.int64)
            indices = (1 << classes) - 1
            for size in np.unique(classes[classes > 0]).tolist():
                at = np.flatnonzero(classes == size)
                uniform = constriction.stream.model.Uniform(1 << size)
                indices[at] += coder.decode(uniform, at.size).astype(np.int64)
        except (AssertionError, ValueError) as exc:
            raise _bad(step) from exc
        if indices.max() >= CANDIDATES or self.pack(indices, step)[0] != payload:
            raise _bad(step)
        return indices


def log_arrivals(step: ChannelStep) -> NDArray[np.float64]:
    """Return the logarithms of the arrival times, (2**16,) float64; used by encoders only.

    All chunks of a layer share one Poisson process: their candidates differ by random signs.
    """
    drawn = rng.words(step.seed, rng.Stream.ARRIVALS, step.layer, CANDIDATES)
    uniform = ((drawn >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return np.log(np.cumsum(-np.log(uniform)))


def _classes(indices: Indices) -> Indices:
    """Return floor(log2(index + 1)) for every index."""
    return np.frexp((indices + 1).astype(np.float64))[1].astype(np.int64) - 1


@lru_cache(maxsize=16)
def _class_model(chunk_bits: int) -> object:
    probabilities = np.array(class_weights(chunk_bits), dtype=np.float64) / WEIGHT_SUM
    return constriction.stream.model.Categorical(probabilities, perfect=False)


def class_weights(chunk_bits: int) -> list[int]:
    """Return the weights of the 17 classes, integers that sum to 2**20 (spec 9.3.3).

    A Zipf law of exponent 1 + 1 / (chunk_bits + 1.53) gives each class 2**(1 - exponent) of the
    one before; the ratio (b + 8) / (b + 9) is within 0.3 % of it from 12 bits on, 4.6 % off at 4.
    """
    raw = [WEIGHT_SUM]
    while len(raw) < CLASSES:
        raw.append(raw[-1] * (chunk_bits + 8) // (chunk_bits + 9))
    weights = [weight * WEIGHT_SUM // sum(raw) for weight in raw]
    weights[0] += WEIGHT_SUM - sum(weights)
    return weights


def _bad(step: ChannelStep) -> BitstreamError:
    return BitstreamError(
        ISSUE.BAD_BITSTREAM,
        f"the indices of layer {step.layer} are not what an encoder writes for "
        f"{step.stages} chunks",
    )
