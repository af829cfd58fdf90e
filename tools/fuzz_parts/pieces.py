"""A file taken to pieces without asking whether it is right, and put together with right CRCs."""

import zlib

from rdpcodec.container import SIGNATURE
from rdpcodec.container.varint import decode_varint, encode_varint
from rdpcodec.errors import RdpError

Piece = tuple[bytes, bytes]  # the type, one byte, and the body
_PICTURE, _CRC_BYTES = b"D", 4
_PNG = b"\x89PNG\r\n\x1a\n"


def split(data: bytes) -> list[Piece]:
    """Return the chunks of a file, as far as there are any.

    Args:
        data: Anything; the signature is not looked at.

    Returns:
        Type and body of each; D and what is cut reach to the end.
    """
    pieces, at = [], len(SIGNATURE)
    while at < len(data):
        kind, start, stop = data[at : at + 1], at + 1, len(data) - _CRC_BYTES
        length = None if kind == _PICTURE else _length(data, start)
        if length is not None:
            start = length[1]
            stop = min(stop, start + length[0])
        pieces.append((kind, data[start : max(start, stop)]))
        at = max(start, stop) + _CRC_BYTES
    return pieces


def join(pieces: list[Piece]) -> bytes:
    """Return a file of chunks, each with its length, where it has one, and its CRC."""
    out = bytearray(SIGNATURE)
    for kind, body in pieces:
        framed = kind + (b"" if kind == _PICTURE else encode_varint(len(body))) + body
        out += framed + zlib.crc32(framed).to_bytes(_CRC_BYTES, "little")
    return bytes(out)


def with_right_crcs(data: bytes) -> bytes:
    """Return a PNG whose CRCs are right; anything else as it is."""
    if not data.startswith(_PNG):
        return data
    out, at = bytearray(data), len(_PNG)
    while at + 12 <= len(data):
        stop = at + 8 + int.from_bytes(data[at : at + 4])
        out[stop : stop + 4] = zlib.crc32(out[at + 4 : stop]).to_bytes(4)[: len(out[stop:])]
        at = stop + 4
    return bytes(out)


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """Return the length that a chunk says it has, and where its body begins."""
    try:
        return decode_varint(data, at)
    except RdpError:
        return None
