"""Whole files to bytes and back."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdpcodec.container import (
    Chunk,
    Header,
    RdpFile,
    build,
    container_bytes,
    file_size,
    header_bytes,
    pack_private,
    pack_rho,
    parse,
)
from rdpcodec.layers import Layer, StateShape, trellis_bits

MakeHeader = Callable[..., Header]
MakeFile = Callable[..., RdpFile]
SPEC = Path(__file__).parents[2] / "spec" / "rdp.md"
# Spec 4.4: grey 5x3, trellis, gaussian-1, two layers t = 2816 and 2700 with q = 20 and 16.
VECTOR = bytes.fromhex(
    "89 52 44 50 0d 0a"  # signature
    "48 0f"  # H, 15 bytes
    "10 01 05 03"  # version 1.0; grey, 8 bits, trellis; width; height
    "01 00 01 02 03"  # gaussian-1, digest
    "01"  # two layers
    "b0 01 48 b7 30"  # table: 101100000000 00010100, 1 00010110111 00110, padding 000
    "2b 1d 44 7a"  # CRC-32
    "44 e7 40"  # D: the first layer is 111001, the second 1101(0000), zero padding
    "b5 d8 31 ef"  # CRC-32
)
UNREGISTERED = st.builds(Chunk, st.sampled_from("abcz"), st.binary(max_size=20))


def _spec_example() -> str:
    """Return the hex digits of the example in the spec, section 4.4, without its comments."""
    lines = SPEC.read_text().split("### 4.4 Example")[1].split("```")[1].splitlines()
    return " ".join(re.split(r"\s{4,}", line.strip())[0].strip() for line in lines)


@st.composite
def headers(draw: st.DrawFn) -> Header:
    """Draw any header that the format can carry."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    kind, coder = (
        draw(st.sampled_from(["grey", "rgb", "equal-rgb"])),
        draw(st.sampled_from(["pfr", "trellis"])),
    )
    state = draw(st.sampled_from([None, StateShape(4, 8, 16), StateShape(2)]))
    channels, rows, columns = (state or StateShape(3 if kind == "rgb" else 1)).of(width, height)
    levels = sorted(draw(st.sets(st.integers(0, 4095), min_size=1, max_size=20)), reverse=True)
    layers = []
    for t in levels:
        q = draw(st.integers(0, 255))
        bits = 8 * draw(st.integers(0, 300))
        if coder == "trellis":
            bits = trellis_bits(channels * rows * columns, q)
        layers.append(Layer(t, q, bits))
    names = st.from_regex(r"[a-z0-9][A-Za-z0-9._:/@-]{0,63}", fullmatch=True)
    return Header(
        width=width,
        height=height,
        kind=kind,
        depth=draw(st.sampled_from([8, 16])),
        state=state,
        coder=coder,
        coder_parameter=draw(st.integers(4, 16) | st.sampled_from([12, 14])),
        prior_id=draw(names | st.sampled_from(["gaussian-1", "photo-1", "#3", "#255"])),
        prior_digest=draw(st.binary(min_size=8, max_size=8)),
        seed=draw(st.integers(0, 2**64 - 1) | st.just(0)),
        layers=tuple(layers),
        minor=draw(st.integers(0, 15)),
    )


def test_vector_parses_to_the_values_of_the_spec() -> None:
    """The hand-written file of the spec means what the spec says, and is built again exactly."""
    file = parse(VECTOR)
    header = file.header
    assert (header.width, header.height, header.kind) == (5, 3, "grey")
    assert (header.coder, header.coder_parameter, header.seed) == ("trellis", 14, 0)
    assert (header.prior_id, header.prior_digest) == ("gaussian-1", bytes(range(4)))
    assert header.layers == (Layer(2816, 20, 6), Layer(2700, 16, 8))
    assert (file.layer_bits(0), file.layer_bits(1)) == (b"\xe4", b"\xd0")
    assert build(file) == VECTOR
    assert bytes.fromhex(_spec_example()) == VECTOR


@given(headers(), st.lists(UNREGISTERED, max_size=4))
@settings(max_examples=100, deadline=None)
def test_whole_files_round_trip(
    make_file: MakeFile, header: Header, ancillary: list[Chunk]
) -> None:
    """Every file is parsed to what it was built from and built again to the same bytes."""
    file = make_file(*ancillary, header=header)
    data = build(file)
    assert parse(data) == file
    assert build(parse(data)) == data
    assert file_size(header, file.ancillary).file_bytes == len(data)
    assert container_bytes(file) == len(data) - len(file.payload)
    assert data.startswith(header_bytes(header, file.ancillary))


@pytest.mark.parametrize(
    ("change", "added"),
    [
        ({}, 0),
        ({"seed": 1}, 2),
        ({"coder_parameter": 13}, 2),
        ({"seed": 300, "coder_parameter": 4}, 3),
        ({"depth": 16}, 0),
        ({"state": StateShape(3, 1, 2), "width": 8, "height": 8}, 3),
        ({"prior_id": "#77"}, 0),
        ({"prior_id": "mine"}, 1 + 4 + 4),
    ],
)
def test_only_what_differs_from_the_default_is_written(
    change: dict[str, object], added: int, make_header: MakeHeader, make_file: MakeFile
) -> None:
    """Seed, parameter, state and name take bytes only where they have to."""
    header = make_header(((2400, 200),), **change)
    plain = container_bytes(make_file(header=make_header(((2400, 200),))))
    file = make_file(header=header)
    assert container_bytes(file) == plain + added
    assert parse(build(file)).header == header


def test_an_unknown_minor_is_accepted_and_kept(
    make_header: MakeHeader, make_file: MakeFile
) -> None:
    """A later minor version is read and written again."""
    data = build(make_file(header=replace(make_header(), minor=15)))
    assert parse(data).header.version == "1.15"
    assert build(parse(data)) == data


def test_unknown_ancillary_chunks_are_kept_in_order(make_file: MakeFile) -> None:
    """Unknown ancillary chunks survive parsing, truncating and building, in their order."""
    private = pack_private("org.example", b"3")
    chunks = (Chunk("z", b"1"), Chunk("a", b""), private, pack_rho(0.3), Chunk("z", b"2"))
    file = parse(build(make_file(*chunks)))
    assert file.ancillary == chunks
    assert parse(build(file.truncated(1))).ancillary == chunks
