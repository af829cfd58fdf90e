"""The layer table, a bit string in the header (spec 5.3).

The constants, and `layers.STEP_PRIMER`, are normative. They are chosen on photos so that a ladder
of levels that follows the prediction costs one bit a level for t, and one to three for q.
"""

from collections.abc import Sequence

from rdpcodec.container.bits import BitReader, BitsError, BitWriter, padding_is_zero
from rdpcodec.errors import ISSUE, MalformedError
from rdpcodec.layers import Q_MAX, STEP_PRIMER, Layer, trellis_bits

T_BITS = 12
T_ORDER = 4
Q_BITS = 8
Q_DRIFT = -1
Q_ORDER = 0
BYTES_ORDER = 8


def build_table(layers: Sequence[Layer], coder: str) -> bytes:
    """Write the table.

    Args:
        layers: The layers, coarse to fine.
        coder: The name of the channel coder.

    Returns:
        The bits, zero padded to a byte.
    """
    out = BitWriter()
    before: Layer | None = None
    step = 0
    for k, layer in enumerate(layers):
        step = _write_layer(out, layer, before, _predicted_step(k, step))
        if coder == "pfr":
            out.write_exp_golomb(layer.bits // 8, BYTES_ORDER)
        before = layer
    return out.to_bytes()


def parse_table(data: bytes, count: int, *, coder: str, dim: int, offset: int) -> tuple[Layer, ...]:
    """Read the table.

    Args:
        data: All bytes of the table.
        count: How many layers it has.
        coder: The name of the channel coder.
        dim: Width times height times channels.
        offset: The offset of the table in the file, for messages.

    Returns:
        The layers, coarse to fine.

    Raises:
        MalformedError: If the table breaks a rule of spec 5.3.
    """
    reader = BitReader(data)
    layers: list[Layer] = []
    step = 0
    for k in range(count):
        before = layers[-1] if layers else None
        try:
            t, q = _read_layer(reader, before, _predicted_step(k, step))
            bits = 8 * reader.read_exp_golomb(BYTES_ORDER) if coder == "pfr" else None
        except BitsError as error:
            raise _bad(f"{error} in layer {k} of {count}", offset) from error
        _check_range(t, q, k, before, offset)
        step = before.t - t if before else 0
        layers.append(Layer(t, q, trellis_bits(dim, q) if bits is None else bits))
    _check_end(reader, data, offset)
    return tuple(layers)


def _predicted_step(k: int, previous_step: int) -> int:
    """Return the step that is expected between layers k - 1 and k, counted from 0."""
    return STEP_PRIMER[k - 1] if k <= len(STEP_PRIMER) else previous_step


def _write_layer(out: BitWriter, layer: Layer, before: Layer | None, expected: int) -> int:
    """Write t and q and return the step."""
    if before is None:
        out.write(layer.t, T_BITS)
        out.write(layer.q, Q_BITS)
        return 0
    step = before.t - layer.t
    _write_deviation(out, step - expected)
    out.write_signed(layer.q - before.q - Q_DRIFT, Q_ORDER)
    return step


def _read_layer(reader: BitReader, before: Layer | None, expected: int) -> tuple[int, int]:
    """Read t and q, which may be out of range."""
    if before is None:
        return reader.read(T_BITS), reader.read(Q_BITS)
    t = before.t - expected - _read_deviation(reader)
    return t, before.q + Q_DRIFT + reader.read_signed(Q_ORDER)


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


def _check_range(t: int, q: int, k: int, before: Layer | None, offset: int) -> None:
    if before and not 0 <= t < before.t:
        raise _bad(f"layer {k} has t = {t}, expected 0..{before.t - 1}", offset)
    if not 0 <= q <= Q_MAX:
        raise _bad(f"layer {k} has q = {q}, expected 0..{Q_MAX}", offset)


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
