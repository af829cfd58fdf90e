"""The registered ancillary chunks: rho hint and ICC profile (spec 7)."""

import zlib
from collections.abc import Iterable

from rdpcodec.container.model import Chunk
from rdpcodec.errors import ISSUE, MalformedError
from rdpcodec.limits import DEFAULT, Limits

RHO_HINT = "rH"
ICC_PROFILE = "iC"
_RHO_SCALE = 255
_ONCE = (RHO_HINT, ICC_PROFILE)


def check_ancillary(chunk: Chunk, before: Iterable[Chunk], offset: int) -> None:
    """Refuse a registered chunk that occurs twice or has the wrong length.

    Args:
        chunk: The chunk.
        before: The ancillary chunks before it.
        offset: Its offset in the file, for messages.

    Raises:
        MalformedError: If a rule of spec 7 is broken.
    """
    if chunk.type in _ONCE and any(other.type == chunk.type for other in before):
        raise _bad(f"chunk {chunk.type} at offset {offset} occurs twice, expected once at most")
    if chunk.type == RHO_HINT and len(chunk.body) != 1:
        raise _bad(f"chunk rH at offset {offset} has {len(chunk.body)} bytes, expected 1")


def pack_rho(rho: float) -> Chunk:
    """Return the hint at which rho to view the picture.

    Args:
        rho: 0..1.

    Returns:
        An rH chunk.

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
        limits: What a reader would accept.

    Returns:
        An iC chunk.

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
    return None if body is None else _inflate(body, limits)


def _inflate(body: bytes, limits: Limits) -> bytes:
    stream = zlib.decompressobj()
    try:
        profile = stream.decompress(body, limits.icc_bytes + 1)
    except zlib.error as error:
        raise _bad(f"chunk iC does not inflate: {error}") from error
    limits.check("icc_bytes", len(profile), "the inflated size of chunk iC in bytes, or more,")
    if not stream.eof or stream.unused_data:
        raise _bad("chunk iC is not exactly one zlib stream")
    return profile


def _find(ancillary: Iterable[Chunk], kind: str) -> bytes | None:
    return next((chunk.body for chunk in ancillary if chunk.type == kind), None)


def _bad(message: str) -> MalformedError:
    return MalformedError(ISSUE.BAD_ANCILLARY, message)
