"""Bytes to dataclasses (spec 3 to 7, limits of spec 12)."""

from dataclasses import dataclass, replace

from rdpcodec.container.ancillary import check_ancillary
from rdpcodec.container.bits import cut_bits, padding_is_zero
from rdpcodec.container.chunks import Frame, picture_frame, read_body, read_frame, type_at
from rdpcodec.container.header import parse_header
from rdpcodec.container.identify import SIGNATURE, check_signature
from rdpcodec.container.layout import HEADER_TYPE, PICTURE_TYPE, PROMPT
from rdpcodec.container.model import Chunk, Header, RdpFile
from rdpcodec.container.prompt import Prompt, parse_prompt
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
    between, frame = _read_between(data, offset, header, limits)
    if frame.end > len(data):
        return _partial(data, header, between, frame, allow_partial=allow_partial)
    payload = read_body(data, frame)
    _check_payload(data, header, frame, payload)
    return RdpFile(
        header=header, payload=payload, ancillary=between.ancillary, prompt=between.prompt
    )


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


@dataclass(frozen=True)
class _Between:
    """The chunks between H and D so far, each checked."""

    ancillary: tuple[Chunk, ...] = ()
    prompt: Prompt | None = None

    @property
    def count(self) -> int:
        return len(self.ancillary) + (self.prompt is not None)

    def plus(self, frame: Frame, body: bytes, header: Header, limits: Limits) -> "_Between":
        """Return these and one more, after checking it."""
        if frame.name == HEADER_TYPE:
            raise _order(f"a second chunk {HEADER_TYPE} is at offset {frame.offset}")
        if frame.name == PROMPT:
            if self.count:
                what = f"chunk {PROMPT} at offset {frame.offset} is not the one after {HEADER_TYPE}"
                raise _order(what)
            return replace(self, prompt=parse_prompt(body, frame.offset, limits))
        if frame.name.isupper():
            message = f"chunk {frame.name} at offset {frame.offset} is critical and unknown"
            raise MalformedError(ISSUE.UNKNOWN_CRITICAL_CHUNK, message)
        chunk = Chunk(frame.name, body)
        check_ancillary(chunk, self.ancillary, frame.offset, header, limits)
        return replace(self, ancillary=(*self.ancillary, chunk))


def _read_between(
    data: bytes, offset: int, header: Header, limits: Limits
) -> tuple[_Between, Frame]:
    """Read chunks up to D and return its frame, whose body is not read yet."""
    found, ancillary_bytes = _Between(), 0
    while (kind := type_at(data, offset)) is not None:
        limits.check("chunks", found.count + 2, "the number of chunks")
        if kind == PICTURE_TYPE:
            return found, picture_frame(offset, header.payload_bytes(), limits)
        frame = read_frame(data, offset, limits)
        if frame is None:
            break
        if kind == PROMPT:
            what = f"the size of chunk {PROMPT} in bytes, less one,"
            limits.check("prompt_bytes", frame.length - 1, what)
        else:
            ancillary_bytes += frame.length
            what = "the size of all ancillary chunks in bytes"
            limits.check("ancillary_bytes", ancillary_bytes, what)
        if frame.end > len(data):
            break
        found = found.plus(frame, read_body(data, frame), header, limits)
        offset = frame.end
    raise _truncated(data, header, 0)


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
    between: _Between,
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
    return RdpFile(
        header=header,
        payload=payload,
        ancillary=between.ancillary,
        prompt=between.prompt,
        layers_missing=missing,
    )


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
