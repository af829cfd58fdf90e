"""A valid file taken to pieces, to be put together with some changed and the CRCs right again."""

import zlib
from dataclasses import dataclass

from rdpcodec import container
from rdpcodec.container import SIGNATURE
from rdpcodec.container.chunks import build_chunk
from rdpcodec.container.layout import KINDS
from rdpcodec.container.prior_name import PRIOR_NUMBERS
from rdpcodec.container.table import build_table
from rdpcodec.container.varint import encode_varint
from rdpcodec.layers import CODERS

STATED_STATE, STATED_SEED = 0x10, 0x08


@dataclass(frozen=True)
class Refused:
    """An invalid file."""

    name: str
    why: str
    data: bytes
    limits: dict[str, int] | None = None
    allow_partial: bool = False


class Parts:
    """A file whose seed and parameter are stated and whose prior has a number, in pieces."""

    def __init__(self, data: bytes) -> None:
        """Take it to pieces, and check that they give the file again."""
        self.file = container.parse(data)
        header = self.file.header
        packed = KINDS.index(header.kind) << 6 | STATED_SEED | CODERS.index(header.coder)
        self.fields = {
            "version": bytes([0x10 + header.minor]),
            "packed": bytes([packed]),
            "width": encode_varint(header.width),
            "height": encode_varint(header.height),
            "state": b"",
            "prior": bytes([PRIOR_NUMBERS[header.prior_id]]),
            "digest": header.prior_digest,
            "seed": encode_varint(header.seed),
            "parameter": bytes([header.coder_parameter]),
            "count": bytes([len(header.layers) - 1]),
            "table": build_table(header.layers, header.coder),
        }
        self.extra = b"".join(build_chunk(c.type, c.body) for c in self.file.ancillary)
        if self.join() != data:
            raise RuntimeError("the pieces do not give the file again")

    @staticmethod
    def named(name: bytes) -> dict[str, bytes]:
        """Return the fields of a prior that is written by its name."""
        return {"prior": b"\0" + bytes([len(name)]) + name, "digest": bytes(8)}

    def packed(self, *, stated: int = STATED_SEED, kind: int = 0, coder: int = 1) -> bytes:
        """Return another byte `packed`."""
        return bytes([kind << 6 | stated | coder])

    def unstated(self) -> dict[str, bytes]:
        """Return the fields of a header that states neither seed nor parameter."""
        return {"packed": self.packed(stated=0), "seed": b"", "parameter": b""}

    def body(self, **changes: bytes) -> bytes:
        """Return the body of H with some fields replaced."""
        return b"".join((self.fields | changes).values())

    def head(self, **changes: bytes) -> bytes:
        """Return the H chunk with some fields replaced."""
        return build_chunk("H", self.body(**changes))

    def picture(self, body: bytes | None = None) -> bytes:
        """Return the D chunk, with its body replaced if one is given."""
        return build_chunk("D", self.file.payload if body is None else body)

    def join(
        self, *, extra: bytes | None = None, picture: bytes | None = None, **changes: bytes
    ) -> bytes:
        """Return a file with some pieces replaced."""
        middle = self.extra if extra is None else extra
        end = self.picture() if picture is None else picture
        return SIGNATURE + self.head(**changes) + middle + end


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of any type but D, even one that is no letter."""
    framed = kind + encode_varint(len(body)) + body
    return framed + zlib.crc32(framed).to_bytes(4, "little")


def flipped(data: bytes, at: int) -> bytes:
    """Return the bytes with one bit turned over."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
