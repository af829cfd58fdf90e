"""DDCM: at each step the noise of the reverse transition is one of K codewords.

The rate is tiny by construction: a step spends log2 K bits on the whole picture and costs one
evaluation of the prior on both sides, so a thousand steps of 16 bits are 2000 bytes.
"""

import math
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from rdpcodec import rng, schedule
from rdpcodec.arrays import Array, energy, host
from rdpcodec.bench.baselines.base import SEED, BaselineCodec, Floats, Shape
from rdpcodec.bench.baselines.fold import Cut, fold, unfold
from rdpcodec.chain import Step, next_state
from rdpcodec.channel.codebook import CODEWORDS, walsh_hadamard
from rdpcodec.decoder.reconstruction import Noisy
from rdpcodec.priors.base import Prior

_FIELDS = struct.Struct(">HHB")
STEPS_MAX = 1000
INDEX_BITS = 16
INDEX_BITS_MAX = 20
BOOK_BITS = 10
PROBE_T = range(3400, 0, -128)

Choose = Callable[[int, Array], int]


class DdcmCodec(BaselineCodec):
    """Denoising diffusion codebook model: K codewords for the whole picture at every step.

    Indices have 16 bits while `steps_max` steps suffice for the target, then up to 20; beyond
    `20 * steps_max` bits the file stays smaller than its target. At least one step is coded.
    The codewords are the structured ones of the format's coders (spec 9.1), for speed. The levels
    are equally spaced in 1 / sigma, equal divergence where the prior's squared error grows like
    sigma; the last is where the codewords can still follow, as the encoder estimates it.

    Source:
        Ohayon et al. 2025, arXiv:2502.01189.
    """

    name = "ddcm"
    kind = 1

    def __init__(self, prior: Prior, *, steps_max: int = STEPS_MAX) -> None:
        super().__init__(prior)
        self._steps_max = steps_max

    def _body(self, x_0: Array, room_bytes: int) -> bytes:
        room = 8 * (room_bytes - _FIELDS.size)
        bits = min(max(INDEX_BITS, room // self._steps_max), INDEX_BITS_MAX)
        steps = min(max(1, room // bits), self._steps_max)
        t = self._last_level(x_0, steps * expected_gain(bits) ** 2)
        indices: list[int] = []

        def choose(layer: int, x0_hat: Array) -> int:
            residual = host(x_0 - x0_hat).reshape(-1)
            indices.append(best_codeword(residual, layer, bits))
            return indices[-1]

        self._walk(x_0.shape, ladder(t, steps), choose)
        return _FIELDS.pack(t, steps, bits) + pack_indices(indices, bits)

    def _state(self, body: bytes, shape: Shape) -> Noisy:
        t, steps, bits = _parse_fields(body)
        indices = unpack_indices(body[_FIELDS.size :], steps, bits)
        y = self._walk((1, *shape), ladder(t, steps), lambda layer, _: indices[layer])
        return Noisy(y, schedule.sigma(t))

    def _walk(self, shape: tuple[int, ...], levels: Iterator[Step], choose: Choose) -> Array:
        """Return the last state of the chain, whose noise `choose` chooses by index."""
        y = x0_hat = self._place(np.zeros(shape, dtype=np.float32))
        for layer, step in enumerate(levels):
            z = codeword(choose(layer, x0_hat), layer, math.prod(shape))
            y = next_state(y, x0_hat, self._place(z.reshape(shape)), step)
            x0_hat = self._denoise(y, step.sigma_next)
        return y

    def _last_level(self, x_0: Array, wanted: float) -> int:
        """Return the t down to which the chain delivers |mu|^2 of `wanted` in all."""
        noise = np.random.default_rng(SEED).standard_normal(x_0.shape, dtype=np.float32)
        above, error_above = 0.0, energy(x_0)
        for t in PROBE_T:
            sigma = schedule.sigma(t)
            x0_hat = self._denoise(x_0 + sigma * self._place(noise), sigma)
            error = energy(x_0 - x0_hat)
            mean, precision = math.sqrt(error * error_above), 1.0 / sigma**2
            if mean * (precision - above) >= wanted:
                return schedule.nearest_t((above + wanted / mean) ** -0.5)
            wanted -= mean * (precision - above)
            above, error_above = precision, error
        return PROBE_T[-1]


def ladder(t: int, steps: int) -> Iterator[Step]:
    """Yield the transitions from infinity to sigma(t), equally spaced in 1 / sigma."""
    end, above = schedule.sigma(t), math.inf
    for k in range(1, steps + 1):
        below = end * (steps / k)
        yield Step(above, below)
        above = below


def expected_gain(bits: int) -> float:
    """Return the mean of the largest of 2^bits standard normals, by Blom's formula."""
    count = 2**bits
    return NormalDist().inv_cdf((count - 0.375) / (count + 0.25))


def best_codeword(values: Floats, layer: int, bits: int) -> int:
    """Return the index of the codeword of largest inner product with the values.

    Args:
        values: (dim,) float32.
        layer: Index of the step.
        bits: log2 K.

    Returns:
        0 .. 2^bits - 1.
    """
    row = fold(values, _cut(layer, values.size))[0]
    # Inner products with all 1024 codewords of a book are one convolution in XOR.
    spectrum = walsh_hadamard(row)
    scores = (_book_signs(layer, bits) * spectrum) @ _hadamard()
    return int(scores.reshape(-1)[: 2**bits].argmax())


def codeword(index: int, layer: int, dim: int) -> Floats:
    """Return a codeword, (dim,) float32 of unit variance."""
    book, label = divmod(index, CODEWORDS)
    signs = _book_signs(layer, (index | 1).bit_length())[book]
    wave = walsh_hadamard(signs) / np.float32(math.sqrt(CODEWORDS))
    return unfold(wave[label ^ np.arange(CODEWORDS)][None], _cut(layer, dim))


def pack_indices(indices: list[int], bits: int) -> bytes:
    """Return indices of `bits` bits each, highest bit first, zeros at the end."""
    value = 0
    for index in indices:
        value = value << bits | index
    size = -(-len(indices) * bits // 8)
    return (value << (8 * size - len(indices) * bits)).to_bytes(size, "big")


def unpack_indices(packed: bytes, count: int, bits: int) -> list[int]:
    """Return the indices that `pack_indices` packed.

    Raises:
        ValueError: If the number of bytes is another.
    """
    if len(packed) != -(-count * bits // 8):
        raise ValueError(f"{len(packed)} bytes do not hold {count} indices of {bits} bits")
    value = int.from_bytes(packed, "big") >> (8 * len(packed) - count * bits)
    return [value >> bits * i & (1 << bits) - 1 for i in reversed(range(count))]


def _parse_fields(body: bytes) -> tuple[int, int, int]:
    if len(body) < _FIELDS.size:
        raise ValueError("the file ends before its levels")
    t, steps, bits = _FIELDS.unpack_from(body)
    if t > schedule.T_MAX or steps == 0 or not 1 <= bits <= INDEX_BITS_MAX:
        raise ValueError(f"t {t}, {steps} steps or {bits} bits out of range")
    return t, steps, bits


def _cut(layer: int, dim: int) -> Cut:
    return Cut(layer=layer, dim=dim, blocks=1, width=CODEWORDS)


def _book_signs(layer: int, bits: int) -> Floats:
    """Return the signs that the books of K codewords are made of, (books, 1024)."""
    books = 1 << max(0, bits - BOOK_BITS)
    drawn = rng.signs(SEED, rng.Stream.CODEBOOK, layer, books * CODEWORDS)
    return drawn.reshape(books, CODEWORDS).astype(np.float32)


@lru_cache(maxsize=1)
def _hadamard() -> Floats:
    number = np.arange(CODEWORDS)
    odd = np.bitwise_count(number[:, None] & number[None, :]) & 1
    return np.asarray(1 - 2 * odd.astype(np.float32), dtype=np.float32)
