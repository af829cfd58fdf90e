"""Chunks and boxes of image files that Pillow does not show; nothing is decoded here."""

import re
import struct
from collections.abc import Iterator

_PNG_HEAD = 8
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]")  # less those that stand alone
_START_OF_SCAN, _END = 0xDA, 0xD9
# Bytes between the head of a box and the boxes in it.
_CONTAINERS = {
    b"meta": 4, b"iprp": 0, b"ipco": 0,  # a still picture
    b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8, b"av01": 78,
    b"jp2h": 0,
}  # fmt: skip


def png_chunks(data: bytes) -> dict[bytes, bytes]:
    """Return the chunks of a PNG that stand before its pixels.

    Args:
        data: The file.

    Returns:
        Body by type, of the first chunk of each type.
    """
    chunks: dict[bytes, bytes] = {}
    at = _PNG_HEAD
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            break
        chunks.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 12 + length
    return chunks


def jpeg_scans(data: bytes, most: int) -> int:
    """Return how often a JPEG goes over its picture, before its end.

    Args:
        data: The file.
        most: Where to stop counting.

    Returns:
        The number of scans, `most` at most.
    """
    scans, at = 0, 2
    while scans < most and (found := _JPEG_MARKER.search(data, at)):
        at, kind = found.end(), data[found.end() - 1]
        if kind == _END:
            break
        at += int.from_bytes(data[at : at + 2])
        scans += kind == _START_OF_SCAN
    return scans


def riff_payloads(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of a WebP file.

    Args:
        data: The file.

    Yields:
        Type, of four bytes, and body of each chunk.
    """
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def iso_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the boxes of an AVIF or JPEG 2000 file, also those inside of containers.

    Args:
        data: The file.

    Yields:
        Type and body of each box that is no container, in the order of the file.
    """
    yield from _boxes(memoryview(data), len(_CONTAINERS))


def _boxes(data: memoryview, depth: int) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            head, size = 16, int.from_bytes(data[at + 8 : at + 16])
        elif size == 0:
            size = len(data) - at
        if size < head:
            return
        body = data[at + head : at + size]
        if kind not in _CONTAINERS:
            yield kind, bytes(body)
        elif depth:
            yield from _boxes(body[_CONTAINERS[kind] :], depth - 1)
        at += size
