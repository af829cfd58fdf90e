"""Canonical unsigned LEB128 integers of at most 64 bits (spec 2)."""

from rdpcodec.errors import ISSUE, MalformedError

MAX_BYTES = 10
MAX_VALUE = 2**64 - 1
_MORE = 0x80
_LOW = 0x7F


def encode_varint(value: int) -> bytes:
    """Return the only encoding of a value.

    Args:
        value: 0..2^64-1.

    Returns:
        1 to 10 bytes.

    Raises:
        ValueError: If the value is out of range.
    """
    if not 0 <= value <= MAX_VALUE:
        raise ValueError(f"{value} is not in 0..2^64-1")
    out = bytearray()
    while value > _LOW:
        out.append(value & _LOW | _MORE)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_varint(data: bytes, offset: int, *, base: int = 0) -> tuple[int, int] | None:
    """Read one integer; the work is bounded by ten bytes.

    Args:
        data: The bytes.
        offset: Where the integer begins.
        base: The offset of the data in the file, for messages.

    Returns:
        The value and the offset after it; None when the data end inside the integer.

    Raises:
        MalformedError: If the encoding is too long, too large or not the shortest.
    """
    value = 0
    for count, byte in enumerate(data[offset : offset + MAX_BYTES]):
        value |= (byte & _LOW) << (7 * count)
        if byte < _MORE:
            _check_canonical(value, byte, count, base + offset)
            return value, offset + count + 1
    if len(data) - offset >= MAX_BYTES:
        raise _bad(base + offset, f"longer than {MAX_BYTES} bytes")
    return None


def _check_canonical(value: int, last: int, count: int, offset: int) -> None:
    if value > MAX_VALUE:
        raise _bad(offset, "above 2^64-1")
    if count > 0 and last == 0:
        raise _bad(offset, "not in its shortest form")


def _bad(offset: int, what: str) -> MalformedError:
    message = f"the integer at offset {offset} is {what}, expected a canonical LEB128 varint"
    return MalformedError(ISSUE.BAD_VARINT, message)
