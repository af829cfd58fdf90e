"""The layer table, a bit string in the header (spec 5.3).

The constants are normative; they are chosen so that the encoder's usual ladder of levels costs one
bit a level for t and two to four bits for q.
"""

from collections.abc import Sequence

from rdpcodec.container.bits import BitReader, BitsError, BitWriter, padding_is_zero
from rdpcodec.errors import ISSUE, MalformedError
from rdpcodec.layers import Q_MAX, Layer, trellis_bits
from rdpcodec.schedule import T_MAX

T_FIRST = 2816
STEP_PRIMER = (0, 128, 96, 64, 35)
T_ORDER = 5
Q_BITS = 8
Q_DRIFT = -3
Q_ORDER = 1
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
    t_before, step, q_before = T_FIRST, 0, None
    for k, layer in enumerate(layers):
        expected = _expected_step(k, step)
        step = t_before - layer.t
        _write_deviation(out, step - expected)
        _write_q(out, layer.q, q_before)
        if coder == "pfr":
            out.write_exp_golomb(layer.bits // 8, BYTES_ORDER)
        t_before, q_before = layer.t, layer.q
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
    t_before, step = T_FIRST, 0
    for k in range(count):
        try:
            step = _expected_step(k, step) + _read_deviation(reader)
            q = _read_q(reader, layers[-1].q if layers else None)
            bits = 8 * reader.read_exp_golomb(BYTES_ORDER) if coder == "pfr" else None
        except BitsError as error:
            raise _bad(f"{error} in layer {k} of {count}", offset) from error
        t_before = _checked_t(t_before - step, t_before if k else T_MAX + 1, k, offset)
        q = _checked_q(q, k, offset)
        layers.append(Layer(t_before, q, trellis_bits(dim, q) if bits is None else bits))
    _check_end(reader, data, offset)
    return tuple(layers)


def _expected_step(k: int, previous_step: int) -> int:
    return STEP_PRIMER[k] if k < len(STEP_PRIMER) else previous_step


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


def _write_q(out: BitWriter, q: int, before: int | None) -> None:
    if before is None:
        out.write(q, Q_BITS)
    else:
        out.write_signed(q - before - Q_DRIFT, Q_ORDER)


def _read_q(reader: BitReader, before: int | None) -> int:
    if before is None:
        return reader.read(Q_BITS)
    return before + Q_DRIFT + reader.read_signed(Q_ORDER)


def _checked_t(t: int, above: int, k: int, offset: int) -> int:
    if not 0 <= t < above:
        raise _bad(f"layer {k} has t = {t}, expected 0..{above - 1}", offset)
    return t


def _checked_q(q: int, k: int, offset: int) -> int:
    if not 0 <= q <= Q_MAX:
        raise _bad(f"layer {k} has q = {q}, expected 0..{Q_MAX}", offset)
    return q


def _check_end(reader: BitReader, data: bytes, offset: int) -> None:
    if reader.remaining() >= 8:
        raise _bad(f"{reader.remaining() // 8} bytes follow the last layer, expected none", offset)
    if not padding_is_zero(data, reader.position):
        message = f"the padding of the layer table at offset {offset} is not zero"
        raise MalformedError(ISSUE.BAD_PADDING, message)


def _bad(what: str, offset: int) -> MalformedError:
    return MalformedError(ISSUE.BAD_LAYER_TABLE, f"layer table at offset {offset}: {what}")
