"""Files whose chunk `o` breaks a rule (spec 7.3)."""

import io
import zlib
from collections.abc import Iterator

from fixture_parts.parts import Parts, Refused, chunk
from fixture_parts.pictures import disc_alpha
from PIL import Image

from rdpcodec.images.alpha import _webp_alpha
from rdpcodec.images.boxes import riff_payloads


def alphas(p: Parts) -> list[Refused]:
    """Return them, made of an opaque file."""
    return [*_forms(p), *_bodies(p), *_of_16_bits(p)]


def _of_16_bits(p: Parts) -> Iterator[Refused]:
    """Yield files whose depth is 16 bits, with what form 3 does not allow."""
    size = 2 * p.file.header.width * p.file.header.height
    packed = bytes([p.fields["packed"][0] | 0x20])
    for name, why, body in (
        ("form", "The form of o is 4, in a file of 16 bits.", b"\4\x80"),
        ("short", "Alpha of 16 bits inflates to a byte too few.", _deflated(bytes(size - 1), 3)),
        ("long", "Alpha of 16 bits inflates to a byte too many.", _deflated(bytes(size + 1), 3)),
        ("tail", "A byte follows the stream of alpha.", _deflated(bytes(size), 3) + b"\0"),
    ):
        extra = chunk(b"o", body)
        yield Refused(f"RDP-213_alpha-16-{name}", why, p.join(packed=packed, extra=extra))


def _deflated(plain: bytes, form: int = 1) -> bytes:
    stream = zlib.compressobj(9, wbits=-15)
    return bytes([form]) + stream.compress(plain) + stream.flush()


def _giant() -> bytes:
    """Return a lossless WebP with its header, which alpha is to go without, of a giant size."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "WEBP", lossless=True)
    whole = next(body for kind, body in riff_payloads(out.getvalue()) if kind == b"VP8L")
    sides = 16383 | 16383 << 14  # each less one
    return whole[:1] + sides.to_bytes(4, "little") + whole[5:]


def _forms(p: Parts) -> Iterator[Refused]:
    half = chunk(b"o", b"\0\x80")
    yield Refused("RDP-213_two-alphas", "o occurs twice.", p.join(extra=half + half))
    for name, why, body in (
        ("empty", "o has no body.", b""),
        ("form", "The form of o is 3, in a file of 8 bits.", b"\3\x80"),
        ("no-value", "Constant alpha without a value.", b"\0"),
        ("long-value", "Constant alpha of two bytes.", b"\0\x80\x80"),
        ("opaque", "Constant alpha of 255, which no chunk says.", b"\0\xff"),
    ):
        yield Refused(f"RDP-213_alpha-{name}", why, p.join(extra=chunk(b"o", body)))


def _bodies(p: Parts) -> Iterator[Refused]:
    width, height = p.file.header.width, p.file.header.height
    pixels, webp = width * height, _webp_alpha(disc_alpha(width, height))
    deflated = _deflated(bytes(pixels))
    other = _webp_alpha(disc_alpha(width + 8, height + 8))
    for name, why, body in (
        ("damaged", "The stream of alpha does not inflate.", b"\1\xff"),
        ("short", "Alpha inflates to a byte too few.", _deflated(bytes(pixels - 1))),
        ("long", "Alpha inflates to a byte too many.", _deflated(bytes(pixels + 1))),
        ("bomb", "Alpha inflates to sixteen million bytes.", _deflated(bytes(1 << 24))),
        ("cut", "The stream of alpha ends early.", deflated[:-1]),
        ("tail", "A byte follows the stream of alpha.", deflated + b"\0"),
        ("webp-empty", "Alpha of WebP without a byte.", b"\2"),
        ("webp-head", "Alpha of WebP is its first byte.", b"\2\1"),
        ("webp-reserved", "A reserved bit of alpha of WebP.", b"\2\x41" + webp[1:]),
        ("webp-method", "An unknown compression of alpha of WebP.", b"\2\2" + webp[1:]),
        ("webp-processed", "An unknown pre-processing of WebP.", b"\2\x21" + webp[1:]),
        ("webp-raw", "Raw alpha of WebP, a byte short.", b"\2\0" + bytes(pixels - 1)),
        ("webp-cut", "Alpha of WebP ends early; only decoding shows it.", b"\2" + webp[:-9]),
        ("webp-giant", "Alpha of WebP that says its size, the largest.", b"\2\1" + _giant()),
        ("webp-larger", "A wider alpha of WebP, cut to half.", b"\2" + other[: len(other) // 2]),
    ):
        yield Refused(f"RDP-213_alpha-{name}", why, p.join(extra=chunk(b"o", body)))
    unknown = {"prior": b"\xee"}
    cut = chunk(b"o", b"\2" + webp[:-9])
    why = "Two faults: alpha that only decoding shows to be damaged; an unknown prior."
    yield Refused("RDP-213_before-prior", why, p.join(extra=cut, **unknown))
