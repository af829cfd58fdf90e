"""Files that break a rule of the container, each one rule only (spec 3 to 7)."""

import zlib
from collections.abc import Iterator
from dataclasses import replace

from fixture_parts.parts import STATED_STATE, Parts, Refused, chunk, flipped
from fixture_parts.pictures import GREY, grey_profile, scene

from rdpcodec import container
from rdpcodec.container import SIGNATURE, RdpFile
from rdpcodec.images import Picture, png_bytes
from rdpcodec.layers import trellis_bits


def malformed(p: Parts) -> list[Refused]:
    """Return what can be broken in one file with a single layer."""
    return [
        *_not_ours(p), *_cut(p), *_checksums(p), *_chunks(p), *_varints(p), *_headers(p),
        *_forms(p), *_names(p), *_tables(p), *_padding(p), *_ancillaries(p),
    ]  # fmt: skip


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
    text, more = data.replace(b"\r\n", b"\n"), data.replace(b"\n", b"\r\n")
    yield Refused("RDP-103_text-mode", "Carriage returns were removed in transfer.", text)
    yield Refused("RDP-103_text-mode-added", "Carriage returns were added in transfer.", more)
    utf8 = data.decode("latin-1").encode()
    yield Refused("RDP-103_utf-8", "The bytes were taken for Latin-1 and written as UTF-8.", utf8)
    seven = b"\x09" + data[1:]
    yield Refused("RDP-103_seven-bit", "The top bit of the first byte was lost.", seven)


def _cut(p: Parts) -> Iterator[Refused]:
    data, head = p.join(), len(SIGNATURE) + len(p.head())
    extra = p.join(extra=chunk(b"z", bytes(40)))
    yield Refused("RDP-202_in-signature", "It ends inside the signature.", data[:5])
    yield Refused("RDP-202_first-byte", "The file is the first byte of the signature.", data[:1])
    yield Refused("RDP-202_after-signature", "The file is the signature.", SIGNATURE)
    yield Refused("RDP-202_in-header", "It ends inside H.", data[: head - 9])
    yield Refused("RDP-202_in-ancillary", "It ends in an ancillary chunk.", extra[: head + 9])
    yield Refused("RDP-202_before-picture", "It ends after H.", data[:head])
    yield Refused("RDP-202_no-picture", "It ends after the type of D.", data[: head + 1])
    yield Refused("RDP-202_in-picture", "It ends inside D.", data[:-12])
    yield Refused("RDP-202_in-last-crc", "Its last byte is missing.", data[:-1])
    why = "Whole layers are asked for, but not even the first is whole."
    yield Refused("RDP-202_no-whole-layer", why, data[:-12], allow_partial=True)


def _checksums(p: Parts) -> Iterator[Refused]:
    extra = chunk(b"z", b"unknown")
    damaged = p.join(picture=flipped(p.picture(), 6))
    yield Refused("RDP-203_header", "One bit of H is wrong.", flipped(p.join(), 9))
    yield Refused("RDP-203_picture", "One bit of D is wrong.", damaged)
    broken = p.join(extra=flipped(extra, 4))
    yield Refused("RDP-203_ancillary", "One bit of an unknown ancillary chunk is wrong.", broken)


def _chunks(p: Parts) -> Iterator[Refused]:
    digit, letter = chunk(b"1", b""), chunk(b"\xe9", b"")
    yield Refused("RDP-204_digit", "A chunk type is a digit.", p.join(extra=digit))
    yield Refused("RDP-204_not-ascii", "A chunk type is no ASCII letter.", p.join(extra=letter))
    unknown = p.join(extra=chunk(b"X", b"?"))
    yield Refused("RDP-205_unknown", "An unknown critical chunk.", unknown)
    first = SIGNATURE + p.picture() + p.head()
    yield Refused("RDP-206_picture-first", "D comes before H.", first)
    early = SIGNATURE + chunk(b"z", b"") + p.head() + p.picture()
    yield Refused("RDP-206_ancillary-first", "An ancillary chunk comes before H.", early)
    yield Refused("RDP-206_two-headers", "H occurs twice.", p.join(extra=p.head()))
    yield Refused("RDP-207_one-byte", "A byte follows D.", p.join() + b"\0")
    late = p.join() + chunk(b"z", b"")
    yield Refused("RDP-207_ancillary", "An ancillary chunk follows D.", late)
    twice = p.join() + p.picture()
    yield Refused("RDP-207_second-picture", "A second D follows the first.", twice)


def _varints(p: Parts) -> Iterator[Refused]:
    body = p.body()
    long = b"H" + bytes([len(body) | 0x80, 0]) + body
    long += zlib.crc32(long).to_bytes(4, "little")
    why = "The length of H is not in its shortest form."
    yield Refused("RDP-208_length-not-shortest", why, SIGNATURE + long + p.picture())
    why = "A width is not in its shortest form."
    yield Refused("RDP-208_width-not-shortest", why, p.join(width=b"\x98\x00"))
    yield Refused("RDP-208_seed-2-64", "The seed is 2^64.", p.join(seed=b"\x80" * 9 + b"\x02"))
    long_seed = p.join(seed=b"\x80" * 10 + b"\x01")
    yield Refused("RDP-208_seed-eleven-bytes", "The seed has eleven bytes.", long_seed)


def _headers(p: Parts) -> Iterator[Refused]:
    yield Refused("RDP-201_major-2", "A later major version.", p.join(version=b"\x20"))
    empty = SIGNATURE + chunk(b"H", b"") + p.picture()
    yield Refused("RDP-209_empty", "H has no body.", empty)
    short = SIGNATURE + chunk(b"H", p.body()[:7]) + p.picture()
    yield Refused("RDP-209_short", "H ends inside the digest.", short)
    cut = SIGNATURE + chunk(b"H", p.body(width=b"\x98")[:3]) + p.picture()
    yield Refused("RDP-209_short-varint", "H ends inside the width.", cut)
    yield Refused("RDP-209_major-0", "Major version 0 never was.", p.join(version=b"\x07"))
    yield Refused("RDP-209_width-0", "The picture has no columns.", p.join(width=b"\0"))
    yield Refused("RDP-209_height-0", "The picture has no rows.", p.join(height=b"\0"))
    yield Refused("RDP-209_parameter-3", "nu is below 4.", p.join(parameter=b"\x03"))
    yield Refused("RDP-209_parameter-17", "nu is above 16.", p.join(parameter=b"\x11"))
    stated = p.packed(stated=STATED_STATE | 0x08)
    for what, why, state in (
        ("channels-0", "The state has no channels.", b"\0\1\1"),
        ("stride-0", "The stride is 0.", b"\1\0\1"),
        ("multiple-0", "The multiple is 0.", b"\1\1\0"),
        ("stride-3-multiple-8", "The stride does not divide the multiple.", b"\4\3\x08"),
    ):
        yield Refused(f"RDP-209_state-{what}", why, p.join(packed=stated, state=state))


def _forms(p: Parts) -> Iterator[Refused]:
    """Values that are right, in a form that is longer than it has to be."""
    seed = p.join(seed=b"\0", parameter=b"\x0e")
    yield Refused("RDP-209_form-seed", "Seed 0 and nu = 14 hold without being stated.", seed)
    stated = p.packed(stated=STATED_STATE | 0x08)
    state = p.join(packed=stated, state=b"\1\1\1")
    yield Refused("RDP-209_form-state", "The state is stated, and is the picture's.", state)
    name = p.join(**p.named(b"gaussian-1"))
    yield Refused("RDP-209_form-prior", "A prior that has a number is written by name.", name)


def _names(p: Parts) -> Iterator[Refused]:
    for what, name in (
        ("empty", b""),
        ("upper-case", b"Gaussian-2"),
        ("space", b"gaussian 2"),
        ("not-ascii", b"gaussi\xe4n-2"),
        ("too-long", b"g" * 65),
    ):
        why = f"The prior name is {name.decode('latin-1')!r}."
        yield Refused(f"RDP-209_prior-{what}", why, p.join(**p.named(name)))


def _tables(p: Parts) -> Iterator[Refused]:
    table = p.fields["table"]
    yield Refused("RDP-210_short", "The table ends early.", p.join(table=table[:-1]))
    yield Refused("RDP-210_long", "A byte follows the table.", p.join(table=table + b"\0"))
    more = p.join(count=b"\x01")
    yield Refused("RDP-210_count", "The header counts a layer more than there is.", more)
    # t_1 = 100, q_1 = 64; the predicted step of 200 leads below 0; then seg(0) of 1.
    yield _two_layers(p, "below-0", "The second t is below 0.", 100, 64, "0" + "010")
    # f = -201: mapped to 401, eg(4) of it is 417 in 9 bits after 4 zeros; d = -1.
    rising = "1" + "0000" + f"{401 + 16:09b}" + "1"
    yield _two_layers(p, "rising", "t rises.", 2850, 64, rising)
    zeros = "1" + "0" * 33 + "1" + "0" * 48
    yield _two_layers(p, "prefix", "A code has 33 leading zeros.", 2850, 64, zeros)
    # q_2 - q_1 + 1 = 0 is the bit 1: q_2 = -1.
    yield _two_layers(p, "q-below-0", "The second q is below 0.", 2850, 0, "0" + "1")
    # q_2 - q_1 + 1 = 2 is eg(0) of 4: q_2 = 256.
    yield _two_layers(p, "q-above-255", "The second q is above 255.", 2850, 255, "0" + "00101")


def _two_layers(p: Parts, name: str, why: str, t: int, q: int, second: str) -> Refused:
    bits = f"{t:012b}{q:08b}{second}"
    bits += "0" * (-len(bits) % 8)
    table = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return Refused(f"RDP-210_{name}", why, p.join(count=b"\x01", table=table))


def _padding(p: Parts) -> Iterator[Refused]:
    table = p.fields["table"]
    padded = table[:-1] + bytes([table[-1] | 1])
    yield Refused("RDP-211_table", "The padding of the table is not zero.", p.join(table=padded))
    small = odd(p)
    padded = small.join(picture=small.picture(small.file.payload[:-1] + b"\x01"))
    yield Refused("RDP-211_picture", "The padding of the picture data is not zero.", padded)


def odd(p: Parts) -> Parts:
    """Return a small file whose picture data do not fill their last byte."""
    header = p.file.header
    layers = tuple(replace(x, q=20, bits=trellis_bits(15, 20)) for x in header.layers)
    small = replace(header, width=5, height=3, layers=layers)
    if small.coded_bits() % 8 == 0:
        raise RuntimeError("the small file has no padding")
    return Parts(container.build(RdpFile(header=small, payload=bytes(small.payload_bytes()))))


def _ancillaries(p: Parts) -> Iterator[Refused]:
    hint, icc = chunk(b"r", b"\x80"), zlib.compress(grey_profile(1.8), 9)
    yield Refused("RDP-213_two-hints", "r occurs twice.", p.join(extra=hint + hint))
    long, none = p.join(extra=chunk(b"r", b"\x80\0")), p.join(extra=chunk(b"r", b""))
    yield Refused("RDP-213_long-hint", "r has two bytes.", long)
    yield Refused("RDP-213_empty-hint", "r has no byte.", none)
    twice = p.join(extra=2 * chunk(b"i", icc))
    yield Refused("RDP-213_two-profiles", "i occurs twice.", twice)
    for name, why, body in (
        ("damaged", "The profile does not inflate.", b"\xff" + icc[1:]),
        ("cut", "The zlib stream of the profile ends early.", icc[:-3]),
        ("tail", "A byte follows the zlib stream of the profile.", icc + b"\0"),
        ("empty", "The profile has no stream.", b""),
    ):
        data = p.join(extra=chunk(b"i", body))
        yield Refused(f"RDP-213_profile-{name}", why, data)
    yield from _metadata(p)
    for name, why, body in (
        ("empty", "p has no body.", b""),
        ("unnamed", "The private name is empty.", b"\0data"),
        ("cut", "The private name is longer than the chunk.", b"\x05org"),
        ("space", "The private name has a space.", b"\x03o g"),
    ):
        yield Refused(f"RDP-213_private-{name}", why, p.join(extra=chunk(b"p", body)))


def _metadata(p: Parts) -> Iterator[Refused]:
    plain = zlib.compress(b"<x:xmpmeta/>", 9)
    bomb = zlib.compress(bytes((1 << 20) + 1), 9)
    for letter, what in (("e", "exif"), ("x", "xmp")):
        kind = letter.encode()
        twice = p.join(extra=2 * chunk(kind, plain))
        yield Refused(f"RDP-213_two-{what}", f"{letter} occurs twice.", twice)
        cut, tail = (chunk(kind, body) for body in (plain[:-1], plain + b"\0"))
        yield Refused(f"RDP-213_{what}-cut", f"The stream of {letter} ends.", p.join(extra=cut))
        yield Refused(f"RDP-213_{what}-tail", f"{letter} has a tail.", p.join(extra=tail))
        none = p.join(extra=chunk(kind, b""))
        yield Refused(f"RDP-213_{what}-empty", f"{letter} has no stream.", none)
        large = p.join(extra=chunk(kind, bomb))
        yield Refused(f"RDP-406_{what}", f"{letter} inflates to a byte too many.", large)
