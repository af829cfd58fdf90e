"""Tests of bit strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.container.bits import (
    MAX_PREFIX,
    BitCounter,
    BitReader,
    BitsError,
    BitWriter,
    cut_bits,
    join_bits,
    unzigzag,
    zigzag,
)


@pytest.mark.parametrize(
    ("value", "order", "bits"),
    [(0, 0, "1"), (1, 0, "010"), (2, 0, "011"), (3, 0, "00100"), (0, 2, "100"), (4, 2, "01000")],
)
def test_exp_golomb_vectors(value: int, order: int, bits: str) -> None:
    """Exp-Golomb codes are those of the spec."""
    out = BitWriter()
    out.write_exp_golomb(value, order)
    assert out.to_bytes() == int(bits.ljust(8, "0"), 2).to_bytes(1)


@pytest.mark.parametrize(
    ("value", "order", "bits"),
    [(0, 0, "1"), (-1, 0, "010"), (1, 0, "011"), (-2, 0, "00100"), (-3, 4, "10101"),
     (3, 4, "10110")],
)  # fmt: skip
def test_signed_vectors(value: int, order: int, bits: str) -> None:
    """Signed codes are those of the spec: the negative value comes before the positive one."""
    out = BitWriter()
    out.write_signed(value, order)
    assert out.to_bytes() == int(bits.ljust(8, "0"), 2).to_bytes(1)


@given(st.lists(st.tuples(st.integers(-(2**30), 2**30), st.integers(0, 8))))
def test_exp_golomb_round_trip(values: list[tuple[int, int]]) -> None:
    """Signed codes of any order follow one another and come back."""
    out = BitWriter()
    for value, order in values:
        out.write_signed(value, order)
    reader = BitReader(out.to_bytes())
    assert [reader.read_signed(order) for _, order in values] == [value for value, _ in values]
    assert reader.remaining() < 8


@given(st.lists(st.tuples(st.integers(-(2**30), 2**30), st.integers(0, 8))))
def test_a_counter_counts_what_a_reader_reads(values: list[tuple[int, int]]) -> None:
    """The number of bits is known without a bit being kept."""
    out, counter = BitWriter(), BitCounter()
    for value, order in values:
        out.write_signed(value, order)
        counter.write_signed(value, order)
    reader = BitReader(out.to_bytes())
    for _, order in values:
        reader.read_signed(order)
    assert counter.bits == reader.position


@given(st.integers(-(2**70), 2**70))
def test_zigzag_round_trip(value: int) -> None:
    """Zigzag is a bijection."""
    assert unzigzag(zigzag(value)) == value


@given(st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 7))))
def test_joined_bits_can_be_cut_again(raw: list[tuple[bytes, int]]) -> None:
    """Bit strings of any length come back from where they were put."""
    pieces = [(data, max(0, 8 * len(data) - less)) for data, less in raw]
    joined = join_bits(pieces)
    assert len(joined) == -(-sum(count for _, count in pieces) // 8)
    at = 0
    for data, count in pieces:
        assert cut_bits(joined, at, count) == cut_bits(data, 0, count)
        at += count


def test_bit_strings_refuse_what_does_not_fit() -> None:
    """Values, prefixes and cuts out of range are bugs of the caller."""
    out = BitWriter()
    for call in (
        lambda: out.write(8, 3),
        lambda: out.write_exp_golomb(2**40, 0),
        lambda: out.write_exp_golomb(-1, 0),
        lambda: cut_bits(b"a", 1, 8),
    ):
        with pytest.raises(ValueError, match=r".+"):
            call()


def test_exp_golomb_prefix_is_bounded() -> None:
    """A prefix of 32 zeros is read, one of 33 is refused."""
    out = BitWriter()
    out.write(0, MAX_PREFIX)
    out.write(1 << MAX_PREFIX, MAX_PREFIX + 1)
    assert BitReader(out.to_bytes()).read_exp_golomb(0) == 2**32 - 1
    with pytest.raises(BitsError, match="32 zeros"):
        BitReader(bytes(50)).read_exp_golomb(0)
