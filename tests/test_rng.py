"""Shared randomness is Philox4x64-10, bit for bit, against a second implementation in Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdpcodec import rng
from rdpcodec.rng import Stream

MASK = 2**64 - 1
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
# Random123 1.14, kat_vectors: philox4x64 10, all-zero and all-one counter and key.
ZEROS = (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B)
ONES = (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0)
SEEDS = (0, 1, 12345678901234567890, 2**63, MASK)
INDICES = (0, 1, 2**20 + 3, 2**32 - 1)


def philox(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Return one block of Philox4x64-10, in arbitrary-precision integers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (b >> 64) ^ c1 ^ k0, b & MASK, (a >> 64) ^ c3 ^ k1, a & MASK
        k0, k1 = (k0 + WEYL[0]) & MASK, (k1 + WEYL[1]) & MASK
    return c0, c1, c2, c3


def reference_words(seed: int, stream: int, index: int, count: int) -> list[int]:
    """Return the words that the specification asks for."""
    out: list[int] = []
    for block in range(-(-count // 4)):
        out += philox((block, 0, 0, 0), (seed, (stream << 32) | index))
    return out[:count]


def test_reference_gives_the_known_answers() -> None:
    """The Philox written here gives the published answers of Random123."""
    assert philox((0,) * 4, (0,) * 2) == ZEROS
    assert philox((MASK,) * 4, (MASK,) * 2) == ONES


def test_first_words_of_the_zero_key_are_the_known_answer() -> None:
    """Seed 0, stream 0, index 0 begins with the published block of the zero key and counter."""
    assert tuple(rng.words(0, Stream.PERMUTATION, 0, 4).tolist()) == ZEROS


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stream", list(Stream))
@pytest.mark.parametrize("index", INDICES)
def test_words_match_the_reference(seed: int, stream: Stream, index: int) -> None:
    """Every seed, stream and index gives the words of the reference, over several blocks."""
    drawn = rng.words(seed, stream, index, 11)
    assert drawn.dtype == np.uint64
    assert drawn.tolist() == reference_words(seed, int(stream), index, 11)


@given(st.integers(0, MASK), st.sampled_from(list(Stream)), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_words_match_the_reference_anywhere(seed: int, stream: Stream, index: int) -> None:
    """No corner of the key space differs from the reference."""
    assert rng.words(seed, stream, index, 5).tolist() == reference_words(seed, stream, index, 5)


def test_fewer_words_are_a_prefix_of_more() -> None:
    """The count never changes the words, at block boundaries and between them."""
    long = rng.words(3, Stream.SIGNS, 9, 64)
    for count in (0, 1, 3, 4, 5, 63):
        assert np.array_equal(rng.words(3, Stream.SIGNS, 9, count), long[:count])


def test_stream_numbers_are_those_of_the_specification() -> None:
    """The numbers that are part of the key do not move."""
    assert [(s.name, int(s)) for s in Stream] == [
        ("PERMUTATION", 0), ("SIGNS", 1), ("CODEBOOK", 2), ("LABELS", 3), ("ARRIVALS", 4),
        ("SAMPLES", 5), ("PROBE", 6),
    ]  # fmt: skip


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (2**64, 0), (0, -1), (0, 2**32)])
def test_out_of_range_keys_are_refused(seed: int, index: int) -> None:
    """A seed or an index that does not fit its part of the key is a ValueError."""
    with pytest.raises(ValueError, match="out of range"):
        rng.words(seed, Stream.SIGNS, index, 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [1, 63, 64, 65, 300])
def test_signs_are_the_bits_of_the_words(seed: int, count: int) -> None:
    """Sign i is -1 where bit i mod 64, counted from the lowest, of word i div 64 is one."""
    drawn = reference_words(seed, Stream.CODEBOOK, 7, -(-count // 64))
    expected = [1 - 2 * ((drawn[i // 64] >> (i % 64)) & 1) for i in range(count)]
    found = rng.signs(seed, Stream.CODEBOOK, 7, count)
    assert found.dtype == np.int8
    assert found.tolist() == expected


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_permutation_sorts_by_the_high_half(seed: int, size: int) -> None:
    """Positions are sorted by the high 32 bits of their word, ties by position."""
    keys = [word >> 32 for word in reference_words(seed, Stream.PERMUTATION, 0, size)]
    expected = sorted(range(size), key=lambda i: (keys[i], i))
    found = rng.permutation(seed, size)
    assert found.dtype == np.uint32
    assert found.tolist() == expected


def test_permutation_breaks_ties_by_position(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal keys keep their order, whatever the low halves of the words are."""
    drawn = np.array([(5 << 32) | 9, (4 << 32) | 8, (5 << 32) | 7, (5 << 32) | 1], dtype=np.uint64)
    monkeypatch.setattr(rng, "words", lambda *_: drawn)
    assert rng.permutation(0, 4).tolist() == [1, 0, 2, 3]


def test_a_permutation_of_many_blocks_is_sorted_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done block by block, to save memory, changes nothing."""
    whole = rng.permutation(5, 1000)
    for block in (1, 7, 999):
        monkeypatch.setattr(rng, "BLOCK", block)
        assert np.array_equal(rng.permutation(5, 1000), whole)


def test_permutation_is_one_and_depends_on_the_seed() -> None:
    """Every position comes once, and another seed gives another order."""
    orders = [rng.permutation(seed, 5000) for seed in (1, 2)]
    assert all(np.array_equal(np.sort(order), np.arange(5000)) for order in orders)
    assert not np.array_equal(*orders)
