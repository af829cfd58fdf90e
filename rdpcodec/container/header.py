"""The body of H to a `Header` (spec 4); each field is checked before the next is read."""

import io
from typing import Any

from construct import StreamError

from rdpcodec.container.chunks import Frame
from rdpcodec.container.layout import DEPTHS, HEADER, KINDS, MAJOR, field_of
from rdpcodec.container.model import Header, implied_state
from rdpcodec.container.prior_name import PRIOR_ID, PRIOR_NUMBERS, prior_of_number
from rdpcodec.container.table import parse_table
from rdpcodec.errors import ISSUE, MalformedError, UnsupportedError, UnsupportedVersionError
from rdpcodec.layers import (
    CODERS,
    DEFAULT_PARAMETERS,
    PARAMETER_MAX,
    PARAMETER_MIN,
    StateShape,
)
from rdpcodec.limits import Limits


def parse_header(data: bytes, frame: Frame, limits: Limits) -> Header:
    """Read the header.

    Args:
        data: The file.
        frame: Its H chunk, complete and with the right CRC.
        limits: What to accept.

    Returns:
        The header.

    Raises:
        UnsupportedVersionError: If the major version is unknown; nothing else was read then.
        MalformedError: If a field is invalid, or longer than it has to be.
        UnsupportedError: If the kind of picture or the coder is unknown.
        LimitError: If the picture, the state or the table is too large.
    """
    fields = _parse_fields(data, frame, limits)
    kind, coder = KINDS[fields.packed.kind], CODERS[fields.packed.coder]
    state = _state(fields.state) if fields.state else None
    channels, rows, columns = (state or implied_state(kind)).of(fields.width, fields.height)
    offset = frame.stop - len(fields.table)
    count, dim = fields.layers + 1, channels * rows * columns
    return Header(
        width=fields.width,
        height=fields.height,
        kind=kind,
        depth=DEPTHS[fields.packed.sixteen_bits],
        state=state,
        coder=coder,
        coder_parameter=(
            fields.randomness.coder_parameter if fields.randomness else DEFAULT_PARAMETERS[coder]
        ),
        prior_id=_prior_id(fields.prior),
        prior_digest=fields.prior.prior_digest,
        seed=fields.randomness.seed if fields.randomness else 0,
        layers=parse_table(fields.table, count, coder=coder, dim=dim, offset=offset),
        minor=fields.version.minor,
    )


def _parse_fields(data: bytes, frame: Frame, limits: Limits) -> Any:
    stream = io.BytesIO(data[: frame.stop])  # from the start of the file: offsets are absolute
    stream.seek(frame.start)
    checks = _Checks(frame, limits)
    try:
        return HEADER.parse_stream(stream, checks=checks)
    except StreamError as error:
        raise checks.refusal(f"ends inside field {field_of(error)}") from error


class _Checks:
    """A method for each field that `layout.HEADER` declares as checked (spec 13.1).

    Each takes the field and the fields before it.
    """

    def __init__(self, frame: Frame, limits: Limits) -> None:
        self._frame = frame
        self._limits = limits

    def version(self, version: Any, _: Any) -> None:
        """Refuse other major versions, by number."""
        if version.major == 0:
            raise self.refusal("has major version 0, expected 1 or more")
        if version.major != MAJOR:
            message = f"the file has major version {version.major}; this decoder knows {MAJOR}"
            raise UnsupportedVersionError(ISSUE.UNSUPPORTED_MAJOR, message)

    def packed(self, packed: Any, _: Any) -> None:
        """Refuse reserved values."""
        if packed.kind >= len(KINDS):
            raise _unsupported(f"kind of picture {packed.kind}, expected 0..{len(KINDS) - 1}")
        if packed.coder >= len(CODERS):
            raise _unsupported(f"coder {packed.coder}, expected 0..{len(CODERS) - 1}")

    def width(self, width: int, _: Any) -> None:
        """Refuse a width of 0 or above the limit."""
        self._side("width", width)

    def height(self, height: int, fields: Any) -> None:
        """Refuse a height of 0, and sizes above the limits."""
        self._side("height", height)
        self._limits.check("pixels", fields.width * height, "the number of pixels")

    def state(self, state: Any, fields: Any) -> None:
        """Refuse a shape that cannot be, or that goes without saying, and one above the limit."""
        kind = KINDS[fields.packed.kind]
        shape = implied_state(kind)
        if state is not None:
            try:
                shape = _state(state)
            except ValueError as error:
                raise self.refusal(f"has a state that cannot be: {error}") from error
            if shape == implied_state(kind):
                raise self.refusal(f"states the shape that {kind} pictures have without it")
        channels, rows, columns = shape.of(fields.width, fields.height)
        dim = channels * rows * columns
        self._limits.check("state", dim, "the number of coordinates of the state")

    def prior_name(self, raw: bytes | None, _: Any) -> None:
        """Refuse a name that is none, or that has a number."""
        if raw is None:
            return
        name = raw.decode("ascii", errors="backslashreplace")
        if not (raw.isascii() and PRIOR_ID.fullmatch(name)):
            raise self.refusal(f"has prior name {name!r}, expected {PRIOR_ID.pattern}")
        if name in PRIOR_NUMBERS:
            raise self.refusal(f"names prior {name}, which is written as {PRIOR_NUMBERS[name]}")

    def randomness(self, stated: Any, fields: Any) -> None:
        """Refuse a coder parameter out of range, and values that hold without being stated."""
        if stated is None:
            return
        parameter = stated.coder_parameter
        if not PARAMETER_MIN <= parameter <= PARAMETER_MAX:
            bounds = f"{PARAMETER_MIN}..{PARAMETER_MAX}"
            raise self.refusal(f"has coder parameter {parameter}, expected {bounds}")
        if (stated.seed, parameter) == (0, DEFAULT_PARAMETERS[CODERS[fields.packed.coder]]):
            raise self.refusal("states the seed and the coder parameter that hold without it")

    def layers(self, last: int, _: Any) -> None:
        """Refuse more layers than the limit."""
        self._limits.check("layers", last + 1, "the number of layers")

    def refusal(self, what: str) -> MalformedError:
        """Return the error of a field that has a value which is never valid."""
        message = f"chunk H at offset {self._frame.offset} {what}"
        return MalformedError(ISSUE.BAD_HEADER_FIELD, message)

    def _side(self, name: str, value: int) -> None:
        if value == 0:
            raise self.refusal(f"has {name} 0, expected at least 1")
        self._limits.check("side", value, f"the {name} of the picture")


def _state(state: Any) -> StateShape:
    return StateShape(state.channels, state.stride, state.multiple)


def _prior_id(prior: Any) -> str:
    if prior.prior_name is None:
        return prior_of_number(prior.number)
    return str(prior.prior_name, "ascii")


def _unsupported(what: str) -> UnsupportedError:
    return UnsupportedError(ISSUE.UNSUPPORTED_FEATURE, f"chunk H has {what}")
