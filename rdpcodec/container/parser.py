"""Bytes to dataclasses (spec 3 to 7, limits of spec 12)."""

from rdpcodec.container.ancillary import check_ancillary
from rdpcodec.container.bits import cut_bits, padding_is_zero
from rdpcodec.container.chunks import Frame, picture_frame, read_body, read_frame, type_at
from rdpcodec.container.header import parse_header
from rdpcodec.container.identify import SIGNATURE, check_signature
from rdpcodec.container.layout import HEADER_TYPE, PICTURE_TYPE
from rdpcodec.container.model import Chunk, Header, RdpFile
from rdpcodec.errors import ISSUE, MalformedError, TruncatedError
from rdpcodec.limits import DEFAULT, Limits


def parse(data: bytes, *, limits: Limits = DEFAULT, allow_partial: bool = False) -> RdpFile:
    """Read a file.

    Args:
        data: All bytes of the file.
        limits: What to accept.
        allow_partial: Return the whole layers of a truncated file, if there is one at least; the
            CRC of its picture data cannot be verified.

    Returns:
        The file; `layers_missing` is 0 unless `allow_partial` was needed.

    Raises:
        NotRdpError: If the bytes are something else.
        ContainerError: If they do not follow the format.
        UnsupportedError: If they ask for a feature that is not known.
        LimitError: If a limit is hit.
    """
    limits.check("file_bytes", len(data), "the size of the file in bytes")
    check_signature(data)
    header, offset = _read_header(data, limits)
    ancillary, frame = _read_ancillary(data, offset, header, limits)
    if frame.end > len(data):
        return _partial(data, header, ancillary, frame, allow_partial=allow_partial)
    payload = read_body(data, frame)
    _check_payload(data, header, frame, payload)
    return RdpFile(header=header, payload=payload, ancillary=ancillary)


def _read_header(data: bytes, limits: Limits) -> tuple[Header, int]:
    offset = len(SIGNATURE)
    kind = type_at(data, offset)
    if kind == PICTURE_TYPE:  # its length would be in the header
        raise _order(f"the first chunk is {PICTURE_TYPE}, expected {HEADER_TYPE}")
    if kind is not None:
        limits.check("chunks", 1, "the number of chunks")
    frame = read_frame(data, offset, limits)
    if frame is None or frame.end > len(data):
        message = f"the file ends at byte {len(data)}, inside the header; no layer is whole"
        raise TruncatedError(ISSUE.TRUNCATED, message)
    read_body(data, frame)
    if frame.name != HEADER_TYPE:
        raise _order(f"the first chunk is {frame.name}, expected {HEADER_TYPE}")
    return parse_header(data, frame, limits), frame.end


def _read_ancillary(
    data: bytes, offset: int, header: Header, limits: Limits
) -> tuple[tuple[Chunk, ...], Frame]:
    """Read chunks up to D and return its frame, whose body is not read yet."""
    chunks: list[Chunk] = []
    total = 0
    while (kind := type_at(data, offset)) is not None:
        limits.check("chunks", len(chunks) + 2, "the number of chunks")
        if kind == PICTURE_TYPE:
            return tuple(chunks), picture_frame(offset, header.payload_bytes(), limits)
        frame = read_frame(data, offset, limits)
        if frame is None:
            break
        total += frame.length
        limits.check("ancillary_bytes", total, "the size of all ancillary chunks in bytes")
        if frame.end > len(data):
            break
        chunk = _ancillary_chunk(frame, read_body(data, frame))
        check_ancillary(chunk, chunks, offset, limits)
        chunks.append(chunk)
        offset = frame.end
    raise _truncated(data, header, 0)


def _ancillary_chunk(frame: Frame, body: bytes) -> Chunk:
    if frame.name == HEADER_TYPE:
        raise _order(f"a second chunk {HEADER_TYPE} is at offset {frame.offset}")
    if frame.name.isupper():
        message = f"chunk {frame.name} at offset {frame.offset} is critical and unknown"
        raise MalformedError(ISSUE.UNKNOWN_CRITICAL_CHUNK, message)
    return Chunk(frame.name, body)


def _check_payload(data: bytes, header: Header, frame: Frame, payload: bytes) -> None:
    if len(data) > frame.end:
        message = (
            f"{len(data) - frame.end} byte(s) follow chunk {PICTURE_TYPE}, which ends at offset "
            f"{frame.end}, expected none"
        )
        raise MalformedError(ISSUE.TRAILING_DATA, message)
    if not padding_is_zero(payload, header.coded_bits()):
        message = f"the padding of chunk {PICTURE_TYPE} before offset {frame.stop} is not zero"
        raise MalformedError(ISSUE.BAD_PADDING, message)


def _partial(
    data: bytes,
    header: Header,
    ancillary: tuple[Chunk, ...],
    frame: Frame,
    *,
    allow_partial: bool,
) -> RdpFile:
    """Keep the layers that a cut D chunk still holds."""
    available = data[frame.start : frame.stop]
    whole = _whole_layers(header, 8 * len(available))
    if not (allow_partial and whole):
        raise _truncated(data, header, whole)
    payload = cut_bits(available, 0, header.coded_bits(whole))
    missing = len(header.layers) - whole
    return RdpFile(header=header, payload=payload, ancillary=ancillary, layers_missing=missing)


def _whole_layers(header: Header, bits: int) -> int:
    for whole, layer in enumerate(header.layers):
        bits -= layer.bits
        if bits < 0:
            return whole
    return len(header.layers)


def _truncated(data: bytes, header: Header, whole: int) -> TruncatedError:
    total = len(header.layers)
    message = f"the file is cut at byte {len(data)}: {whole} of {total} layers are whole"
    return TruncatedError(ISSUE.TRUNCATED, message, whole, total)


def _order(message: str) -> MalformedError:
    return MalformedError(ISSUE.CHUNK_ORDER, message)
