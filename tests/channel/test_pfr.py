"""The paper's coder: its entropy code is as specified, and its samples follow the mean."""

import bisect
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.channel import ChannelStep, codebook, load_coder, pfr
from rdpcodec.channel.pfr import PfrCoder, class_weights
from rdpcodec.errors import ISSUE, BitstreamError

MASK = 2**64 - 1
TOTAL = 2**24
INDEX = st.one_of(st.integers(0, 65_535), st.integers(0, 40), st.sampled_from([0, 65_534, 65_535]))


class RangeDecoder:
    """The entropy code of the specification: 64-bit state, 32-bit words, 24-bit precision."""

    def __init__(self, payload: bytes) -> None:
        self.payload, self.position = payload, 0
        self.lower, self.range = 0, MASK
        self.point = (self.word() << 32) | self.word()

    def word(self) -> int:
        """Return the next little-endian word; zeros follow the payload."""
        piece = self.payload[self.position : self.position + 4]
        self.position += 4
        return int.from_bytes(piece.ljust(4, b"\0"), "little")

    def decode(self, cumulative: list[int]) -> int:
        """Return the next symbol of a model given by its left cumulatives."""
        scale = self.range >> 24
        quantile = ((self.point - self.lower) & MASK) // scale
        symbol = bisect.bisect_right(cumulative, quantile) - 1
        self.lower = (self.lower + scale * cumulative[symbol]) & MASK
        self.range = scale * (cumulative[symbol + 1] - cumulative[symbol])
        if self.range < 1 << 32:
            self.lower, self.range = (self.lower << 32) & MASK, (self.range << 32) & MASK
            self.point = ((self.point << 32) & MASK) | self.word()
        return symbol


def class_model(chunk_bits: int) -> list[int]:
    """Return the left cumulatives of the classes: proportional, and at least one each."""
    total, out = 0, []
    for i, weight in enumerate(class_weights(chunk_bits)):
        out.append(total * (TOTAL - 17) // 2**20 + i)
        total += weight
    return [*out, TOTAL]


def uniform_model(size: int) -> list[int]:
    """Return the left cumulatives of equally likely symbols."""
    return [i * (TOTAL // size) for i in range(size)] + [TOTAL]


def reference_unpack(payload: bytes, chunk_bits: int, count: int) -> list[int]:
    """Return the indices: all classes first, then the rests, class by class."""
    decoder, model = RangeDecoder(payload), class_model(chunk_bits)
    classes = [decoder.decode(model) for _ in range(count)]
    out = [2**size - 1 for size in classes]
    for size in range(1, 17):
        uniform = uniform_model(2**size)
        for i in (i for i in range(count) if classes[i] == size):
            out[i] += decoder.decode(uniform)
    return out


def step_of(count: int, seed: int = 0, q: int = 0) -> ChannelStep:
    """Return a step of so many chunks of one coordinate."""
    return ChannelStep(seed=seed, layer=0, dim=count, q=q)


def array(indices: list[int]) -> NDArray[np.int64]:
    """Return indices as the coder has them."""
    return np.array(indices, dtype=np.int64)


def unpacked(payload: bytes, coder: PfrCoder, step: ChannelStep) -> NDArray[np.int64] | None:
    """Return the indices of a payload, None if it is refused as the documentation says."""
    refusal = None
    try:
        return coder.unpack(payload, step)
    except BitstreamError as error:
        refusal = error
    assert refusal.issue == ISSUE.BAD_BITSTREAM
    assert "layer 0" in refusal.message
    return None


def test_coder_is_as_named() -> None:
    """The coder has 12 nominal bits per chunk unless told otherwise."""
    assert (load_coder("pfr").name, load_coder("pfr").parameter) == ("pfr", 12)
    assert load_coder("pfr", 7).parameter == 7
    with pytest.raises(ValueError, match="unknown"):
        load_coder("zipf")


@pytest.mark.parametrize("chunk_bits", range(4, 17))
def test_class_weights_are_17_integers_of_a_falling_law(chunk_bits: int) -> None:
    """17 positive weights sum to 2**20, each (b + 8) / (b + 9) of the one before."""
    weights = class_weights(chunk_bits)
    assert len(weights) == 17
    assert sum(weights) == 2**20
    assert all(isinstance(weight, int) and weight > 0 for weight in weights)
    for before, after in pairwise(weights):
        assert after / before == pytest.approx((chunk_bits + 8) / (chunk_bits + 9), abs=2e-3)


def test_default_class_weights_follow_the_zipf_law() -> None:
    """At 12 bits per chunk the law is the paper's Zipf of exponent 1 + 1 / 13.53, within 0.4 %."""
    weights = class_weights(12)
    for before, after in pairwise(weights):
        assert after / before == pytest.approx(2 ** (-1 / 13.53), rel=4e-3)


@given(st.lists(INDEX, min_size=1, max_size=60), st.integers(4, 16))
@settings(max_examples=100, deadline=None)
def test_indices_round_trip(indices: list[int], chunk_bits: int) -> None:
    """Any indices come back, in whole bytes without trailing zeros."""
    coder, step = PfrCoder(chunk_bits), step_of(len(indices))
    payload, bits = coder.pack(array(indices), step)
    assert bits == 8 * len(payload)
    assert not payload.endswith(b"\0")
    assert coder.unpack(payload, step).tolist() == indices


@given(st.lists(INDEX, min_size=1, max_size=40), st.integers(4, 16))
@settings(max_examples=60, deadline=None)
def test_a_second_decoder_reads_the_indices(indices: list[int], chunk_bits: int) -> None:
    """A decoder written from the specification alone reads what the coder wrote."""
    payload, _ = PfrCoder(chunk_bits).pack(array(indices), step_of(len(indices)))
    assert reference_unpack(payload, chunk_bits, len(indices)) == indices


def test_a_second_decoder_reads_a_long_layer() -> None:
    """Thousands of indices, as a layer has them, are read by the second decoder."""
    draw = np.random.default_rng(4)
    indices = np.minimum(2 ** draw.uniform(0, 16, 3000) - 1, 65_535).astype(np.int64)
    payload, bits = PfrCoder().pack(indices, step_of(3000))
    assert reference_unpack(payload, 12, 3000) == indices.tolist()
    # A Zipf law pays about its entropy for log-uniform indices: 8 bits of rest, 4.1 of class.
    assert bits / 3000 < 12.5


@given(st.binary(max_size=40), st.integers(1, 30), st.integers(4, 16))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_indices_or_an_error(payload: bytes, count: int, chunk_bits: int) -> None:
    """Whatever is read is written to the same bytes again; all else is a BitstreamError."""
    coder, step = PfrCoder(chunk_bits), step_of(count)
    indices = unpacked(payload, coder, step)
    if indices is None:
        return
    assert indices.shape == (count,)
    assert 0 <= indices.min() <= indices.max() <= 65_535
    assert coder.pack(indices, step)[0] == payload


@given(
    st.lists(INDEX, min_size=1, max_size=30),
    st.integers(0, 10**6),
    st.integers(0, 7),
)
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_is_other_indices_or_an_error(
    indices: list[int], place: int, bit: int
) -> None:
    """No damaged payload is taken for the original one."""
    coder, step = PfrCoder(), step_of(len(indices))
    payload = bytearray(coder.pack(array(indices), step)[0])
    if not payload:
        return
    payload[place % len(payload)] ^= 1 << bit
    found = unpacked(bytes(payload), coder, step)
    assert found is None or found.tolist() != indices


def test_trailing_bytes_are_refused() -> None:
    """Bytes after the code, zero or not, are not what an encoder writes."""
    coder, step = PfrCoder(), step_of(3)
    payload = coder.pack(array([5, 900, 0]), step)[0]
    for extra in (b"\0", b"\1", bytes(8)):
        with pytest.raises(BitstreamError):
            coder.unpack(payload + extra, step)


def test_arrivals_are_a_poisson_process() -> None:
    """Arrival times rise, and their gaps have mean and standard deviation 1."""
    times = np.exp(pfr.log_arrivals(step_of(1, seed=3)))
    gaps = np.diff(times)
    assert times.shape == (65_536,)
    assert (gaps > 0).all()
    assert float(gaps.mean()) == pytest.approx(1, abs=4 / 256)
    assert float(gaps.std()) == pytest.approx(1, abs=8 / 256)


def test_index_is_the_winner_of_the_race() -> None:
    """The encoder takes the candidate of least arrival time over likelihood ratio, of all 2**16."""
    coder, step = PfrCoder(), ChannelStep(seed=8, layer=1, dim=40, q=32)
    mu = np.random.default_rng(0).standard_normal(40).astype(np.float32)
    dealt = np.zeros(48)
    signs = rng.signs(8, rng.Stream.SIGNS, 1, 40)
    moved = int(rng.words(8, rng.Stream.PERMUTATION, 2, 1)[0]) % 40
    order = np.roll(rng.permutation(8, 40), -moved)
    dealt[:40] = mu[order] * signs
    books = [codebook.codewords(codebook.wave(step, block), 16) for block in range(64)]
    race = pfr.log_arrivals(step)[:, None] - np.concatenate(books) @ dealt.reshape(3, 16).T
    chosen = coder.encode(mu, step)
    assert chosen.tolist() == race.argmin(axis=0).tolist()
    rows = np.concatenate(books)[chosen].reshape(-1)[:40] * signs
    expected = np.empty(40)
    expected[order] = rows
    assert np.array_equal(coder.decode(chosen, step), expected)


@pytest.mark.parametrize(("q", "dim"), [(40, 16_384), (56, 65_536)])
def test_bits_paid_per_bit_of_signal(q: int, dim: int) -> None:
    """Samples go 0.8 to 1.0 of the way along mu, for 1.2 to 1.45 bits per delivered bit."""
    coder, step = load_coder("pfr"), ChannelStep(seed=7, layer=2, dim=dim, q=q)
    energy = coder.energy_of(q, dim)
    mu = np.random.default_rng(q).standard_normal(dim)
    mu = (mu * math.sqrt(energy / float(mu @ mu))).astype(np.float32)
    indices = coder.encode(mu, step)
    z = coder.decode(indices, step).astype(np.float64)
    share = float(z @ mu) / energy
    assert 0.8 < share < 1.0
    bits = coder.pack(indices, step)[1]
    assert 1.2 < bits / (share**2 * energy / (2 * math.log(2))) < 1.45
    assert 0.7 * coder.expected_bits(q, dim) < bits < 1.05 * coder.expected_bits(q, dim)


def test_noise_has_unit_variance_on_average() -> None:
    """The noise of five layers of 64 coordinates per chunk has variance 1 within 6 %.

    It is not exact: the race ends after 2**16 candidates, and all chunks race on one process, so
    a layer's variance depends on the few candidates that come first.
    """
    coder, variances = PfrCoder(), []
    for layer in range(5):
        step = ChannelStep(seed=1, layer=layer, dim=8_192, q=48)
        mu = np.random.default_rng(layer).standard_normal(step.dim)
        mu = (mu * math.sqrt(coder.energy_of(48, step.dim) / float(mu @ mu))).astype(np.float32)
        variances.append(float((coder.decode(coder.encode(mu, step), step) - mu).var()))
    assert float(np.mean(variances)) == pytest.approx(1, abs=0.06)


def test_without_signal_the_first_arrival_wins() -> None:
    """A mean of zero costs next to nothing: the first candidate is chosen for every chunk."""
    coder, step = PfrCoder(), ChannelStep(seed=1, layer=0, dim=4096, q=56)
    indices = coder.encode(np.zeros(4096, dtype=np.float32), step)
    assert not indices.any()
    assert coder.pack(indices, step)[1] <= 5 * indices.size


@pytest.mark.parametrize("dim", [1, 3, 75, 1025, 3000])
@pytest.mark.parametrize("q", [16, 80, 95, 255])
def test_any_dimension_and_chunk_size_can_be_coded(dim: int, q: int) -> None:
    """Chunks that do not divide the dimension, or are larger than it, are coded and decoded."""
    coder, step = PfrCoder(), ChannelStep(seed=5, layer=0, dim=dim, q=q)
    mu = np.random.default_rng(dim).standard_normal(dim).astype(np.float32) / 2
    indices = coder.encode(mu, step)
    payload, _ = coder.pack(indices, step)
    assert np.array_equal(coder.unpack(payload, step), indices)
    z = coder.decode(indices, step)
    assert z.shape == (dim,)
    assert np.isfinite(z).all()


def test_the_chunk_size_fits_the_energy() -> None:
    """`choose_q` undoes `energy_of`: chunks carry the nominal bits."""
    coder = PfrCoder()
    for q in (16, 40, 64, 90, 120):
        assert coder.choose_q(coder.energy_of(q, 200_000), 200_000) == q
