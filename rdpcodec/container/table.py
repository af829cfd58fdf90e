"""The layer table, a bit string in the header (spec 5.3).

The constants, and `layers.STEP_PRIMER`, are normative. They are chosen on photos so that a ladder
of levels that follows the prediction costs one bit a level for t, and one to three for q.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rdpcodec.container.bits import BitCounter, BitReader, BitsError, BitWriter, padding_is_zero
from rdpcodec.errors import ISSUE, MalformedError
from rdpcodec.layers import Q_MAX, STEP_PRIMER, Layer, trellis_bits

T_BITS = 12
T_ORDER = 4
Q_BITS = 8
Q_DRIFT = -1
Q_ORDER = 0
BYTES_ORDER = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two layers of a table: what predicts the next one.

    Attributes:
        count: The layers so far.
        before: The last of them, None at the start.
        step: How far it went down from the one before it, 0 for the first.
    """

    count: int = 0
    before: Layer | None = None
    step: int = 0

    @property
    def predicted(self) -> int:
        """The step that is expected next; without meaning at the start."""
        return STEP_PRIMER[self.count - 1] if self.count <= len(STEP_PRIMER) else self.step

    def after(self, layer: Layer) -> "Place":
        """Return the place behind one more layer."""
        step = 0 if self.before is None else self.before.t - layer.t
        return Place(self.count + 1, layer, step)


def build_table(layers: Sequence[Layer], coder: str) -> bytes:
    """Write the table.

    Args:
        layers: The layers, coarse to fine.
        coder: The name of the channel coder.

    Returns:
        The bits, zero padded to a byte.
    """
    out, place = BitWriter(), Place()
    for layer in layers:
        _write_layer(out, layer, place, coder)
        place = place.after(layer)
    return out.to_bytes()


def table_bits(layer: Layer, place: Place, coder: str) -> int:
    """Return how many bits of the table a layer takes.

    Args:
        layer: The layer.
        place: Where it stands.
        coder: The name of the channel coder.

    Returns:
        The number of bits, without padding.
    """
    out = BitCounter()
    _write_layer(out, layer, place, coder)
    return out.bits


def parse_table(data: bytes, count: int, *, coder: str, dim: int, offset: int) -> tuple[Layer, ...]:
    """Read the table.

    Args:
        data: All bytes of the table.
        count: How many layers it has.
        coder: The name of the channel coder.
        dim: The number of coordinates of the state.
        offset: The offset of the table in the file, for messages.

    Returns:
        The layers, coarse to fine.

    Raises:
        MalformedError: If the table breaks a rule of spec 5.3.
    """
    reader, place = BitReader(data), Place()
    layers: list[Layer] = []
    for k in range(count):
        try:
            t, q = _read_levels(reader, place)
            _check_range(t, q, place, offset)
            bits = 8 * reader.read_exp_golomb(BYTES_ORDER) if coder == "pfr" else None
        except BitsError as error:
            raise _bad(f"{error} in layer {k} of {count}", offset) from error
        layers.append(Layer(t, q, trellis_bits(dim, q) if bits is None else bits))
        place = place.after(layers[-1])
    _check_end(reader, data, offset)
    return tuple(layers)


def _write_layer(out: BitWriter, layer: Layer, place: Place, coder: str) -> None:
    if place.before is None:
        out.write(layer.t, T_BITS)
        out.write(layer.q, Q_BITS)
    else:
        _write_deviation(out, place.before.t - layer.t - place.predicted)
        out.write_signed(layer.q - place.before.q - Q_DRIFT, Q_ORDER)
    if coder == "pfr":
        out.write_exp_golomb(layer.bits // 8, BYTES_ORDER)


def _read_levels(reader: BitReader, place: Place) -> tuple[int, int]:
    """Read t and q, which may be out of range."""
    if place.before is None:
        return reader.read(T_BITS), reader.read(Q_BITS)
    t = place.before.t - place.predicted - _read_deviation(reader)
    return t, place.before.q + Q_DRIFT + reader.read_signed(Q_ORDER)


def _write_deviation(out: BitWriter, deviation: int) -> None:
    """Write one zero bit, or a one and the code of a deviation that is not zero."""
    out.write(int(deviation != 0), 1)
    if deviation:
        out.write_signed(deviation - (deviation > 0), T_ORDER)


def _read_deviation(reader: BitReader) -> int:
    if not reader.read(1):
        return 0
    value = reader.read_signed(T_ORDER)
    return value + (value >= 0)


def _check_range(t: int, q: int, place: Place, offset: int) -> None:
    if place.before and not 0 <= t < place.before.t:
        expected = f"0..{place.before.t - 1}"
        raise _bad(f"layer {place.count} has t = {t}, expected {expected}", offset)
    if not 0 <= q <= Q_MAX:
        raise _bad(f"layer {place.count} has q = {q}, expected 0..{Q_MAX}", offset)


def _check_end(reader: BitReader, data: bytes, offset: int) -> None:
    if reader.remaining() >= 8:
        raise _bad(
            f"{reader.remaining() // 8} byte(s) follow the last layer, expected none", offset
        )
    if not padding_is_zero(data, reader.position):
        message = f"the padding of the layer table at offset {offset} is not zero"
        raise MalformedError(ISSUE.BAD_PADDING, message)


def _bad(what: str, offset: int) -> MalformedError:
    return MalformedError(ISSUE.BAD_LAYER_TABLE, f"layer table at offset {offset}: {what}")
