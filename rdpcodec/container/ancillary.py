"""The registered ancillary chunks, in one table: what they are called, and their rules (spec 7)."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rdpcodec.container.alpha import StoredAlpha, parse_alpha
from rdpcodec.container.layout import ALPHA, EXIF, ICC_PROFILE, PRIVATE, RHO_HINT, XMP
from rdpcodec.container.model import Chunk, Header
from rdpcodec.container.prior_name import PRIOR_ID as NAME
from rdpcodec.errors import ISSUE, MalformedError
from rdpcodec.limits import DEFAULT, Limits

_RHO_SCALE = 255
_METADATA_LIMIT = "ancillary_bytes"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a chunk stands, and in what file."""

    where: str
    header: Header
    limits: Limits


@dataclass(frozen=True, slots=True)
class _Kind:
    """A registered chunk.

    Attributes:
        name: What `inspect` calls it.
        check: Refuses a body that breaks its rules.
        once: Whether a file has one at most.
    """

    name: str
    check: Callable[[bytes, _Place], object]
    once: bool = True


def name_of(kind: str) -> str | None:
    """Return what a registered chunk is called, None for a letter that is not registered."""
    return _KINDS[kind].name if kind in _KINDS else None


def check_ancillary(
    chunk: Chunk, before: Iterable[Chunk], offset: int, header: Header, limits: Limits = DEFAULT
) -> None:
    """Refuse a registered chunk that breaks its rules.

    Args:
        chunk: The chunk.
        before: The ancillary chunks before it.
        header: That of the file.
        offset: Its offset in the file, for messages.
        limits: What to accept.

    Raises:
        MalformedError: If it occurs twice, or its body is not what spec 7 says.
        LimitError: If the ICC profile is too large.
    """
    kind = _KINDS.get(chunk.type)
    if kind is None:
        return
    where = f"chunk {chunk.type} at offset {offset}"
    if kind.once and any(other.type == chunk.type for other in before):
        raise _bad(f"{where} occurs twice, expected once at most")
    kind.check(chunk.body, _Place(where, header, limits))


def pack_alpha(form: str, data: bytes) -> Chunk:
    """Return a chunk with the alpha of a picture.

    Args:
        form: As in `StoredAlpha`.
        data: As in `StoredAlpha`.

    Returns:
        A chunk o.
    """
    return Chunk(ALPHA, StoredAlpha(form, data).body)


def unpack_alpha(ancillary: Iterable[Chunk], header: Header) -> StoredAlpha | None:
    """Return the alpha of a file.

    Args:
        ancillary: Its ancillary chunks.
        header: Its header, within its limits.

    Returns:
        What an image library can read, None for an opaque picture.

    Raises:
        MalformedError: If it breaks spec 7.3.
    """
    body = _find(ancillary, ALPHA)
    if body is None:
        return None
    return parse_alpha(body, header, f"chunk {ALPHA}")


def pack_rho(rho: float) -> Chunk:
    """Return the hint at which rho to view the picture.

    Args:
        rho: 0..1.

    Returns:
        A chunk r.

    Raises:
        ValueError: If rho is out of range.
    """
    if not 0 <= rho <= 1:
        raise ValueError(f"rho is {rho}, expected 0..1")
    return Chunk(RHO_HINT, bytes([round(rho * _RHO_SCALE)]))


def unpack_rho(ancillary: Iterable[Chunk]) -> float | None:
    """Return the rho hint of a file.

    Args:
        ancillary: Its ancillary chunks.

    Returns:
        0..1, None without a hint.
    """
    body = _find(ancillary, RHO_HINT)
    return None if body is None else body[0] / _RHO_SCALE


def pack_icc(profile: bytes, *, limits: Limits = DEFAULT) -> Chunk:
    """Return a chunk with an ICC profile.

    Args:
        profile: The profile.
        limits: What a decoder would accept.

    Returns:
        A chunk i.

    Raises:
        LimitError: If the profile is too large.
    """
    limits.check("icc_bytes", len(profile), "the size of the ICC profile in bytes")
    return Chunk(ICC_PROFILE, zlib.compress(profile, 9))


def unpack_icc(ancillary: Iterable[Chunk], *, limits: Limits = DEFAULT) -> bytes | None:
    """Return the ICC profile of a file; inflates no more than the limit.

    Args:
        ancillary: Its ancillary chunks.
        limits: What to accept.

    Returns:
        The profile, None without one.

    Raises:
        MalformedError: If the deflated data are damaged or have a tail.
        LimitError: If the profile is too large.
    """
    body = _find(ancillary, ICC_PROFILE)
    return None if body is None else _inflate(body, limits, "chunk i")


def pack_metadata(kind: str, plain: bytes, *, limits: Limits = DEFAULT) -> Chunk:
    """Return a chunk with metadata.

    Args:
        kind: `EXIF` or `XMP` of `layout`.
        plain: A TIFF structure, or an XMP packet.
        limits: What a decoder would accept.

    Returns:
        A chunk e or x.

    Raises:
        LimitError: If they are too large.
    """
    limits.check(_METADATA_LIMIT, len(plain), f"the size of {_KINDS[kind].name} in bytes")
    return Chunk(kind, zlib.compress(plain, 9))


def unpack_metadata(
    ancillary: Iterable[Chunk], kind: str, *, limits: Limits = DEFAULT
) -> bytes | None:
    """Return metadata of a file; inflates no more than the limit.

    Args:
        ancillary: Its ancillary chunks.
        kind: `EXIF` or `XMP` of `layout`.
        limits: What to accept.

    Returns:
        The metadata, None without them.

    Raises:
        MalformedError: If the deflated data are damaged or have a tail.
        LimitError: If they are too large.
    """
    body = _find(ancillary, kind)
    return None if body is None else _inflate(body, limits, f"chunk {kind}", _METADATA_LIMIT)


def pack_private(name: str, data: bytes) -> Chunk:
    """Return a chunk with data that only its owner understands.

    Args:
        name: Who owns it, such as `org.example.notes`; 1 to 64 characters, as for priors.
        data: Anything.

    Returns:
        A chunk p.

    Raises:
        ValueError: If the name cannot be written.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"the private name is {name!r}, expected {NAME.pattern}")
    return Chunk(PRIVATE, bytes([len(name)]) + name.encode("ascii") + data)


def unpack_private(chunk: Chunk) -> tuple[str, bytes]:
    """Return the owner's name and the data of a private chunk.

    Args:
        chunk: A chunk p.

    Returns:
        Both.

    Raises:
        MalformedError: If the name is cut or has characters that no name has.
    """
    return _split_private(chunk.body, f"chunk {chunk.type}")


def _split_private(body: bytes, where: str) -> tuple[str, bytes]:
    length = body[0] if body else 0
    raw = body[1 : 1 + length]
    name = raw.decode("ascii", errors="backslashreplace")
    if len(raw) < length or not (raw.isascii() and NAME.fullmatch(name)):
        raise _bad(f"{where} has the name {name!r}, cut or not {NAME.pattern}")
    return name, body[1 + length :]


def _inflate(body: bytes, limits: Limits, where: str, limit: str = "icc_bytes") -> bytes:
    stream = zlib.decompressobj()
    try:
        profile = stream.decompress(body, getattr(limits, limit) + 1)
    except zlib.error as error:
        raise _bad(f"{where} does not inflate: {error}") from error
    limits.check(limit, len(profile), f"the inflated size of {where} in bytes, or more,")
    if not stream.eof or stream.unused_data:
        raise _bad(f"{where} is not exactly one zlib stream")
    return profile


def _find(ancillary: Iterable[Chunk], kind: str) -> bytes | None:
    return next((chunk.body for chunk in ancillary if chunk.type == kind), None)


def _check_metadata(body: bytes, place: _Place) -> None:
    _inflate(body, place.limits, place.where, _METADATA_LIMIT)


def _check_hint(body: bytes, place: _Place) -> None:
    if len(body) != 1:
        raise _bad(f"{place.where} has {len(body)} bytes, expected 1")


def _check_alpha(body: bytes, place: _Place) -> None:
    parse_alpha(body, place.header, place.where)


def _bad(message: str) -> MalformedError:
    return MalformedError(ISSUE.BAD_ANCILLARY, message)


_KINDS = {
    RHO_HINT: _Kind("rho hint", _check_hint),
    ICC_PROFILE: _Kind("ICC profile", lambda body, at: _inflate(body, at.limits, at.where)),
    ALPHA: _Kind("alpha", _check_alpha),
    EXIF: _Kind("EXIF", _check_metadata),
    XMP: _Kind("XMP", _check_metadata),
    PRIVATE: _Kind("private", lambda body, at: _split_private(body, at.where), once=False),
}
