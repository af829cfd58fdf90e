"""The bytes of a file as construct declarations (spec 3 and 4).

Construct stays inside this package; parser and builder turn its containers into dataclasses.
"""

from typing import IO, TYPE_CHECKING, Any, cast

from construct import (
    Adapter,
    BitsInteger,
    BitStruct,
    Bytes,
    Construct,
    Flag,
    GreedyBytes,
    If,
    IfThenElse,
    Int8ub,
    Int32ul,
    Nibble,
    Prefixed,
    StreamError,
    Struct,
    this,
)

from rdpcodec.container.prior_name import NAMED, NAMED_DIGEST_BYTES, NUMBERED_DIGEST_BYTES
from rdpcodec.container.varint import MAX_BYTES, decode_varint, encode_varint

if TYPE_CHECKING:
    _IntConstruct = Construct[int, int]
    _AnyAdapter = Adapter[Any, Any, Any, Any]
else:  # the classes themselves are generic only in their stubs
    _IntConstruct = Construct
    _AnyAdapter = Adapter

MAJOR = 1
MINOR_MAX = 15
TYPE_BYTES = 1
CRC_BYTES = 4
HEADER_TYPE = "H"
PICTURE_TYPE = "D"
PROMPT = "T"
RHO_HINT = "r"
ICC_PROFILE = "i"
PRIVATE = "p"
ALPHA = "o"  # opacity
EXIF = "e"
XMP = "x"
KINDS = ("grey", "rgb", "equal-rgb")  # the position is the id on disk
DEPTHS = (8, 16)  # bits of a sample; the position is the flag on disk


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


class _Checked(_AnyAdapter):
    """A field that is accepted, or refused, before the next one is read.

    Whoever parses gives `checks`, an object with a method for each name.
    """

    def __init__(self, name: str, subcon: Any) -> None:
        super().__init__(subcon)
        self._check = name

    def _decode(self, obj: Any, context: Any, path: str) -> Any:  # noqa: ARG002
        getattr(context._params.checks, self._check)(obj, context)  # noqa: SLF001 - construct's own name
        return obj

    def _encode(self, obj: Any, context: Any, path: str) -> Any:  # noqa: ARG002
        return obj


def _checked(name: str, subcon: Any) -> Any:
    return name / _Checked(name, subcon)


VARINT = _Varint()
CHUNK_HEAD = Struct("code" / Int8ub, "length" / VARINT)  # D has no length
CRC = Int32ul
PACKED = BitStruct(
    "kind" / BitsInteger(2),
    "sixteen_bits" / Flag,
    "explicit_state" / Flag,
    "explicit_seed" / Flag,
    "coder" / BitsInteger(3),
)
PRIOR = Struct(
    "number" / Int8ub,
    _checked("prior_name", If(this.number == NAMED, Prefixed(Int8ub, GreedyBytes))),
    "prior_digest"
    / IfThenElse(this.number == NAMED, Bytes(NAMED_DIGEST_BYTES), Bytes(NUMBERED_DIGEST_BYTES)),
)
HEADER = Struct(
    _checked("version", BitStruct("major" / Nibble, "minor" / Nibble)),
    _checked("packed", PACKED),
    _checked("width", VARINT),
    _checked("height", VARINT),
    _checked(
        "state",
        If(
            this.packed.explicit_state,
            Struct("channels" / Int8ub, "stride" / Int8ub, "multiple" / Int8ub),
        ),
    ),
    "prior" / PRIOR,
    _checked(
        "randomness",
        If(
            this.packed.explicit_seed,
            Struct("seed" / VARINT, "coder_parameter" / Int8ub),
        ),
    ),
    _checked("layers", Int8ub),  # less one
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
