"""The body of the chunk `o`: how opaque each pixel is, in one of four forms (spec 7.3).

Nothing is decoded here beyond what shows that the body fits the picture.
"""

import zlib
from dataclasses import dataclass

from rdpcodec.container.model import Header
from rdpcodec.errors import ISSUE, MalformedError

FORMS = ("constant", "deflate", "webp", "deflate-16")  # the position is the id on disk
OPAQUE = 255
WEBP_SIDE_MAX = 16_383
_RAW_DEFLATE = -15  # zlib's name of a stream without header and checksum
_RESERVED, _PREPROCESSING, _METHOD = 0xC0, 0x30, 0x03  # bits of the first byte of RFC 9649, ALPH
_RAW, _LOSSLESS = 0, 1


@dataclass(frozen=True, slots=True)
class StoredAlpha:
    """Alpha as a file holds it.

    Attributes:
        form: One of `FORMS`.
        data: The value of all pixels; a raw DEFLATE stream of them, row by row; the payload of a
            WebP chunk `ALPH`; or a raw DEFLATE stream of the differences of 16-bit samples.
    """

    form: str
    data: bytes

    @property
    def body(self) -> bytes:
        """The body of the chunk."""
        return bytes([FORMS.index(self.form)]) + self.data


def parse_alpha(body: bytes, header: Header, where: str) -> StoredAlpha:
    """Return the alpha in the body of a chunk, after checking all that needs no image decoder.

    Args:
        body: The body.
        header: That of the file, within its limits.
        where: What to call the chunk in messages.

    Returns:
        The alpha; what an `ALPH` payload holds behind its first byte is not looked at.

    Raises:
        MalformedError: If the body is not what spec 7.3 says.
    """
    form = body[0] if body else None
    most = len(FORMS) - (1 if header.depth == 16 else 2)
    if form is None or form > most:
        raise bad_alpha(f"{where} has the form {form}, expected 0 to {most}")
    found = StoredAlpha(FORMS[form], body[1:])
    _CHECKS[found.form](found.data, header, where)
    return found


def bad_alpha(message: str) -> MalformedError:
    """Return the error for alpha that cannot be read."""
    return MalformedError(ISSUE.BAD_ANCILLARY, message)


def _check_constant(data: bytes, header: Header, where: str) -> None:  # noqa: ARG001 - as the others
    if len(data) != 1:
        raise bad_alpha(f"{where} has {len(data)} bytes of constant alpha, expected 1")
    if data[0] == OPAQUE:
        raise bad_alpha(f"{where} says that all is opaque, which is said by no chunk")


def _check_deflate(data: bytes, header: Header, where: str) -> None:
    _check_stream(data, header.width * header.height, where)


def _check_deflate_16(data: bytes, header: Header, where: str) -> None:
    _check_stream(data, 2 * header.width * header.height, where)


def _check_stream(data: bytes, size: int, where: str) -> None:
    stream = zlib.decompressobj(wbits=_RAW_DEFLATE)
    try:
        plain = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise bad_alpha(f"{where} does not inflate: {error}") from error
    if len(plain) != size:
        found = "more" if len(plain) > size else str(len(plain))
        raise bad_alpha(f"{where} inflates to {found} bytes, expected {size}, those of all pixels")
    if not stream.eof or stream.unused_data:
        raise bad_alpha(f"{where} is not exactly one DEFLATE stream")


def _check_webp(data: bytes, header: Header, where: str) -> None:
    width, height = header.width, header.height
    if max(width, height) > WEBP_SIDE_MAX:
        raise bad_alpha(f"{where} is WebP, which has at most {WEBP_SIDE_MAX} pixels a side")
    head = data[0] if data else _RESERVED
    preprocessing, method = (head & _PREPROCESSING) >> 4, head & _METHOD
    if head & _RESERVED or preprocessing > 1 or method > _LOSSLESS or len(data) < 2:
        raise bad_alpha(
            f"{where} has no alpha of WebP: it begins with {data[:2].hex() or 'nothing'}"
        )
    if method == _RAW and len(data) != 1 + width * height:
        raise bad_alpha(
            f"{where} has {len(data) - 1} bytes of raw alpha, expected {width * height}"
        )


_CHECKS = {
    "constant": _check_constant,
    "deflate": _check_deflate,
    "webp": _check_webp,
    "deflate-16": _check_deflate_16,
}
