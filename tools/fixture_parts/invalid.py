"""The invalid files: valid ones taken to pieces, changed in one way, with the CRCs right again."""

import json
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fixture_parts.pictures import GREY, grey_profile, scene
from fixture_parts.writing import Files, as_json, sha256

from rdpcodec import container
from rdpcodec.channel import ChannelStep, load_coder
from rdpcodec.container import SIGNATURE, RdpFile
from rdpcodec.container.chunks import build_chunk
from rdpcodec.container.table import build_table
from rdpcodec.container.varint import encode_varint
from rdpcodec.images import Picture, png_bytes
from rdpcodec.layers import CODERS, trellis_bits

ISSUES = Path(__file__).parents[2] / "spec" / "issues.json"


class Parts:
    """A valid file in pieces, to be put together with some of them changed and the CRCs right."""

    def __init__(self, data: bytes) -> None:
        """Take it to pieces, and check that they give the file again."""
        self.file = container.parse(data)
        header = self.file.header
        self.fields = {
            "major": bytes([header.major]),
            "minor": bytes([header.minor]),
            "packed": bytes([(header.channels == 3) << 6 | CODERS.index(header.coder)]),
            "width": encode_varint(header.width),
            "height": encode_varint(header.height),
            "prior": self.name(header.prior_id.encode()),
            "digest": header.prior_digest,
            "seed": encode_varint(header.seed),
            "parameter": bytes([header.coder_parameter]),
            "count": encode_varint(len(header.layers)),
            "table": build_table(header.layers, header.coder),
        }
        self.extra = b"".join(build_chunk(c.type, c.body) for c in self.file.ancillary)
        if self.join() != data:
            raise RuntimeError("the pieces do not give the file again")

    @staticmethod
    def name(text: bytes) -> bytes:
        """Return the field of a prior name."""
        return bytes([len(text)]) + text

    def head(self, **changes: bytes) -> bytes:
        """Return the HD chunk with some fields replaced."""
        return build_chunk("HD", b"".join((self.fields | changes).values()))

    def picture(self) -> bytes:
        """Return the DT chunk."""
        return build_chunk("DT", self.file.payload)

    def join(
        self, *, extra: bytes | None = None, picture: bytes | None = None, **changes: bytes
    ) -> bytes:
        """Return a file with some pieces replaced."""
        middle = self.extra if extra is None else extra
        end = self.picture() if picture is None else picture
        return SIGNATURE + self.head(**changes) + middle + end


@dataclass(frozen=True)
class Refused:
    """An invalid file."""

    name: str
    why: str
    data: bytes
    limits: dict[str, int] | None = None
    allow_partial: bool = False


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of any type, even one that is not letters."""
    framed = kind + encode_varint(len(body)) + body
    return framed + zlib.crc32(framed).to_bytes(4, "little")


def flipped(data: bytes, at: int) -> bytes:
    """Return the bytes with one bit turned over."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def invalid_files(valid: dict[str, Files]) -> list[Refused]:
    """Return all invalid files, made of valid ones."""
    grey, pfr = (
        Parts(valid[name]["stream.rdp"]) for name in ("one-layer", "pfr-gaussian-grey-odd")
    )
    files = [
        *_not_ours(grey), *_cut(grey), *_checksums(grey), *_chunks(grey), *_headers(grey),
        *_tables(grey), *_payloads(grey), *_ancillaries(grey), *_unsupported(grey),
        *_bitstreams(pfr), *_limits(grey), *_priors(grey),
    ]  # fmt: skip
    named = [replace(file, name=f"{file.name}.rdp") for file in files]
    return sorted(named, key=lambda file: file.name)


def _not_ours(p: Parts) -> Iterator[Refused]:
    png = png_bytes(Picture(scene("not-ours", 4, 4, GREY)))
    remote = "full address:s:example.org\r\nscreen mode id:i:2\r\n"
    data = p.join()
    yield Refused("RDP-101_empty", "The file has no bytes at all.", b"")
    yield Refused("RDP-101_png", "The file is a PNG image.", png)
    yield Refused("RDP-101_unknown", "The file begins with bytes of no known kind.", bytes(16))
    yield Refused("RDP-102_remote-desktop", "A Remote Desktop connection file.", remote.encode())
    utf16 = remote.encode("utf-16")
    yield Refused("RDP-102_remote-desktop-utf16", "The same as Windows saves it, in UTF-16.", utf16)
    text = data.replace(b"\r\n", b"\n")
    yield Refused("RDP-103_text-mode", "Line ends were changed in transfer.", text)
    seven = b"\x09" + data[1:]
    yield Refused("RDP-103_seven-bit", "The top bit of the first byte was lost.", seven)


def _cut(p: Parts) -> Iterator[Refused]:
    data, head = p.join(), len(SIGNATURE) + len(p.head())
    last = Parts(p.join(extra=chunk(b"zz", bytes(40))))
    yield Refused("RDP-202_in-signature", "It ends inside the signature.", data[:5])
    yield Refused("RDP-202_in-header", "It ends inside HD.", data[: head - 9])
    yield Refused("RDP-202_in-ancillary", "It ends in an ancillary chunk.", last.join()[: head + 9])
    yield Refused("RDP-202_before-picture", "It ends after HD.", data[:head])
    yield Refused("RDP-202_in-picture", "It ends inside DT.", data[:-12])
    yield Refused("RDP-202_in-last-crc", "Its last byte is missing.", data[:-1])
    why = "Whole layers are asked for, but not even the first is whole."
    yield Refused("RDP-202_no-whole-layer", why, data[:-12], allow_partial=True)


def _checksums(p: Parts) -> Iterator[Refused]:
    extra = chunk(b"zz", b"private")
    damaged = p.join(picture=flipped(p.picture(), 6))
    yield Refused("RDP-203_header", "One bit of HD is wrong.", flipped(p.join(), 12))
    yield Refused("RDP-203_picture", "One bit of DT is wrong.", damaged)
    broken = p.join(extra=flipped(extra, 4))
    yield Refused("RDP-203_ancillary", "One bit of an unknown ancillary chunk is wrong.", broken)
    why = "The CRC comes before the major version: both are wrong."
    yield Refused("RDP-203_before-major", why, flipped(p.join(major=b"\x02"), 20))


def _chunks(p: Parts) -> Iterator[Refused]:
    digit, letter = chunk(b"z1", b""), chunk("zé".encode("latin-1"), b"")
    yield Refused("RDP-204_digit", "A chunk type has a digit.", p.join(extra=digit))
    yield Refused("RDP-204_not-ascii", "A chunk type is no ASCII letter.", p.join(extra=letter))
    unknown = "An unknown critical chunk,"
    public, private = p.join(extra=chunk(b"XX", b"?")), p.join(extra=chunk(b"Xx", b"?"))
    yield Refused("RDP-205_public", f"{unknown} public.", public)
    yield Refused("RDP-205_private", f"{unknown} private.", private)
    first = SIGNATURE + p.picture() + p.head()
    yield Refused("RDP-206_picture-first", "DT comes before HD.", first)
    early = SIGNATURE + chunk(b"zz", b"") + p.head() + p.picture()
    yield Refused("RDP-206_ancillary-first", "An ancillary chunk comes before HD.", early)
    yield Refused("RDP-206_two-headers", "HD occurs twice.", p.join(extra=p.head()))
    yield Refused("RDP-207_one-byte", "A byte follows DT.", p.join() + b"\0")
    late = p.join() + chunk(b"zz", b"")
    yield Refused("RDP-207_ancillary", "An ancillary chunk follows DT.", late)
    yield Refused(
        "RDP-207_second-picture", "A second DT follows the first.", p.join() + p.picture()
    )
    body = p.head()[3:-4]
    long = b"HD" + bytes([len(body) | 0x80, 0]) + body
    long += zlib.crc32(long).to_bytes(4, "little")
    why = "The length of HD is not in its shortest form."
    yield Refused("RDP-208_length-not-shortest", why, SIGNATURE + long + p.picture())
    why = "A width is not in its shortest form."
    yield Refused("RDP-208_width-not-shortest", why, p.join(width=b"\x98\x00"))
    yield Refused("RDP-208_seed-2-64", "The seed is 2^64.", p.join(seed=b"\x80" * 9 + b"\x02"))
    long_seed = p.join(seed=b"\x80" * 10 + b"\x01")
    yield Refused("RDP-208_seed-eleven-bytes", "The seed has eleven bytes.", long_seed)


def _headers(p: Parts) -> Iterator[Refused]:
    yield Refused("RDP-201_major-2", "A later major version.", p.join(major=b"\x02"))
    why = "Nothing after an unknown major version is interpreted, not even a wrong width."
    yield Refused("RDP-201_before-width", why, p.join(major=b"\xff", width=b"\0"))
    empty = SIGNATURE + chunk(b"HD", b"") + p.picture()
    yield Refused("RDP-209_empty", "HD has no body.", empty)
    short = SIGNATURE + chunk(b"HD", p.head()[3:13]) + p.picture()
    yield Refused("RDP-209_short", "HD ends inside the prior name.", short)
    yield Refused("RDP-209_major-0", "Major version 0 never was.", p.join(major=b"\0"))
    yield Refused("RDP-209_width-0", "The picture has no columns.", p.join(width=b"\0"))
    yield Refused("RDP-209_height-0", "The picture has no rows.", p.join(height=b"\0"))
    yield Refused("RDP-209_layers-0", "There is no layer.", p.join(count=b"\0", table=b""))
    for what, name in (
        ("empty", b""),
        ("upper-case", b"Gaussian-1"),
        ("space", b"gaussian 1"),
        ("not-ascii", b"gaussi\xe4n-1"),
        ("too-long", b"g" * 65),
    ):
        why = f"The prior name is {name.decode('latin-1')!r}."
        yield Refused(f"RDP-209_prior-{what}", why, p.join(prior=p.name(name)))
    yield Refused("RDP-209_parameter-3", "nu is below 4.", p.join(parameter=b"\x03"))
    yield Refused("RDP-209_parameter-17", "nu is above 16.", p.join(parameter=b"\x11"))


def _tables(p: Parts) -> Iterator[Refused]:
    table = p.fields["table"]
    yield Refused("RDP-210_short", "The table ends early.", p.join(table=table[:-1]))
    yield Refused("RDP-210_long", "A byte follows the table.", p.join(table=table + b"\0"))
    more = p.join(count=b"\x02")
    yield Refused("RDP-210_count", "The header counts a layer more than there is.", more)
    # t_1 = 100, q_1 = 64; the predicted step of 200 leads below 0; then seg(0) of 1.
    yield _two_layers(p, "below-0", "The second t is below 0.", 100, 64, "0" + "010")
    # e = -201: mapped to 401, eg(4) of it is 417 in 9 bits after 4 zeros; d = -1.
    rising = "1" + "0000" + f"{401 + 16:09b}" + "1"
    yield _two_layers(p, "rising", "t rises.", 2850, 64, rising)
    zeros = "1" + "0" * 33 + "1" + "0" * 48
    yield _two_layers(p, "prefix", "A code has 33 leading zeros.", 2850, 64, zeros)
    # q_2 - q_1 + 1 = 0 is the bit 1: q_2 = -1.
    yield _two_layers(p, "q-below-0", "The second q is below 0.", 2850, 0, "0" + "1")
    # q_2 - q_1 + 1 = 2 is eg(0) of 4: q_2 = 256.
    yield _two_layers(p, "q-above-255", "The second q is above 255.", 2850, 255, "0" + "00101")
    padded = table[:-1] + bytes([table[-1] | 1])
    yield Refused("RDP-211_table", "The padding of the table is not zero.", p.join(table=padded))


def _two_layers(p: Parts, name: str, why: str, t: int, q: int, second: str) -> Refused:
    bits = f"{t:012b}{q:08b}{second}"
    bits += "0" * (-len(bits) % 8)
    table = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return Refused(f"RDP-210_{name}", why, p.join(count=b"\x02", table=table))


def _payloads(p: Parts) -> Iterator[Refused]:
    header = p.file.header
    layers = tuple(replace(x, q=20, bits=trellis_bits(15, 20)) for x in header.layers)
    small = replace(header, width=5, height=3, layers=layers)
    odd = Parts(container.build(RdpFile(header=small, payload=bytes(small.payload_bytes()))))
    if small.coded_bits() % 8 == 0:
        raise RuntimeError("the small file has no padding")
    padded = odd.join(picture=build_chunk("DT", bytes(small.payload_bytes() - 1) + b"\x01"))
    yield Refused("RDP-211_picture", "The padding of the picture data is not zero.", padded)
    payload = p.file.payload
    short, long = (p.join(picture=build_chunk("DT", x)) for x in (payload[:-1], payload + b"\0"))
    yield Refused("RDP-212_short", "DT has a byte less than the table says.", short)
    yield Refused("RDP-212_long", "DT has a byte more than the table says.", long)
    yield Refused("RDP-212_empty", "DT is empty.", p.join(picture=build_chunk("DT", b"")))


def _ancillaries(p: Parts) -> Iterator[Refused]:
    hint, icc = chunk(b"rH", b"\x80"), zlib.compress(grey_profile(1.8), 9)
    yield Refused("RDP-213_two-hints", "rH occurs twice.", p.join(extra=hint + hint))
    long, none = p.join(extra=chunk(b"rH", b"\x80\0")), p.join(extra=chunk(b"rH", b""))
    yield Refused("RDP-213_long-hint", "rH has two bytes.", long)
    yield Refused("RDP-213_empty-hint", "rH has no byte.", none)
    twice = p.join(extra=2 * chunk(b"iC", icc))
    yield Refused("RDP-213_two-profiles", "iC occurs twice.", twice)
    for name, why, body in (
        ("damaged", "The profile does not inflate.", b"\xff" + icc[1:]),
        ("cut", "The zlib stream of the profile ends early.", icc[:-3]),
        ("tail", "A byte follows the zlib stream of the profile.", icc + b"\0"),
    ):
        data = p.join(extra=chunk(b"iC", body))
        yield Refused(f"RDP-213_profile-{name}", why, data)


def _unsupported(p: Parts) -> Iterator[Refused]:
    packed = p.fields["packed"][0]
    for name, why, value in (
        ("layout", "Channel layout 2 is reserved.", packed | 0x80),
        ("schedule", "Schedule 1 is reserved.", packed | 0x08),
        ("coder", "Coder 2 is reserved.", packed & 0xF8 | 2),
    ):
        yield Refused(f"RDP-301_{name}", why, p.join(packed=bytes([value])))


def _bitstreams(p: Parts) -> Iterator[Refused]:
    """Change the last layer of a `pfr` file, with the table and the length to match."""
    file, last = p.file, len(p.file.header.layers) - 1
    piece = file.layer_bits(last)
    step = ChannelStep(file.header.seed, last, file.header.dim, file.header.layers[last].q)
    coder = load_coder(file.header.coder, file.header.coder_parameter)
    indices = coder.unpack(piece, step)
    indices[0] = 2**16
    for name, why, changed in (
        ("zero-byte", "A layer ends in a zero byte, which is never written.", piece + b"\0"),
        ("cut", "A layer has lost its second half.", piece[: len(piece) // 2]),
        ("noise", "A layer is noise.", random.Random("noise").randbytes(len(piece))),  # noqa: S311
        ("index", "An index is 2^16, past the last candidate.", coder.pack(indices, step)[0]),
    ):
        yield Refused(f"RDP-302_{name}", why, _with_last(file, changed))


def _with_last(file: RdpFile, piece: bytes) -> bytes:
    *kept, end = file.header.layers
    header = replace(file.header, layers=(*kept, replace(end, bits=8 * len(piece))))
    pieces = [file.layer_bits(k) for k in range(len(kept))]
    payload = container.join_layers(header, [*pieces, piece])
    return container.build(replace(file, header=header, payload=payload))


def _limits(p: Parts) -> Iterator[Refused]:
    huge = encode_varint(2**40)
    yield Refused("RDP-401_claimed", "DT claims 2^40 bytes.", p.join(picture=b"DT" + huge))
    why = "The file has a byte more than a limit that the user lowered."
    size = len(p.join())
    yield Refused("RDP-401_lowered", why, p.join(), limits={"file_bytes": size - 1})
    wide, tall = p.join(width=encode_varint(16385)), p.join(height=encode_varint(2**63))
    yield Refused("RDP-402_width", "The picture is one column too wide.", wide)
    yield Refused("RDP-402_height", "The picture is 2^63 rows high.", tall)
    side = encode_varint(16384)
    yield Refused("RDP-403_pixels", "Both sides are allowed, the area is not.",
                  p.join(width=side, height=side))  # fmt: skip
    yield Refused(
        "RDP-404_layers", "The header counts 257 layers.", p.join(count=encode_varint(257))
    )
    yield Refused(
        "RDP-405_chunks", "There are 1025 chunks.", p.join(extra=1023 * chunk(b"zz", b""))
    )
    claimed = p.join(extra=b"zz" + encode_varint(2**20 + 1))
    yield Refused("RDP-406_claimed", "An ancillary chunk claims a byte too many.", claimed)
    two = chunk(b"zz", bytes(60)) + chunk(b"zy", bytes(60))
    why = "Two ancillary chunks are together above a limit that the user lowered."
    yield Refused("RDP-406_sum", why, p.join(extra=two), limits={"ancillary_bytes": 119})
    bomb = chunk(b"iC", zlib.compress(bytes(2**20 + 1), 9))
    why = "The ICC profile inflates to a byte too many."
    yield Refused("RDP-407_inflates", why, p.join(extra=bomb))


def _priors(p: Parts) -> Iterator[Refused]:
    unknown, remote = p.name(b"photo-999"), p.name(b"diffusers:someone/model")
    yield Refused("RDP-501_unknown", "Nobody knows this prior.", p.join(prior=unknown))
    why = "The prior is on a hub, which no reader asks because a file says so."
    yield Refused("RDP-501_hub", why, p.join(prior=remote))
    other = flipped(p.fields["digest"], 7)
    yield Refused("RDP-502_digest", "The name is right, the digest is not.", p.join(digest=other))


def invalid_index(files: Sequence[Refused]) -> bytes:
    """Return cases.json."""
    issues = json.loads(ISSUES.read_text())["issues"]
    exit_codes = {issue["id"]: issue["exit_code"] for issue in issues}
    cases = []
    for file in files:
        issue = file.name.split("_")[0]
        case: dict[str, object] = {"file": file.name, "why": file.why, "issue": issue}
        case |= {"exit_code": exit_codes[issue], "sha256": sha256(file.data)}
        case |= {"limits": file.limits} if file.limits else {}
        case |= {"allow_partial": True} if file.allow_partial else {}
        cases.append(case)
    return as_json({"cases": cases})
