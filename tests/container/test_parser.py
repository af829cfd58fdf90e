"""Tests of damage, of limits and of every invalid fixture."""

import json
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdpcodec.container import (
    SIGNATURE,
    Chunk,
    Header,
    RdpFile,
    build,
    header_bytes,
    pack_private,
    pack_rho,
    parse,
)
from rdpcodec.container.varint import decode_varint
from rdpcodec.errors import (
    ISSUE,
    ChecksumError,
    LimitError,
    MalformedError,
    RdpError,
    TruncatedError,
)
from rdpcodec.layers import Layer
from rdpcodec.limits import Limits

MakeHeader = Callable[..., Header]
MakeFile = Callable[..., RdpFile]
INVALID = Path(__file__).parents[2] / "fixtures" / "invalid"
CASES = json.loads((INVALID / "cases.json").read_text())["cases"]
FOR_THE_DECODER = (
    "RDP-213_alpha-webp-cut.rdp",
    "RDP-213_alpha-webp-giant.rdp",
    "RDP-213_alpha-webp-larger.rdp",
    "RDP-213_before-prior.rdp",
    "RDP-301_state.rdp",
)
AFTER_PARSING = ("RDP-302", "RDP-501", "RDP-502")


def _fix_crcs(data: bytes) -> bytes:
    """Write the right CRC into every chunk that can be found; D reaches to the end."""
    out, at = bytearray(data), len(SIGNATURE)
    while at < len(data):
        try:
            found = decode_varint(data, at + 1)
        except MalformedError:
            break
        if data[at : at + 1] == b"D":
            stop = len(data) - 4
        elif found is None:
            break
        else:
            stop = found[1] + found[0]
        if not at < stop <= len(data) - 4:
            break
        out[stop : stop + 4] = zlib.crc32(data[at:stop]).to_bytes(4, "little")
        at = stop + 4
    return bytes(out)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_each_invalid_fixture_costs_no_memory(case: dict[str, object]) -> None:
    """Parsing raises the issue of the file, or leaves it to the decoder, and allocates little."""
    data = (INVALID / str(case["file"])).read_bytes()
    limits = Limits(**case.get("limits", {}))  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        parse(data, limits=limits, allow_partial=bool(case.get("allow_partial")))
        found = None
    except RdpError as error:
        found = error.issue
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    left = case["issue"] in AFTER_PARSING or case["file"] in FOR_THE_DECODER
    assert found == (None if left else case["issue"])
    assert peak < 3 << 20


def test_the_fixtures_reach_every_issue_of_the_container() -> None:
    """No id of the container lacks an invalid file."""
    expected = {issue.value for issue in ISSUE if "RDP-100" < issue.value < "RDP-500"}
    assert expected <= {case["issue"] for case in CASES}


def test_every_truncation_says_how_many_layers_are_whole(make_file: MakeFile) -> None:
    """Each cut raises the documented error with the right count, or gives those layers."""
    file = make_file(Chunk("z", b"abc"))
    data = build(file)
    start = len(data) - 4 - len(file.payload)
    head = len(header_bytes(file.header))
    for cut in range(1, len(data)):
        bits = 8 * max(0, cut - start)
        whole = sum(file.header.coded_bits(k) <= bits for k in (1, 2, 3))
        with pytest.raises(TruncatedError) as caught:
            parse(data[:cut])
        assert caught.value.layers_whole == whole
        assert caught.value.layers_total == (0 if cut < head else 3)
        expected = f"{whole} of 3 layers are whole" if cut >= head else "no layer is whole"
        assert expected in str(caught.value)
        if whole:
            partial = parse(data[:cut], allow_partial=True)
            assert partial.layers_whole == whole
            assert build(partial.truncated(whole)) == build(file.truncated(whole))
        else:
            with pytest.raises(TruncatedError):
                parse(data[:cut], allow_partial=True)


def test_layers_of_no_bits_are_whole_where_the_picture_begins(make_file: MakeFile) -> None:
    """A first layer of 0 bytes is whole as soon as the type of D is there, and not before."""
    header = Header(
        width=4, height=4, kind="grey", coder="pfr", coder_parameter=12, seed=0,
        prior_id="gaussian-1", prior_digest=bytes(4),
        layers=(Layer(900, 3, 0), Layer(700, 3, 16), Layer(600, 3, 0)),
    )  # fmt: skip
    data, head = build(make_file(header=header)), len(header_bytes(header))
    assert [parse(data[:cut], allow_partial=True).layers_whole for cut in range(head + 1, head + 5)
            ] == [1, 1, 3, 3]  # fmt: skip
    with pytest.raises(TruncatedError):
        parse(data[:head], allow_partial=True)


def test_padding_of_a_cut_file_is_not_checked(make_file: MakeFile) -> None:
    """Where the CRC is missing, bits after the last layer are left alone, as the spec says."""
    file = make_file()
    data = build(file)[:-4]
    used = file.header.coded_bits()
    assert used % 8
    padded = data[:-1] + bytes([data[-1] | 1])
    assert parse(padded, allow_partial=True) == file


def test_every_single_bit_flip_is_refused(make_file: MakeFile) -> None:
    """No single-bit flip of a file goes unnoticed."""
    data = build(make_file(pack_rho(0.5), pack_private("org.a", b"a"), Chunk("z", b"a")))
    for at in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(RdpError):
            parse(bytes(flipped))


def test_a_wrong_checksum_names_chunk_offset_found_and_expected(make_file: MakeFile) -> None:
    """The sentence about a damaged chunk says all there is to know."""
    data = bytearray(build(make_file()))
    data[-6] ^= 0x10
    with pytest.raises(ChecksumError, match=r"chunk D at offset \d+ has CRC \w{8}, expected \w{8}"):
        parse(bytes(data))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_file_or_an_error(data: bytes) -> None:
    """Nothing but the documented errors comes out, with or without a valid signature."""
    for candidate in (data, SIGNATURE + data, _fix_crcs(SIGNATURE + b"H" + data)):
        try:
            parse(candidate, allow_partial=True)
        except RdpError:
            continue


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_mutated_files_with_right_checksums_give_a_file_or_an_error(
    make_file: MakeFile, draw: st.DataObject
) -> None:
    """Damage behind valid checksums is refused, or it is a file that is built again exactly."""
    data = bytearray(build(make_file(pack_rho(0.5))))
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(len(SIGNATURE), len(data) - 1))
        data[at] = draw.draw(st.integers(0, 255))
    fixed = _fix_crcs(bytes(data))
    try:
        file = parse(fixed)
    except RdpError:
        return
    assert build(file) == fixed


def test_a_file_above_the_limit_is_refused_first() -> None:
    """The size of the file is checked before anything is read."""
    with pytest.raises(LimitError) as caught:
        parse(b"x" * 101, limits=Limits(file_bytes=100))
    assert caught.value.issue == ISSUE.LIMIT_FILE_BYTES


def test_limits_can_be_raised(make_header: MakeHeader, make_file: MakeFile) -> None:
    """With raised limits a large side is read."""
    wide = make_header(((2400, 200),), width=20_000, height=1)
    data = build(make_file(header=wide))
    with pytest.raises(LimitError, match="side = 16384"):
        parse(data)
    assert parse(data, limits=Limits(side=20_000)).header.width == 20_000
