"""The bytes of a file as construct declarations (spec 3 and 4).

Construct stays inside this package; the reader and the writer turn its containers into dataclasses.
"""

from typing import IO, TYPE_CHECKING, Any, cast

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Construct,
    GreedyBytes,
    Int8ub,
    Int32ul,
    Prefixed,
    StreamError,
    Struct,
)

from rdpcodec.container.varint import MAX_BYTES, decode_varint, encode_varint

if TYPE_CHECKING:
    _IntConstruct = Construct[int, int]
else:  # the class itself is generic only in its stubs
    _IntConstruct = Construct

TYPE_BYTES = 2
CRC_BYTES = 4
DIGEST_BYTES = 8
HEADER_TYPE = "HD"
PICTURE_TYPE = "DT"
LAYOUT_CHANNELS = (1, 3)  # the position is the channel layout on disk


class _Varint(_IntConstruct):
    """A canonical varint of at most ten bytes; construct's own is unbounded.

    The signatures are construct's, hence the unused arguments.
    """

    def _parse(self, stream: IO[bytes], context: object, path: str) -> int:  # noqa: ARG002
        start = stream.tell()
        window = stream.read(MAX_BYTES)
        found = decode_varint(window, 0, base=start)
        if found is None:
            raise StreamError("the stream ends inside an integer", path=path)
        stream.seek(start + found[1])
        return found[0]

    def _build(self, obj: int, stream: IO[bytes], context: object, path: str) -> int:  # noqa: ARG002
        stream.write(encode_varint(obj))
        return obj


VARINT = _Varint()
CHUNK_HEAD = Struct("type" / Bytes(TYPE_BYTES), "length" / VARINT)
CRC = Int32ul
HEADER = Struct(
    "major" / Int8ub,
    "minor" / Int8ub,
    "packed"
    / BitStruct(
        "layout" / BitsInteger(2),
        "schedule" / BitsInteger(3),
        "coder" / BitsInteger(3),
    ),
    "width" / VARINT,
    "height" / VARINT,
    "prior_id" / Prefixed(Int8ub, GreedyBytes),
    "prior_digest" / Bytes(DIGEST_BYTES),
    "seed" / VARINT,
    "coder_parameter" / Int8ub,
    "layer_count" / VARINT,
    "table" / GreedyBytes,
)


def field_of(error: StreamError) -> str:
    """Return the name of the field in which a stream ended.

    Args:
        error: What construct raised.

    Returns:
        The last part of construct's path.
    """
    return cast("str", cast("Any", error).path or "").rsplit(" -> ", 1)[-1]
