"""Tests of varints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.container.varint import decode_varint, encode_varint
from rdpcodec.errors import MalformedError


@pytest.mark.parametrize(
    ("value", "code"),
    [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**64 - 1, "ff" * 9 + "01")],
)
def test_varint_vectors(value: int, code: str) -> None:
    """Varints are little-endian groups of seven bits."""
    assert encode_varint(value).hex() == code
    assert decode_varint(bytes.fromhex(code), 0) == (value, len(code) // 2)


@given(st.integers(0, 2**64 - 1))
def test_varint_round_trip(value: int) -> None:
    """Every 64-bit value comes back."""
    code = encode_varint(value)
    assert decode_varint(b"x" + code + b"y", 1) == (value, 1 + len(code))


@given(st.binary(max_size=12))
def test_any_bytes_are_a_canonical_varint_or_an_error(data: bytes) -> None:
    """Whatever decodes is encoded again to the same bytes."""
    try:
        found = decode_varint(data, 0)
    except MalformedError:
        return
    assert found is None or encode_varint(found[0]) == data[: found[1]]


def test_a_value_above_64_bits_has_no_varint() -> None:
    """Asking for one is a bug of the caller."""
    with pytest.raises(ValueError, match="2\\^64-1"):
        encode_varint(2**64)
