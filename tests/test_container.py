"""Tests of the container: vectors, round trips, damage, limits, byte budget."""

import math
import random
import re
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
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
    container_bytes,
    file_size,
    header_bytes,
    join_layers,
    pack_icc,
    pack_rho,
    parse,
    table,
    unpack_icc,
    unpack_rho,
)
from rdpcodec.container.bits import (
    MAX_PREFIX,
    BitReader,
    BitsError,
    BitWriter,
    cut_bits,
    join_bits,
    unzigzag,
    zigzag,
)
from rdpcodec.container.chunks import build_chunk
from rdpcodec.container.table import build_table, parse_table
from rdpcodec.container.varint import decode_varint, encode_varint
from rdpcodec.errors import (
    ISSUE,
    ChecksumError,
    LimitError,
    MalformedError,
    NotRdpError,
    RdpError,
    TruncatedError,
    UnsupportedError,
    UnsupportedVersionError,
)
from rdpcodec.layers import MANTISSA, STEP_PRIMER, Layer, trellis_bits
from rdpcodec.limits import Limits

# Spec 4.2: grey 5x3, trellis nu = 12, gaussian-1, two layers t = 2816 and 2700 with q = 20 and 16.
VECTOR = bytes.fromhex(
    "89 52 44 50 0d 0a 1a 0a"  # signature
    "48 44 20"  # HD, 32 bytes
    "01 00 01 05 03"  # version 1.0; grey, log2, trellis; width; height
    "0a 67 61 75 73 73 69 61 6e 2d 31"  # gaussian-1
    "00 01 02 03 04 05 06 07"  # digest
    "00 0c 02"  # seed, nu, layers
    "b0 01 48 b7 30"  # table: 101100000000 00010100, 1 00010110111 00110, padding 000
    "2d d6 f8 2c"  # CRC-32
    "44 54 02 e7 40"  # DT, 2 bytes: layer 0 is 111001, layer 1 is 1101(00), zero padding
    "b4 61 59 4b"  # CRC-32
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _spec_example() -> str:
    """Return the hex digits of the example in the spec, section 4.2, without its comments."""
    text = (Path(__file__).parents[1] / "spec" / "rdp.md").read_text()
    lines = text.split("### 4.2 Example")[1].split("```")[1].splitlines()
    return " ".join(re.split(r"\s{4,}", line.strip())[0].strip() for line in lines)


def _fix_crcs(data: bytes) -> bytes:
    """Write the right CRC into every chunk that can be found."""
    out, at = bytearray(data), len(SIGNATURE)
    while at + 2 < len(data):
        try:
            found = decode_varint(data, at + 2)
        except MalformedError:
            break
        if found is None or found[1] + found[0] + 4 > len(data):
            break
        stop = found[1] + found[0]
        out[stop : stop + 4] = zlib.crc32(data[at:stop]).to_bytes(4, "little")
        at = stop + 4
    return bytes(out)


def _header(
    levels: tuple[tuple[int, int], ...] = ((2400, 30), (2300, 25), (2290, 20)),
    *,
    width: int = 9,
    height: int = 7,
    channels: int = 3,
    prior_id: str = "gaussian-1",
) -> Header:
    dim = width * height * channels
    return Header(
        width=width,
        height=height,
        channels=channels,
        coder="trellis",
        coder_parameter=12,
        prior_id=prior_id,
        prior_digest=bytes(range(8)),
        seed=0,
        layers=tuple(Layer(t, q, trellis_bits(dim, q)) for t, q in levels),
    )


def _file(*ancillary: Chunk, header: Header | None = None) -> RdpFile:
    header = header or _header()
    pieces = [
        cut_bits(random.Random(k).randbytes(-(-layer.bits // 8)), 0, layer.bits)  # noqa: S311
        for k, layer in enumerate(header.layers)
    ]
    return RdpFile(header=header, payload=join_layers(header, pieces), ancillary=ancillary)


def _body(**changes: bytes) -> bytes:
    """Return a body of HD field by field, some of them replaced."""
    header = _header()
    fields = {
        "major": b"\x01",
        "minor": b"\x00",
        "packed": b"\x41",
        "width": b"\x09",
        "height": b"\x07",
        "prior_id": b"\x0agaussian-1",
        "digest": bytes(range(8)),
        "seed": b"\x00",
        "parameter": b"\x0c",
        "count": b"\x03",
        "table": build_table(header.layers, "trellis"),
    }
    return b"".join((fields | changes).values())


def _with_body(body: bytes) -> bytes:
    return SIGNATURE + build_chunk("HD", body) + build_chunk("DT", _file().payload)


def _chunks(*chunks: tuple[str, bytes]) -> bytes:
    return SIGNATURE + b"".join(build_chunk(kind, body) for kind, body in chunks)


def _bits(*fields: tuple[int, int]) -> bytes:
    out = BitWriter()
    for value, width in fields:
        out.write(value, width)
    return out.to_bytes()


def _signed_step(deviation: int) -> bytes:
    """Return a table of two layers whose step deviates from the prediction."""
    out = BitWriter()
    for value, width in ((4095, 12), (0, 8), (1, 1)):
        out.write(value, width)
    out.write_signed(deviation, table.T_ORDER)
    out.write_signed(1, table.Q_ORDER)
    return out.to_bytes()


# --- vectors -------------------------------------------------------------------------------------


def test_vector_parses_to_the_values_of_the_spec() -> None:
    """The hand-written file of the spec means what the spec says, and is built again exactly."""
    file = parse(VECTOR)
    assert (file.header.width, file.header.height, file.header.channels) == (5, 3, 1)
    assert (file.header.coder, file.header.coder_parameter) == ("trellis", 12)
    assert file.header.layers == (Layer(2816, 20, 6), Layer(2700, 16, 8))
    assert (file.layer_bits(0), file.layer_bits(1)) == (b"\xe4", b"\xd0")
    assert build(file) == VECTOR
    assert bytes.fromhex(_spec_example()) == VECTOR


@pytest.mark.parametrize(
    ("value", "code"),
    [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**64 - 1, "ff" * 9 + "01")],
)
def test_varint_vectors(value: int, code: str) -> None:
    """Varints are little-endian groups of seven bits."""
    assert encode_varint(value).hex() == code
    assert decode_varint(bytes.fromhex(code), 0) == (value, len(code) // 2)


@pytest.mark.parametrize(
    ("value", "order", "bits"),
    [(0, 0, "1"), (1, 0, "010"), (2, 0, "011"), (3, 0, "00100"), (0, 2, "100"), (4, 2, "01000")],
)
def test_exp_golomb_vectors(value: int, order: int, bits: str) -> None:
    """Exp-Golomb codes are those of the spec."""
    out = BitWriter()
    out.write_exp_golomb(value, order)
    assert out.to_bytes() == int(bits.ljust(8, "0"), 2).to_bytes(1)


def test_zigzag_vector() -> None:
    """Signed values are mapped 0, -1, 1, -2, 2 to 0, 1, 2, 3, 4."""
    assert [zigzag(value) for value in (0, -1, 1, -2, 2)] == [0, 1, 2, 3, 4]


def test_the_spec_has_the_constants_of_the_table() -> None:
    """The text of the spec and the code agree on the normative constants."""
    text = " ".join((Path(__file__).parents[1] / "spec" / "rdp.md").read_text().split())
    primer = ", ".join(map(str, STEP_PRIMER))
    last = 1 + len(STEP_PRIMER)
    for sentence in (
        f"p_k is {primer} for k = 2..{last} and d_(k-1) for k > {last}.",
        f"write t_1 in {table.T_BITS} bits and q_1 in {table.Q_BITS} bits",
        f"write the bit 1 and seg({table.T_ORDER}) of e",
        f"write seg({table.Q_ORDER}) of q_k - q_(k-1) + {-table.Q_DRIFT}.",
        f"byte count of the layer as eg({table.BYTES_ORDER})",
        "M = " + ", ".join(map(str, MANTISSA)),
    ):
        assert sentence in text


# --- round trips ---------------------------------------------------------------------------------


@given(st.integers(0, 2**64 - 1))
def test_varint_round_trip(value: int) -> None:
    """Every 64-bit value comes back."""
    code = encode_varint(value)
    assert decode_varint(b"x" + code + b"y", 1) == (value, 1 + len(code))


@given(st.binary(max_size=12))
def test_any_bytes_are_a_canonical_varint_or_an_error(data: bytes) -> None:
    """Whatever decodes is encoded again to the same bytes."""
    try:
        found = decode_varint(data, 0)
    except MalformedError:
        return
    assert found is None or encode_varint(found[0]) == data[: found[1]]


@given(st.lists(st.tuples(st.integers(-(2**30), 2**30), st.integers(0, 8))))
def test_exp_golomb_round_trip(values: list[tuple[int, int]]) -> None:
    """Signed codes of any order follow one another and come back."""
    out = BitWriter()
    for value, order in values:
        out.write_signed(value, order)
    reader = BitReader(out.to_bytes())
    assert [reader.read_signed(order) for _, order in values] == [value for value, _ in values]
    assert reader.remaining() < 8


@given(st.integers(-(2**70), 2**70))
def test_zigzag_round_trip(value: int) -> None:
    """Zigzag is a bijection."""
    assert unzigzag(zigzag(value)) == value


@given(st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 7))))
def test_joined_bits_can_be_cut_again(raw: list[tuple[bytes, int]]) -> None:
    """Bit strings of any length come back from where they were put."""
    pieces = [(data, max(0, 8 * len(data) - less)) for data, less in raw]
    joined = join_bits(pieces)
    assert len(joined) == -(-sum(count for _, count in pieces) // 8)
    at = 0
    for data, count in pieces:
        assert cut_bits(joined, at, count) == cut_bits(data, 0, count)
        at += count


def test_bit_strings_refuse_what_does_not_fit() -> None:
    """Values, prefixes and cuts out of range are bugs of the caller."""
    out = BitWriter()
    for call in (
        lambda: out.write(8, 3),
        lambda: out.write_exp_golomb(2**40, 0),
        lambda: out.write_exp_golomb(-1, 0),
        lambda: cut_bits(b"a", 1, 8),
        lambda: encode_varint(2**64),
        lambda: pack_rho(1.1),
    ):
        with pytest.raises(ValueError, match=r".+"):
            call()


def test_exp_golomb_prefix_is_bounded() -> None:
    """A prefix of 32 zeros is read, one of 33 is refused."""
    longest = _bits((0, MAX_PREFIX), (1 << MAX_PREFIX, MAX_PREFIX + 1))
    assert BitReader(longest).read_exp_golomb(0) == 2**32 - 1
    with pytest.raises(BitsError, match="32 zeros"):
        BitReader(bytes(50)).read_exp_golomb(0)


@st.composite
def headers(draw: st.DrawFn) -> Header:
    """Draw any header that the format can carry."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    channels, coder = draw(st.sampled_from([1, 3])), draw(st.sampled_from(["pfr", "trellis"]))
    dim = width * height * channels
    levels = sorted(draw(st.sets(st.integers(0, 4095), min_size=1, max_size=20)), reverse=True)
    layers = []
    for t in levels:
        q = draw(st.integers(0, 255))
        size = 8 * draw(st.integers(0, 300)) if coder == "pfr" else trellis_bits(dim, q)
        layers.append(Layer(t, q, size))
    return Header(
        width=width,
        height=height,
        channels=channels,
        coder=coder,
        coder_parameter=draw(st.integers(4, 16)),
        prior_id=draw(st.from_regex(r"[a-z0-9][A-Za-z0-9._:/@-]{0,63}", fullmatch=True)),
        prior_digest=draw(st.binary(min_size=8, max_size=8)),
        seed=draw(st.integers(0, 2**64 - 1)),
        layers=tuple(layers),
        minor=draw(st.integers(0, 255)),
    )


UNREGISTERED = st.builds(
    lambda a, b, body: Chunk(a + b, body),
    st.sampled_from("bdfz"),
    st.sampled_from(LETTERS + LETTERS.upper()),
    st.binary(max_size=20),
)


@given(headers(), st.lists(UNREGISTERED, max_size=4))
@settings(max_examples=60, deadline=None)
def test_whole_files_round_trip(header: Header, ancillary: list[Chunk]) -> None:
    """Every file is parsed to what it was built from and built again to the same bytes."""
    file = _file(*ancillary, header=header)
    data = build(file)
    assert parse(data) == file
    assert build(parse(data)) == data
    assert file_size(header, file.ancillary) == len(data)
    assert container_bytes(file) == len(data) - len(file.payload)
    assert data.startswith(header_bytes(header, file.ancillary))


@given(headers())
@settings(max_examples=60, deadline=None)
def test_tables_round_trip(header: Header) -> None:
    """Every layer table comes back."""
    data = build_table(header.layers, header.coder)
    count = len(header.layers)
    found = parse_table(data, count, coder=header.coder, dim=header.dim, offset=0)
    assert found == header.layers


def test_an_unknown_minor_is_accepted_and_kept() -> None:
    """A later minor version only adds ancillary chunks, so that this reader reads it."""
    data = _with_body(_body(minor=b"\x07"))
    assert parse(data).header.minor == 7
    assert build(parse(data)) == data


def test_unknown_ancillary_chunks_are_kept_in_order() -> None:
    """Unknown ancillary chunks survive parsing, truncating and building, in their order."""
    chunks = (Chunk("zz", b"1"), Chunk("aB", b""), pack_rho(0.3), Chunk("zz", b"2"))
    file = parse(build(_file(*chunks)))
    assert file.ancillary == chunks
    assert parse(build(file.truncated(1))).ancillary == chunks


@pytest.mark.parametrize("k", [1, 2, 3])
def test_truncated_files_are_files(k: int) -> None:
    """The first k layers are a file of their own, with the same bits."""
    file = _file()
    short = parse(build(file.truncated(k)))
    assert short.header.layers == file.header.layers[:k]
    assert [short.layer_bits(i) for i in range(k)] == [file.layer_bits(i) for i in range(k)]
    assert short.header.t == file.header.layers[k - 1].t


def test_layers_out_of_range_are_bugs_of_the_caller() -> None:
    """Asking for a layer that is not there is refused."""
    file = _file()
    for k in (0, 4):
        with pytest.raises(ValueError, match="k is"):
            file.truncated(k)
    for k in (-1, 3):
        with pytest.raises(IndexError, match="layer"):
            file.layer_bits(k)
    pieces = [file.layer_bits(k) for k in range(3)]
    for wrong in ([b"", *pieces[1:]], pieces[:2], [*pieces, b""]):
        with pytest.raises(ValueError, match=r"are not all|argument"):
            join_layers(file.header, wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"height": 0},
        {"channels": 2},
        {"coder": "none"},
        {"coder_parameter": 3},
        {"prior_id": "Upper"},
        {"prior_id": ""},
        {"prior_digest": b"short"},
        {"seed": -1},
        {"schedule": "cosine"},
        {"major": 2},
        {"minor": 256},
        {"layers": ()},
        {"layers": (Layer(5, 0, 378), Layer(5, 0, 378))},
        {"layers": (Layer(5, 0, 377),)},
        {"coder": "pfr", "layers": (Layer(5, 0, 377),)},
    ],
)
def test_headers_hold_only_what_the_format_can_carry(change: dict[str, object]) -> None:
    """A header with an impossible value cannot be made."""
    with pytest.raises(ValueError, match=r".+"):
        replace(_header(), **change)  # type: ignore[arg-type]


def test_files_hold_only_a_payload_that_fits() -> None:
    """A payload of the wrong length or with set padding bits cannot be made."""
    file = _file()
    bad = file.payload[:-1] + bytes([file.payload[-1] | 1])
    for payload in (file.payload + b"\0", bad):
        with pytest.raises(ValueError, match="payload"):
            replace(file, payload=payload)
    with pytest.raises(ValueError, match="ancillary"):
        Chunk("Zz", b"")


# --- registered ancillary chunks -----------------------------------------------------------------


@given(st.floats(0, 1))
def test_rho_hint_round_trip(rho: float) -> None:
    """A hint comes back within half a step."""
    found = unpack_rho([pack_rho(rho)])
    assert found is not None
    assert abs(found - rho) <= 0.5 / 255 + 1e-12


def test_a_file_without_hints_has_none() -> None:
    """Without the chunks there is neither rho nor profile."""
    assert unpack_rho(()) is None
    assert unpack_icc(()) is None


@given(st.binary(max_size=2000))
def test_icc_round_trip(profile: bytes) -> None:
    """A profile comes back."""
    assert unpack_icc([pack_icc(profile)]) == profile


def test_icc_inflation_is_bounded() -> None:
    """A small chunk that would inflate to 200 MB is refused with little memory."""
    bomb = Chunk("iC", zlib.compress(bytes(200 << 20), 9))
    tracemalloc.start()
    with pytest.raises(LimitError) as caught:
        unpack_icc([bomb])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.issue == ISSUE.LIMIT_ICC_BYTES
    assert peak < 8 << 20
    with pytest.raises(LimitError):
        pack_icc(bytes((1 << 20) + 1))


@pytest.mark.parametrize(
    "body", [b"", b"junk", zlib.compress(b"x")[:-1], zlib.compress(b"") + b"x"]
)
def test_damaged_icc_is_refused(body: bytes) -> None:
    """A profile chunk is exactly one whole zlib stream."""
    with pytest.raises(MalformedError) as caught:
        unpack_icc([Chunk("iC", body)])
    assert caught.value.issue == ISSUE.BAD_ANCILLARY


def test_build_refuses_a_duplicate_hint() -> None:
    """The writer keeps the rules of the registered chunks too."""
    with pytest.raises(MalformedError, match="twice"):
        build(_file(pack_rho(0.1), pack_rho(0.2)))


# --- what is not an .rdp -------------------------------------------------------------------------

REMOTE = "full address:s:host.example\r\nscreen mode id:i:2\r\n"


@pytest.mark.parametrize(
    "data",
    [
        REMOTE.encode(),
        b"screen mode id:i:2\r\n",
        REMOTE.encode("utf-8-sig"),
        REMOTE.encode("utf-16"),
        b"\xfe\xff" + REMOTE.encode("utf-16-be"),
        b"\r\n" + REMOTE.encode(),
    ],
)
def test_a_remote_desktop_file_is_named(data: bytes) -> None:
    """A connection file with the same extension is recognised in every encoding."""
    with pytest.raises(NotRdpError, match="Windows Remote Desktop") as caught:
        parse(data)
    assert caught.value.issue == ISSUE.REMOTE_DESKTOP_FILE


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"GIF89a", "GIF"),
        (b"RIFF1234WEBPVP8 ", "WebP"),
        (b"\0\0\0\x20ftypavif", "AVIF"),
        (b"\0\0\0\x20ftypmp42", "ISO media"),
        (b"\xff\x0a", "JPEG XL"),
        (b"hello", "68 65 6c 6c 6f"),
    ],
)
def test_other_files_are_named(data: bytes, name: str) -> None:
    """The sentence says what the file is."""
    with pytest.raises(NotRdpError, match=name) as caught:
        parse(data)
    assert caught.value.issue == ISSUE.NOT_RDP


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\r", b"\n"),
        lambda data: bytes(byte & 0x7F for byte in data),
        lambda data: data.decode("latin-1").encode("utf-8"),
        lambda data: data.decode("utf-8", errors="replace").encode("utf-8"),
    ],
)
def test_text_mode_transfer_is_named(change: Callable[[bytes], bytes]) -> None:
    """Each usual way of damaging a binary file is recognised by the signature."""
    with pytest.raises(NotRdpError, match="text mode") as caught:
        parse(change(build(_file())))
    assert caught.value.issue == ISSUE.TRANSFER_DAMAGE


# --- damage --------------------------------------------------------------------------------------


def test_every_truncation_says_how_many_layers_are_whole() -> None:
    """Each cut raises the documented error with the right count, or gives those layers."""
    file = _file(Chunk("zz", b"abc"))
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


def test_a_partial_file_must_be_truncated_before_it_is_built() -> None:
    """A file whose layers are missing cannot be written as it is."""
    partial = parse(build(_file())[:-6], allow_partial=True)
    assert partial.layers_missing
    with pytest.raises(ValueError, match="missing"):
        build(partial)


def test_every_single_bit_flip_is_refused() -> None:
    """No single-bit flip of a file goes unnoticed."""
    data = build(_file(pack_rho(0.5), Chunk("zz", b"a")))
    for at in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(RdpError):
            parse(bytes(flipped))


def test_a_wrong_checksum_names_chunk_offset_found_and_expected() -> None:
    """The sentence about a damaged chunk says all there is to know."""
    data = bytearray(build(_file()))
    data[-6] ^= 0x10
    with pytest.raises(
        ChecksumError, match=r"chunk DT at offset \d+ has CRC \w{8}, expected \w{8}"
    ):
        parse(bytes(data))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_file_or_an_error(data: bytes) -> None:
    """Nothing but the documented errors comes out, with or without a valid signature."""
    for candidate in (data, SIGNATURE + data, _fix_crcs(SIGNATURE + b"HD" + data)):
        try:
            parse(candidate, allow_partial=True)
        except RdpError:
            continue


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_mutated_files_with_right_checksums_give_a_file_or_an_error(draw: st.DataObject) -> None:
    """Damage behind valid checksums is refused, or it is a file that is built again exactly."""
    data = bytearray(build(_file(pack_rho(0.5))))
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(len(SIGNATURE), len(data) - 1))
        data[at] = draw.draw(st.integers(0, 255))
    fixed = _fix_crcs(bytes(data))
    try:
        file = parse(fixed)
    except RdpError:
        return
    assert build(file) == fixed


@given(st.binary(max_size=40), st.booleans())
@settings(max_examples=300)
def test_any_table_gives_layers_or_an_error(raw: bytes, pfr: bool) -> None:
    """Any bytes as a layer table are refused, or they are layers that give the same table."""
    coder = "pfr" if pfr else "trellis"
    for count in (1, 3):
        try:
            layers = parse_table(raw, count, coder=coder, dim=100, offset=0)
        except MalformedError:
            continue
        assert build_table(layers, coder) == raw


# --- one file for each issue ---------------------------------------------------------------------

HEAD = _body()
PICTURE = ("DT", _file().payload)
_SIX_BYTES = b"\xff\xff\xff\xff\xff\x01"
BAD_FILES: dict[str, tuple[ISSUE, bytes]] = {
    "major 2": (ISSUE.UNSUPPORTED_MAJOR, _with_body(b"\x02")),
    "major 255, body unknown": (ISSUE.UNSUPPORTED_MAJOR, _with_body(b"\xff\xff\xff\xff")),
    "major 0": (ISSUE.BAD_HEADER_FIELD, _with_body(b"\x00")),
    "empty HD": (ISSUE.BAD_HEADER_FIELD, _with_body(b"")),
    "HD ends early": (ISSUE.BAD_HEADER_FIELD, _with_body(HEAD[:12])),
    "width 0": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(width=b"\0"))),
    "height 0": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(height=b"\0"))),
    "no layers": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(count=b"\0"))),
    "nu 3": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(parameter=b"\x03"))),
    "nu 17": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(parameter=b"\x11"))),
    "prior name empty": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(prior_id=b"\0"))),
    "prior name binary": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(prior_id=b"\x02a\xff"))),
    "prior name of 65": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(prior_id=b"\x41" + b"a" * 65))),
    "prior name with newline": (ISSUE.BAD_HEADER_FIELD, _with_body(_body(prior_id=b"\x02a\n"))),
    "layout 2": (ISSUE.UNSUPPORTED_FEATURE, _with_body(_body(packed=b"\x81"))),
    "schedule 1": (ISSUE.UNSUPPORTED_FEATURE, _with_body(_body(packed=b"\x49"))),
    "coder 2": (ISSUE.UNSUPPORTED_FEATURE, _with_body(_body(packed=b"\x42"))),
    "varint not shortest": (ISSUE.BAD_VARINT, _with_body(_body(width=b"\x89\x00"))),
    "varint above 64 bits": (ISSUE.BAD_VARINT, _with_body(_body(seed=b"\xff" * 9 + b"\x02"))),
    "varint of 11 bytes": (ISSUE.BAD_VARINT, _with_body(_body(seed=b"\xff" * 11))),
    "chunk length not shortest": (ISSUE.BAD_VARINT, SIGNATURE + b"HD\x80\x00" + bytes(20)),
    "table ends early": (ISSUE.BAD_LAYER_TABLE, _with_body(_body(table=b"\0\0"))),
    "table too long": (ISSUE.BAD_LAYER_TABLE, _with_body(HEAD + b"\0")),
    "t below 0": (
        ISSUE.BAD_LAYER_TABLE,
        _with_body(_body(count=b"\2", table=_bits((3, 12), (0, 8), (0, 1), (0b010, 3)))),
    ),
    "t not falling": (
        ISSUE.BAD_LAYER_TABLE,
        _with_body(_body(count=b"\2", table=_signed_step(-200))),
    ),
    "q below 0": (
        ISSUE.BAD_LAYER_TABLE,
        _with_body(_body(count=b"\2", table=_bits((4095, 12), (0, 8), (0, 1), (1, 1)))),
    ),
    "prefix of 33 zeros": (
        ISSUE.BAD_LAYER_TABLE,
        _with_body(_body(table=_bits((4095, 12), (0, 8), (1, 1), (0, 80)))),
    ),
    "table padding": (
        ISSUE.BAD_PADDING,
        _with_body(_body(count=b"\1", table=_bits((4095, 12), (20, 8), (1, 4)))),
    ),
    "picture padding": (
        ISSUE.BAD_PADDING,
        _chunks(("HD", HEAD), ("DT", PICTURE[1][:-1] + bytes([PICTURE[1][-1] | 1]))),
    ),
    "picture too short": (ISSUE.PAYLOAD_LENGTH, _chunks(("HD", HEAD), ("DT", b""))),
    "picture too long": (ISSUE.PAYLOAD_LENGTH, _chunks(("HD", HEAD), ("DT", PICTURE[1] + b"\0"))),
    "trailing byte": (ISSUE.TRAILING_DATA, _chunks(("HD", HEAD), PICTURE) + b"\0"),
    "trailing chunk": (ISSUE.TRAILING_DATA, _chunks(("HD", HEAD), PICTURE, ("zz", b""))),
    "DT first": (ISSUE.CHUNK_ORDER, _chunks(PICTURE, ("HD", HEAD))),
    "ancillary first": (ISSUE.CHUNK_ORDER, _chunks(("zz", b""), ("HD", HEAD), PICTURE)),
    "two HD": (ISSUE.CHUNK_ORDER, _chunks(("HD", HEAD), ("HD", HEAD), PICTURE)),
    "unknown critical": (
        ISSUE.UNKNOWN_CRITICAL_CHUNK,
        _chunks(("HD", HEAD), ("ZZ", b""), PICTURE),
    ),
    "unknown private critical": (
        ISSUE.UNKNOWN_CRITICAL_CHUNK,
        _chunks(("HD", HEAD), ("Hd", HEAD), PICTURE),
    ),
    "chunk type with a digit": (
        ISSUE.BAD_CHUNK_TYPE,
        _chunks(("HD", HEAD), ("z1", b""), PICTURE),
    ),
    "rho of two bytes": (ISSUE.BAD_ANCILLARY, _chunks(("HD", HEAD), ("rH", b"12"), PICTURE)),
    "rho twice": (
        ISSUE.BAD_ANCILLARY,
        _chunks(("HD", HEAD), ("rH", b"1"), ("rH", b"1"), PICTURE),
    ),
    "icc twice": (
        ISSUE.BAD_ANCILLARY,
        _chunks(("HD", HEAD), ("iC", b""), ("iC", b""), PICTURE),
    ),
    "signature only": (ISSUE.TRUNCATED, SIGNATURE),
    "DT missing": (ISSUE.TRUNCATED, _chunks(("HD", HEAD))),
    "chunk of 2^40 bytes": (ISSUE.LIMIT_FILE_BYTES, SIGNATURE + b"HD" + encode_varint(2**40)),
    "DT of 2^40 bytes": (
        ISSUE.LIMIT_FILE_BYTES,
        _chunks(("HD", HEAD)) + b"DT" + encode_varint(2**40),
    ),
    "width 2^40": (ISSUE.LIMIT_SIDE, _with_body(_body(width=_SIX_BYTES))),
    "height 16385": (ISSUE.LIMIT_SIDE, _with_body(_body(height=encode_varint(16385)))),
    "too many pixels": (
        ISSUE.LIMIT_PIXELS,
        _with_body(_body(width=encode_varint(16384), height=encode_varint(16384))),
    ),
    "2^40 layers": (ISSUE.LIMIT_LAYERS, _with_body(_body(count=_SIX_BYTES))),
    "257 layers": (ISSUE.LIMIT_LAYERS, _with_body(_body(count=encode_varint(257)))),
    "too many chunks": (
        ISSUE.LIMIT_CHUNKS,
        _chunks(("HD", HEAD), *[("zz", b"")] * 1023, PICTURE),
    ),
    "ancillary too large": (
        ISSUE.LIMIT_ANCILLARY_BYTES,
        _chunks(("HD", HEAD)) + b"zz" + encode_varint((1 << 20) + 1),
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_each_bad_file_raises_its_issue(name: str) -> None:
    """Each way to break a file raises its own id with one sentence, and allocates nothing big."""
    issue, data = BAD_FILES[name]
    tracemalloc.start()
    with pytest.raises(RdpError) as caught:
        parse(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.issue == issue, str(caught.value)
    assert "\n" not in str(caught.value)
    assert peak < 1 << 20


def test_every_issue_of_the_container_is_reached() -> None:
    """No id of the container lacks a bad file."""
    here = {issue for issue, _ in BAD_FILES.values()}
    elsewhere = {ISSUE.CHECKSUM, ISSUE.LIMIT_ICC_BYTES, ISSUE.BAD_BITSTREAM}
    expected = {i for i in ISSUE if "RDP-200" < i.value < "RDP-500"}
    assert here | elsewhere == expected


def test_versions_and_features_have_their_own_classes() -> None:
    """A future file is told from a broken one by the class too."""
    with pytest.raises(UnsupportedVersionError, match="major version 2"):
        parse(_with_body(b"\x02"))
    with pytest.raises(UnsupportedError, match="coder 2"):
        parse(_with_body(_body(packed=b"\x42")))


def test_a_file_above_the_limit_is_refused_first() -> None:
    """The size of the file is checked before anything is read."""
    with pytest.raises(LimitError) as caught:
        parse(b"x" * 101, limits=Limits(file_bytes=100))
    assert caught.value.issue == ISSUE.LIMIT_FILE_BYTES


def test_limits_can_be_raised_but_the_format_keeps_its_own() -> None:
    """With raised limits a large side is read; 257 layers are malformed for every reader."""
    wide = _header(((2400, 200),), width=20_000, height=1)
    data = build(_file(header=wide))
    with pytest.raises(LimitError, match="side = 16384"):
        parse(data)
    assert parse(data, limits=Limits(side=20_000)).header.width == 20_000
    with pytest.raises(MalformedError) as caught:
        parse(_with_body(_body(count=encode_varint(257))), limits=Limits(layers=1000))
    assert caught.value.issue == ISSUE.BAD_HEADER_FIELD


# --- byte budget ---------------------------------------------------------------------------------


def _budget(count: int, rng: random.Random) -> int:
    """Return the container bytes of a realistic default file of a Kodak picture.

    The first layers carry equal bits, so that q stays; then steps of 32 make it fall by 1 or 2.
    The last layer has whatever step is left, and a stage size to match.
    """
    usual = [*STEP_PRIMER, *[32] * count][: max(0, count - 2)]
    falls = [rng.choice((0, 0, 0, 1)) for _ in STEP_PRIMER] + [rng.randint(1, 2)] * count
    levels = [(rng.randint(3600, 3800), rng.randint(95, 115))]
    for step, fall in zip(usual, falls, strict=False):
        levels.append((levels[-1][0] - step, levels[-1][1] - fall))
    last = rng.randint(8, 39)
    levels.append((levels[-1][0] - last, levels[-1][1] + round(8 * math.log2(32 / last))))
    header = _header(tuple(levels), width=768, height=512, prior_id="ffdnet-1")
    return file_size(header) - header.payload_bytes()


@pytest.mark.parametrize("count", [2, 8, 16, 17, 20, 32, 48])
def test_byte_budget(count: int) -> None:
    """At most 64 bytes up to 16 layers, and 2 for each further layer."""
    rng = random.Random(count)  # noqa: S311
    worst = max(_budget(count, rng) for _ in range(50))
    assert worst <= 64 + 2 * max(0, count - 16)
