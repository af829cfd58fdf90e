"""Files that are well formed and refused all the same, and files with two faults (spec 12, 13)."""

import math
import random
import zlib
from collections.abc import Iterator
from dataclasses import replace

from fixture_parts.malformed import odd
from fixture_parts.parts import STATED_STATE, Parts, Refused, chunk, flipped

from rdpcodec import container
from rdpcodec.channel import load_coder
from rdpcodec.container import SIGNATURE, RdpFile
from rdpcodec.container.varint import encode_varint
from rdpcodec.layers import StateShape, trellis_bits


def declined(grey: Parts, pfr: Parts) -> list[Refused]:
    """Return what a decoder does not take, made of a file of each coder."""
    return [
        *_unsupported(grey), *_bitstreams(pfr), *_limits(grey), *_header_limits(grey),
        *_priors(grey), *_order(grey),
    ]  # fmt: skip


def _unsupported(p: Parts) -> Iterator[Refused]:
    packed = p.fields["packed"][0]
    for name, why, value in (
        ("kind", "Kind of picture 3 is reserved.", packed | 0xC0),
        ("coder", "Coder 2 is reserved.", packed & 0xF8 | 2),
    ):
        yield Refused(f"RDP-301_{name}", why, p.join(packed=bytes([value])))
    why = "The state has 4 channels at an eighth of the size, which the prior does not have."
    state, old = StateShape(4, 8, 16), p.file.header
    dim = math.prod(state.of(old.width, old.height))
    layers = tuple(replace(x, bits=trellis_bits(dim, x.q)) for x in old.layers)
    header = replace(old, state=state, layers=layers)
    data = container.build(RdpFile(header=header, payload=bytes(header.payload_bytes())))
    yield Refused("RDP-301_state", why, data)


def _bitstreams(p: Parts) -> Iterator[Refused]:
    """Change the last layer of a `pfr` file, with the table and the length to match."""
    file = p.file
    *_, (_, step, piece) = file.steps()
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
    why = "H claims 2^40 bytes."
    yield Refused("RDP-401_claimed", why, SIGNATURE + b"H" + encode_varint(2**40))
    why = "An ancillary chunk claims an end one byte past the limit, its CRC included."
    head = len(SIGNATURE) + len(p.head())
    claimed = b"z" + encode_varint(2**26 - head - 5 - 4 + 1)
    yield Refused("RDP-401_claimed-crc", why, p.join(extra=claimed, picture=b""))
    why = "The table gives D an end past the limit that the user lowered; the file is cut."
    size, limits = len(p.join()), {"file_bytes": len(p.join()) - 1}
    yield Refused("RDP-401_picture", why, p.join()[:-9], limits=limits)
    why = "The file has a byte more than a limit that the user lowered."
    yield Refused("RDP-401_lowered", why, p.join(), limits={"file_bytes": size - 1})
    many = 1023 * chunk(b"z", b"")
    yield Refused("RDP-405_chunks", "There are 1025 chunks.", p.join(extra=many))
    claimed = b"z" + encode_varint(2**20 + 1)
    why = "An ancillary chunk claims a byte too many."
    yield Refused("RDP-406_claimed", why, p.join(extra=claimed))
    two = chunk(b"z", bytes(60)) + chunk(b"y", bytes(60))
    why = "Two ancillary chunks are together above a limit that the user lowered."
    yield Refused("RDP-406_sum", why, p.join(extra=two), limits={"ancillary_bytes": 119})
    bomb = chunk(b"i", zlib.compress(bytes(2**20 + 1), 9))
    why = "The ICC profile inflates to a byte too many."
    yield Refused("RDP-407_inflates", why, p.join(extra=bomb))


def _header_limits(p: Parts) -> Iterator[Refused]:
    wide, tall = p.join(width=encode_varint(16385)), p.join(height=encode_varint(2**63))
    yield Refused("RDP-402_width", "The picture is one column too wide.", wide)
    yield Refused("RDP-402_height", "The picture is 2^63 rows high.", tall)
    side = encode_varint(16384)
    yield Refused("RDP-403_pixels", "Both sides are allowed, the area is not.",
                  p.join(width=side, height=side))  # fmt: skip
    two = p.join(count=b"\x01")
    why = "The header counts one layer more than a limit that the user lowered."
    yield Refused("RDP-404_layers", why, two, limits={"layers": 1})
    size = {"width": encode_varint(1024), "height": encode_varint(1029)}
    stated = p.packed(stated=STATED_STATE | 0x08)
    why = "The size is allowed, the state of 255 channels is not."
    yield Refused("RDP-408_state", why, p.join(packed=stated, state=b"\xff\1\1", **size))


def _priors(p: Parts) -> Iterator[Refused]:
    unknown, remote = p.named(b"photo-999"), p.named(b"diffusers:someone/model")
    yield Refused("RDP-501_unknown", "Nobody knows this prior.", p.join(**unknown))
    why = "The prior has a number that version 1.0 does not know."
    yield Refused("RDP-501_number", why, p.join(prior=b"\xff"))
    why = "The prior is on a hub, which no decoder asks because a file says so."
    yield Refused("RDP-501_hub", why, p.join(**remote))
    other = flipped(p.fields["digest"], 3)
    yield Refused("RDP-502_digest", "The number is right, the digest is not.", p.join(digest=other))


def _order(p: Parts) -> Iterator[Refused]:
    """Two rules are broken; the first check of spec 13.1 that fails gives the issue."""
    hint, unknown = chunk(b"r", b""), chunk(b"X", b"")
    late = p.join(picture=flipped(p.picture(), 6)) + b"\0"
    small = odd(p)
    padded = small.picture(small.file.payload[:-1] + b"\x01")
    no_layer = p.join(extra=hint)[: -len(p.picture())]
    for issue, name, why, data in (
        ("201", "packed", "A later major version; a reserved coder.",
         p.join(version=b"\x20", packed=b"\x07")),
        ("201", "width", "A later major version; no columns.",
         p.join(version=b"\xf0", width=b"\0")),
        ("203", "major", "A wrong CRC; a later major version.",
         flipped(p.join(version=b"\x20"), 20)),
        ("203", "critical", "A wrong CRC; an unknown critical chunk.",
         p.join(extra=flipped(unknown, -1))),
        ("203", "letter", "A wrong CRC; a type that is a digit.",
         p.join(extra=flipped(chunk(b"1", b""), -1))),
        ("203", "trailing", "A wrong CRC of D; a byte after it.", late),
        ("204", "first", "The first chunk is not H; its type is a digit.",
         SIGNATURE + chunk(b"1", b"") + p.head() + p.picture()),
        ("206", "picture-crc", "D comes first; its CRC is wrong.",
         SIGNATURE + flipped(p.picture(), 6)),
        ("207", "padding", "A byte follows D; padding of D is not zero.",
         small.join(picture=padded) + b"\0"),
        ("208", "claimed", "A length is not in its shortest form; it is above a limit.",
         p.join(extra=b"z" + b"\x80" * 8 + b"\x81\0")),
        ("208", "height", "A width is not in its shortest form; no rows.",
         p.join(width=b"\x98\0", height=b"\0")),
        ("209", "layers", "nu is 3; the table ends early.",
         p.join(parameter=b"\x03", table=b"")),
        ("210", "padding", "A byte follows the table; the picture is cut.",
         p.join(table=p.fields["table"] + b"\0")[:-9]),
        ("213", "cut", "r has no byte; the file ends before D.", no_layer),
        ("301", "width", "A reserved coder; no columns.", p.join(packed=b"\x0a", width=b"\0")),
        ("402", "height", "The picture is too wide; it has no rows.",
         p.join(width=encode_varint(16385), height=b"\0")),
        ("403", "prior", "Too many pixels; a name that is no name.",
         p.join(width=encode_varint(16384), height=encode_varint(16384), **p.named(b"A"))),
        ("205", "prior", "An unknown critical chunk; an unknown prior.",
         p.join(extra=unknown, **p.named(b"photo-999"))),
    ):  # fmt: skip
        yield Refused(f"RDP-{issue}_before-{name}", f"Two faults: {why[0].lower()}{why[1:]}", data)
