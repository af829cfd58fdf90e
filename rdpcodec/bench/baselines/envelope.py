"""What is around the coded bits of every baseline: kind, size of the picture, checksum."""

import struct
import zlib
from dataclasses import dataclass

_FIELDS = struct.Struct(">BHH")
_CHECKSUM = struct.Struct(">I")
OVERHEAD_BYTES = _FIELDS.size + _CHECKSUM.size
SIDE_MAX = 2**16 - 1


@dataclass(frozen=True)
class Envelope:
    """A baseline's file.

    Attributes:
        kind: Which baseline wrote it.
        height: H in pixels.
        width: W in pixels.
        body: The baseline's own bytes.
    """

    kind: int
    height: int
    width: int
    body: bytes


def seal(envelope: Envelope) -> bytes:
    """Return the file: kind (1 byte), height and width (2 each), CRC-32 (4), body.

    Raises:
        ValueError: If a side is over 65535.
    """
    if max(envelope.height, envelope.width) > SIDE_MAX:
        raise ValueError(f"a side is over {SIDE_MAX} pixels")
    fields = _FIELDS.pack(envelope.kind, envelope.height, envelope.width)
    return fields + _CHECKSUM.pack(zlib.crc32(fields + envelope.body)) + envelope.body


def unseal(data: bytes, kind: int) -> Envelope:
    """Return what `seal` put into a file.

    Args:
        data: The file.
        kind: The kind that it must have.

    Returns:
        The envelope; its sides are at least 1.

    Raises:
        ValueError: If the file is cut short, damaged, or of another kind.
    """
    if len(data) < OVERHEAD_BYTES:
        raise ValueError(f"the file has {len(data)} bytes, expected {OVERHEAD_BYTES} at least")
    fields, body = data[: _FIELDS.size], data[OVERHEAD_BYTES:]
    (checksum,) = _CHECKSUM.unpack_from(data, _FIELDS.size)
    if zlib.crc32(fields + body) != checksum:
        raise ValueError("the checksum does not fit: the file is cut short or damaged")
    found, height, width = _FIELDS.unpack(fields)
    if found != kind or height == 0 or width == 0:
        raise ValueError(f"kind {found}, {width} x {height} pixels: not a file of kind {kind}")
    return Envelope(found, height, width, body)
