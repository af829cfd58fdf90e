"""The frame of a chunk: type, length, body, CRC-32 (spec 3.2)."""

import io
import zlib
from dataclasses import dataclass

from construct import StreamError

from rdpcodec.container.layout import CHUNK_HEAD, CRC, CRC_BYTES, PICTURE_TYPE, TYPE_BYTES
from rdpcodec.container.varint import encode_varint
from rdpcodec.errors import ISSUE, ChecksumError, MalformedError
from rdpcodec.limits import Limits


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chunk lies; its body may reach past the end of a truncated file.

    Attributes:
        code: The byte of its type.
        offset: Where the chunk begins.
        start: Where its body begins.
        length: The bytes of its body.
    """

    code: int
    offset: int
    start: int
    length: int

    @property
    def stop(self) -> int:
        """The offset after the body."""
        return self.start + self.length

    @property
    def end(self) -> int:
        """The offset after the CRC."""
        return self.stop + CRC_BYTES

    @property
    def name(self) -> str:
        """The type as printable text."""
        return bytes([self.code]).decode("ascii", errors="backslashreplace")


def type_at(data: bytes, offset: int) -> str | None:
    """Return the type of the chunk at an offset as printable text, None at the end of the file."""
    return None if offset >= len(data) else Frame(data[offset], offset, offset, 0).name


def read_frame(data: bytes, offset: int, limits: Limits) -> Frame | None:
    """Read the type and the length of a chunk other than D.

    Args:
        data: The file.
        offset: Where the chunk begins.
        limits: What to accept.

    Returns:
        The frame; None when the file ends inside type or length.

    Raises:
        MalformedError: If the length is not a canonical varint.
        LimitError: If the chunk would make the file too large.
    """
    stream = io.BytesIO(data)  # shares the bytes, copies nothing
    stream.seek(offset)
    try:
        head = CHUNK_HEAD.parse_stream(stream)
    except StreamError:
        return None
    return _bounded(Frame(head.code, offset, stream.tell(), head.length), limits)


def picture_frame(offset: int, length: int, limits: Limits) -> Frame:
    """Return the frame of D, whose length is not written.

    Args:
        offset: Where the chunk begins.
        length: The bytes of its body, from the layer table.
        limits: What to accept.

    Returns:
        The frame.

    Raises:
        LimitError: If the chunk would make the file too large.
    """
    return _bounded(Frame(ord(PICTURE_TYPE), offset, offset + TYPE_BYTES, length), limits)


def _bounded(frame: Frame, limits: Limits) -> Frame:
    what = f"the end of chunk {frame.name} at offset {frame.offset}"
    limits.check("file_bytes", frame.end, what)
    return frame


def read_body(data: bytes, frame: Frame) -> bytes:
    """Return the body of a chunk that the file holds completely.

    Args:
        data: The file.
        frame: The chunk.

    Returns:
        Its body.

    Raises:
        ChecksumError: If the CRC is wrong.
        MalformedError: If the type is not a letter.
    """
    found = CRC.parse(data[frame.stop : frame.end])
    expected = zlib.crc32(memoryview(data)[frame.offset : frame.stop])
    if found != expected:
        message = (
            f"chunk {frame.name} at offset {frame.offset} has CRC {found:08x}, "
            f"expected {expected:08x}: the file is damaged"
        )
        raise ChecksumError(ISSUE.CHECKSUM, message)
    if not (frame.name.isalpha() and frame.name.isascii()):
        message = f"the chunk type at offset {frame.offset} is {frame.name}, expected a letter"
        raise MalformedError(ISSUE.BAD_CHUNK_TYPE, message)
    return data[frame.start : frame.stop]


def build_chunk(kind: str, body: bytes) -> bytes:
    """Return the bytes of a chunk.

    Args:
        kind: A letter.
        body: Its body.

    Returns:
        Type, length, body and CRC; D has no length.
    """
    length = b"" if kind == PICTURE_TYPE else encode_varint(len(body))
    framed = kind.encode("ascii") + length + body
    return framed + CRC.build(zlib.crc32(framed))


def chunk_bytes(body_bytes: int) -> int:
    """Return the size of a chunk other than D.

    Args:
        body_bytes: The bytes of its body.

    Returns:
        The bytes of type, length, body and CRC.
    """
    return TYPE_BYTES + len(encode_varint(body_bytes)) + body_bytes + CRC_BYTES
