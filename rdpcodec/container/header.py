"""The body of HD to a `Header` (spec 4); every field is checked before it is used."""

import io
from typing import Any, TypeVar

from construct import StreamError

from rdpcodec.container.chunks import Frame
from rdpcodec.container.layout import HEADER, LAYOUT_CHANNELS, field_of
from rdpcodec.container.model import MAJOR, PRIOR_ID, Header
from rdpcodec.container.table import parse_table
from rdpcodec.errors import (
    ISSUE,
    MalformedError,
    UnsupportedError,
    UnsupportedVersionError,
)
from rdpcodec.layers import CODERS, MAX_LAYERS, PARAMETER_MAX, PARAMETER_MIN
from rdpcodec.limits import Limits
from rdpcodec.schedule import SCHEDULES

_T = TypeVar("_T")


def parse_header(data: bytes, frame: Frame, limits: Limits) -> Header:
    """Read the header.

    Args:
        data: The file.
        frame: Its HD chunk, complete and with the right CRC.
        limits: What to accept.

    Returns:
        The header.

    Raises:
        UnsupportedVersionError: If the major version is unknown; nothing else was read then.
        MalformedError: If a field is invalid.
        UnsupportedError: If the coder, the schedule or the channel layout is unknown.
        LimitError: If the picture or the table is too large.
    """
    _check_major(data, frame)
    fields = _parse_fields(data, frame)
    _check_size(fields, frame, limits)
    channels = _choose(fields.packed.layout, LAYOUT_CHANNELS, "channel layout", frame)
    schedule = _choose(fields.packed.schedule, SCHEDULES, "schedule", frame)
    coder = _choose(fields.packed.coder, CODERS, "coder", frame)
    _check_range(fields, frame)
    dim = fields.width * fields.height * channels
    offset = frame.stop - len(fields.table)
    layers = parse_table(fields.table, fields.layer_count, coder=coder, dim=dim, offset=offset)
    return Header(
        width=fields.width,
        height=fields.height,
        channels=channels,
        coder=coder,
        coder_parameter=fields.coder_parameter,
        prior_id=_prior_id(fields.prior_id, frame),
        prior_digest=fields.prior_digest,
        seed=fields.seed,
        layers=layers,
        schedule=schedule,
        minor=fields.minor,
    )


def _check_major(data: bytes, frame: Frame) -> None:
    if frame.length == 0:
        raise _bad("is empty, expected a version", frame)
    major = data[frame.start]
    if major == 0:
        raise _bad("has major version 0, expected 1 or more", frame)
    if major != MAJOR:
        message = f"the file has major version {major}; this reader knows version {MAJOR}"
        raise UnsupportedVersionError(ISSUE.UNSUPPORTED_MAJOR, message)


def _parse_fields(data: bytes, frame: Frame) -> Any:
    stream = io.BytesIO(data[: frame.stop])  # from the start of the file: offsets are absolute
    stream.seek(frame.start)
    try:
        return HEADER.parse_stream(stream)
    except StreamError as error:
        raise _bad(f"ends inside field {field_of(error)}", frame) from error


def _check_size(fields: Any, frame: Frame, limits: Limits) -> None:
    for name in ("width", "height"):
        if fields[name] == 0:
            raise _bad(f"has {name} 0, expected at least 1", frame)
        limits.check("side", fields[name], f"the {name} of the picture")
    limits.check("pixels", fields.width * fields.height, "the number of pixels")
    if fields.layer_count == 0:
        raise _bad("has 0 layers, expected at least 1", frame)
    limits.check("layers", fields.layer_count, "the number of layers")
    if fields.layer_count > MAX_LAYERS:
        raise _bad(f"has {fields.layer_count} layers, expected {MAX_LAYERS} at most", frame)


def _choose(index: int, known: tuple[_T, ...], what: str, frame: Frame) -> _T:
    if index >= len(known):
        message = f"HD at offset {frame.offset} has {what} {index}, expected 0..{len(known) - 1}"
        raise UnsupportedError(ISSUE.UNSUPPORTED_FEATURE, message)
    return known[index]


def _check_range(fields: Any, frame: Frame) -> None:
    value = fields.coder_parameter
    if not PARAMETER_MIN <= value <= PARAMETER_MAX:
        bounds = f"{PARAMETER_MIN}..{PARAMETER_MAX}"
        raise _bad(f"has coder parameter {value}, expected {bounds}", frame)


def _prior_id(raw: bytes, frame: Frame) -> str:
    name = raw.decode("ascii", errors="backslashreplace")
    if not (raw.isascii() and PRIOR_ID.fullmatch(name)):
        raise _bad(f"has prior name {name!r}, expected {PRIOR_ID.pattern}", frame)
    return name


def _bad(what: str, frame: Frame) -> MalformedError:
    return MalformedError(ISSUE.BAD_HEADER_FIELD, f"HD at offset {frame.offset} {what}")
