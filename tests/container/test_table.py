"""Tests of the layer table."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rdpcodec.container import table
from rdpcodec.container.table import Place, build_table, parse_table, table_bits
from rdpcodec.errors import MalformedError
from rdpcodec.layers import MANTISSA, STEP_PRIMER, Layer, trellis_bits

SPEC = Path(__file__).parents[2] / "spec" / "rdp.md"
DIM = 189


@st.composite
def layers(draw: st.DrawFn, coder: str) -> tuple[Layer, ...]:
    """Draw any layers that the format can carry."""
    levels = sorted(draw(st.sets(st.integers(0, 4095), min_size=1, max_size=20)), reverse=True)
    found = []
    for t in levels:
        q = draw(st.integers(0, 255))
        bits = 8 * draw(st.integers(0, 300)) if coder == "pfr" else trellis_bits(DIM, q)
        found.append(Layer(t, q, bits))
    return tuple(found)


@given(st.data(), st.sampled_from(["pfr", "trellis"]))
@settings(max_examples=100, deadline=None)
def test_tables_round_trip(draw: st.DataObject, coder: str) -> None:
    """Every layer table comes back, and its length is the sum of what each layer takes."""
    drawn = draw.draw(layers(coder))
    data = build_table(drawn, coder)
    assert parse_table(data, len(drawn), coder=coder, dim=DIM, offset=0) == drawn
    place, bits = Place(), 0
    for layer in drawn:
        bits += table_bits(layer, place, coder)
        place = place.after(layer)
    assert len(data) == -(-bits // 8)


@given(st.binary(max_size=40), st.sampled_from(["pfr", "trellis"]))
@settings(max_examples=300)
def test_any_table_gives_layers_or_an_error(raw: bytes, coder: str) -> None:
    """Any bytes as a layer table are refused, or they are layers that give the same table."""
    for count in (1, 3):
        try:
            found = parse_table(raw, count, coder=coder, dim=100, offset=0)
        except MalformedError:
            continue
        assert build_table(found, coder) == raw


def test_the_byte_count_stands_before_the_next_step() -> None:
    """With the paper's coder, each layer's three parts stand together."""
    # 12 bits t, 8 bits q, eg(8) of 1: 100000001; step 200 as predicted: 0, q falls by 1: 1,
    # eg(8) of 0: 100000000.
    bits = f"{1000:012b}{9:08b}" + "100000001" + "0" + "1" + "100000000"
    expected = int(bits, 2) << (-len(bits) % 8)
    found = build_table((Layer(1000, 9, 8), Layer(800, 8, 0)), "pfr")
    assert found == expected.to_bytes(len(found))


def test_the_spec_has_the_constants_of_the_table() -> None:
    """The text of the spec and the code agree on the normative constants."""
    text = " ".join(SPEC.read_text().split())
    primer = ", ".join(map(str, STEP_PRIMER))
    last = 1 + len(STEP_PRIMER)
    for sentence in (
        f"p_k is {primer} for k = 2..{last} and d_(k-1) for k > {last}.",
        f"write t_1 in {table.T_BITS} bits and q_1 in {table.Q_BITS} bits",
        f"otherwise the bit 1 and seg({table.T_ORDER}) of f",
        f"write seg({table.Q_ORDER}) of q_k - q_(k-1) + {-table.Q_DRIFT}.",
        f"byte count of the layer as eg({table.BYTES_ORDER})",
        "M = " + ", ".join(map(str, MANTISSA)),
    ):
        assert sentence in text
