"""Bit strings, most significant bit first: fields, Exp-Golomb codes, joining and cutting."""

from collections.abc import Iterable

MAX_PREFIX = 32


class BitsError(Exception):
    """A bit string cannot be read; the table reader turns it into a `MalformedError`."""


class BitWriter:
    """Collect a short bit string, such as the layer table."""

    def __init__(self) -> None:
        """Begin with no bits."""
        self._digits: list[str] = []

    def write(self, value: int, width: int) -> None:
        """Append a field.

        Args:
            value: 0..2^width-1.
            width: The number of bits.

        Raises:
            ValueError: If the value does not fit.
        """
        if not 0 <= value < 1 << width:
            raise ValueError(f"{value} does not fit in {width} bits")
        if width:
            self._digits.append(f"{value:0{width}b}")

    def write_exp_golomb(self, value: int, order: int) -> None:
        """Append an unsigned Exp-Golomb code.

        Args:
            value: At least 0.
            order: The number of low bits that are always stored.

        Raises:
            ValueError: If the value is negative or its prefix would be over MAX_PREFIX zeros.
        """
        shifted = value + (1 << order)
        prefix = shifted.bit_length() - 1 - order
        if value < 0 or prefix > MAX_PREFIX:
            raise ValueError(f"{value} has no Exp-Golomb code of order {order} in this format")
        self.write(0, prefix)
        self.write(shifted, prefix + order + 1)

    def write_signed(self, value: int, order: int) -> None:
        """Append a signed Exp-Golomb code.

        Args:
            value: Any small integer.
            order: As for `write_exp_golomb`.
        """
        self.write_exp_golomb(zigzag(value), order)

    def to_bytes(self) -> bytes:
        """Return the bits, zero padded to a byte."""
        digits = "".join(self._digits)
        length = -(-len(digits) // 8)
        return int(digits.ljust(8 * length, "0") or "0", 2).to_bytes(length)


class BitCounter(BitWriter):
    """Counts the bits that a `BitWriter` would hold, and keeps none.

    Attributes:
        bits: How many were written.
    """

    def __init__(self) -> None:
        """Begin with no bits."""
        super().__init__()
        self.bits = 0

    def write(self, value: int, width: int) -> None:  # noqa: ARG002 - only the width counts
        """Count a field; its value is not looked at."""
        self.bits += width


class BitReader:
    """Read fields of a bit string.

    Attributes:
        position: The number of bits read.
    """

    def __init__(self, data: bytes) -> None:
        """Begin at the first bit.

        Args:
            data: The bytes.
        """
        self._data = data
        self._end = 8 * len(data)
        self.position = 0

    def read(self, width: int) -> int:
        """Read a field.

        Args:
            width: The number of bits.

        Returns:
            0..2^width-1.

        Raises:
            BitsError: If fewer bits are left.
        """
        end = self.position + width
        if end > self._end:
            raise BitsError("the bits end too early")
        first, last = self.position // 8, -(-end // 8)
        window = int.from_bytes(self._data[first:last]) >> (8 * last - end)
        self.position = end
        return window & ((1 << width) - 1)

    def read_exp_golomb(self, order: int) -> int:
        """Read an unsigned Exp-Golomb code.

        Args:
            order: The number of low bits that are always stored.

        Returns:
            At least 0.

        Raises:
            BitsError: If the bits end or the prefix is over MAX_PREFIX zeros.
        """
        prefix = 0
        while not self.read(1):
            prefix += 1
            if prefix > MAX_PREFIX:
                raise BitsError(f"an Exp-Golomb prefix is over {MAX_PREFIX} zeros")
        width = prefix + order
        return (1 << width) + self.read(width) - (1 << order)

    def read_signed(self, order: int) -> int:
        """Read a signed Exp-Golomb code.

        Args:
            order: As for `read_exp_golomb`.

        Returns:
            Any integer.
        """
        return unzigzag(self.read_exp_golomb(order))

    def remaining(self) -> int:
        """Return the number of bits not yet read."""
        return self._end - self.position


def zigzag(value: int) -> int:
    """Map 0, -1, 1, -2, 2 to 0, 1, 2, 3, 4.

    Args:
        value: Any integer.

    Returns:
        At least 0.
    """
    return 2 * value if value >= 0 else -2 * value - 1


def unzigzag(code: int) -> int:
    """Undo `zigzag`.

    Args:
        code: At least 0.

    Returns:
        Any integer.
    """
    return -(code + 1) // 2 if code % 2 else code // 2


def cut_bits(data: bytes, start: int, count: int) -> bytes:
    """Copy bits out of a bit string, left-aligned and zero padded.

    Args:
        data: The bit string.
        start: The first bit.
        count: How many bits.

    Returns:
        ceil(count / 8) bytes.

    Raises:
        ValueError: If the bits are not all there.
    """
    end = start + count
    if min(start, count) < 0 or end > 8 * len(data):
        raise ValueError(f"bits {start}..{end} are not all in {len(data)} bytes")
    first, last, length = start // 8, -(-end // 8), -(-count // 8)
    value = int.from_bytes(data[first:last]) >> (8 * last - end)
    value &= (1 << count) - 1
    return (value << (8 * length - count)).to_bytes(length)


def join_bits(pieces: Iterable[tuple[bytes, int]]) -> bytes:
    """Write bit strings one after another, zero padded at the end only.

    Args:
        pieces: Each a left-aligned bit string and its number of bits.

    Returns:
        ceil(sum of bits / 8) bytes.

    Raises:
        ValueError: If a piece is shorter than its number of bits.
    """
    out, used = bytearray(), 0
    for data, count in pieces:
        shift = used % 8
        moved = _shifted(cut_bits(data, 0, count), shift)
        if shift and moved:
            out[-1] |= moved[0]
        out += moved[1:] if shift else moved
        used += count
        del out[-(-used // 8) :]
    return bytes(out)


def _shifted(data: bytes, shift: int) -> bytes:
    """Move a bit string right by 0..7 bits."""
    if not shift or not data:
        return data
    return (int.from_bytes(data) << (8 - shift)).to_bytes(len(data) + 1)


def padding_is_zero(data: bytes, used: int) -> bool:
    """Tell whether the bits of the last byte after the used ones are zero.

    Args:
        data: ceil(used / 8) bytes.
        used: The number of bits that carry something.

    Returns:
        True if the padding is zero or empty.
    """
    return not data or not data[-1] & ((1 << (-used % 8)) - 1)
