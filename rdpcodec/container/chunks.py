"""The frame of a chunk: type, length, body, CRC-32 (spec 3.2)."""

import io
import zlib
from dataclasses import dataclass

from construct import StreamError

from rdpcodec.container.layout import CHUNK_HEAD, CRC, CRC_BYTES
from rdpcodec.errors import ISSUE, ChecksumError, MalformedError
from rdpcodec.limits import Limits


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chunk lies; its body may reach past the end of a truncated file.

    Attributes:
        type: Two bytes.
        offset: Where the chunk begins.
        start: Where its body begins.
        length: The bytes of its body.
    """

    type: bytes
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
        return self.type.decode("ascii", errors="backslashreplace")


def read_frame(data: bytes, offset: int, limits: Limits) -> Frame | None:
    """Read the type and the length of a chunk.

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
        fields = CHUNK_HEAD.parse_stream(stream)
    except StreamError:
        return None
    frame = Frame(fields.type, offset, stream.tell(), fields.length)
    limits.check("file_bytes", frame.end, f"the end of chunk {frame.name} at offset {offset}")
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
        MalformedError: If the type is not two letters.
    """
    found = CRC.parse(data[frame.stop : frame.end])
    expected = zlib.crc32(memoryview(data)[frame.offset : frame.stop])
    if found != expected:
        message = (
            f"chunk {frame.name} at offset {frame.offset} has CRC {found:08x}, "
            f"expected {expected:08x}: the file is damaged"
        )
        raise ChecksumError(ISSUE.CHECKSUM, message)
    if not (frame.type.isalpha() and frame.type.isascii()):
        message = f"the chunk type at offset {frame.offset} is {frame.name}, expected two letters"
        raise MalformedError(ISSUE.BAD_CHUNK_TYPE, message)
    return data[frame.start : frame.stop]


def build_chunk(kind: str, body: bytes) -> bytes:
    """Return the bytes of a chunk.

    Args:
        kind: Two letters.
        body: Its body.

    Returns:
        Type, length, body and CRC.
    """
    framed = CHUNK_HEAD.build({"type": kind.encode("ascii"), "length": len(body)}) + body
    return framed + CRC.build(zlib.crc32(framed))
