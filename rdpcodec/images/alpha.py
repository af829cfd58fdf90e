"""Alpha to bytes and back, without loss, and the colour of what is invisible (spec 7.3)."""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rdpcodec.errors import ISSUE, MalformedError
from rdpcodec.images.boxes import riff_payloads
from rdpcodec.images.formats import bomb
from rdpcodec.images.picture import Picture, Pixels, at_depth, depth_of, white_of

_WEBP_SIDE_MAX = 16_383
_RAW_DEFLATE = -15
_HAS_ALPHA = 0x10  # a flag of VP8X
_FAILURES = (OSError, ValueError, SyntaxError, EOFError)


def encode_alpha(alpha: Pixels) -> tuple[str, bytes] | None:
    """Return alpha in the shortest form of spec 7.3.

    Args:
        alpha: (H, W) uint8 or uint16, 0 for invisible, 255 or 65535 for opaque.

    Returns:
        The name of the form and its data; None if all is opaque.
    """
    if (alpha == white_of(alpha)).all():
        return None
    found = [] if alpha.dtype == np.uint8 else [("deflate-16", _deflated(_differences(alpha)))]
    rounded = at_depth(alpha, 8)
    if np.array_equal(at_depth(rounded, depth_of(alpha)), alpha):
        found += _forms_of_8_bits(rounded)
    return min(found, key=lambda form: len(form[1]))


def _forms_of_8_bits(alpha: Pixels) -> Iterator[tuple[str, bytes]]:
    if (alpha == alpha[0, 0]).all():
        yield "constant", bytes([alpha[0, 0]])
        return
    yield "deflate", _deflated(alpha)
    if max(alpha.shape) <= _WEBP_SIDE_MAX:
        yield "webp", _webp_alpha(alpha)


def _differences(alpha: Pixels) -> Pixels:
    """Return the planes of high and low bytes of what each sample is more than that before it."""
    steps = np.diff(alpha, axis=1, prepend=np.uint16(0))
    return np.stack([steps >> 8, steps & 0xFF]).astype(np.uint8)


def _deflated(plain: Pixels) -> bytes:
    stream = zlib.compressobj(9, wbits=_RAW_DEFLATE)
    return stream.compress(plain.tobytes()) + stream.flush()


def decode_alpha(form: str, data: bytes, width: int, height: int, depth: int = 8) -> Pixels:
    """Return the alpha that a file holds.

    Args:
        form: As `encode_alpha` names it.
        data: Its data, as far checked as the container does.
        width: Columns of the picture.
        height: Rows of the picture.
        depth: Bits of a sample of the picture; one form is for 16 alone.

    Returns:
        (height, width) uint8 or uint16.

    Raises:
        MalformedError: If the data are damaged.
        LimitError: If there are more pixels than Pillow decodes, whatever limits are given here.
    """
    if form == "deflate-16":
        high, low = _inflated(data, (2, height, width))
        return np.cumsum(high * np.uint16(256) + low, axis=1, dtype=np.uint16)
    if form == "constant":
        alpha: Pixels = np.full((height, width), data[0], np.uint8)
    elif form == "webp":
        alpha = _from_webp(data, width, height)
    else:
        alpha = _inflated(data, (height, width))
    return at_depth(alpha, depth)


def _inflated(data: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    plain = zlib.decompressobj(wbits=_RAW_DEFLATE).decompress(data, math.prod(shape))
    return np.frombuffer(plain, np.uint8).reshape(shape)


def with_invisible_filled(picture: Picture) -> Picture:
    """Return the picture with a smooth colour where nothing is seen, which costs the fewest bits.

    Args:
        picture: The picture.

    Returns:
        The same where alpha is above 0; elsewhere the visible colours around, extended smoothly.
    """
    if picture.alpha is None or picture.alpha.all():
        return picture
    visible = picture.alpha > 0
    if not visible.any():
        middle = (white_of(picture.pixels) + 1) // 2
        return replace(picture, pixels=np.full_like(picture.pixels, middle))
    weight = Image.fromarray(visible.astype(np.float32))
    planes = np.atleast_3d(picture.pixels)
    filled = [_extended(planes[:, :, k], visible, weight) for k in range(planes.shape[2])]
    pixels = filled[0] if picture.channels == 1 else np.dstack(filled)
    return replace(picture, pixels=pixels)


def _extended(plane: Pixels, visible: NDArray[np.bool_], weight: Image.Image) -> Pixels:
    seen = Image.fromarray(np.where(visible, plane, 0).astype(np.float32))
    smooth = np.asarray(_pulled(seen, weight)).round().clip(0, white_of(plane))
    return np.where(visible, plane, smooth.astype(plane.dtype))


def _pulled(seen: Image.Image, weight: Image.Image) -> Image.Image:
    """Return the means of what is seen, and where nothing is, those at half the resolution."""
    if max(seen.size) == 1:
        return Image.fromarray(np.asarray(seen) / np.asarray(weight))
    coarse = _pulled(seen.reduce(2), weight.reduce(2))
    around = np.array(coarse.resize(seen.size, Image.Resampling.BILINEAR))
    share = np.asarray(weight)
    np.divide(np.asarray(seen), share, out=around, where=share > 0)
    return Image.fromarray(around)


def _webp_alpha(alpha: Pixels) -> bytes:
    """Return the payload of ALPH that libwebp finds, losslessly coded."""
    image = Image.new("RGB", (alpha.shape[1], alpha.shape[0]))
    image.putalpha(Image.fromarray(alpha))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=0, alpha_quality=100, method=6)
    return next(body for kind, body in riff_payloads(out.getvalue()) if kind == b"ALPH")


def _from_webp(data: bytes, width: int, height: int) -> Pixels:
    """Put the payload into a WebP file of the picture's size, whose colours nobody looks at."""
    try:
        with Image.open(io.BytesIO(_webp_file(data, width, height)), formats=["WEBP"]) as image:
            alpha = np.asarray(image.convert("RGBA"))[:, :, 3]
    except Image.DecompressionBombError as error:  # above our limits, unless they are raised
        raise bomb(error) from error
    except _FAILURES as error:
        raise _damaged(str(error)) from error
    if alpha.shape != (height, width):
        raise _damaged(f"it has the shape {alpha.shape}, expected {(height, width)}")
    return np.ascontiguousarray(alpha)


def _webp_file(alpha: bytes, width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, "WEBP", quality=0, method=0)
    colours = next(body for kind, body in riff_payloads(out.getvalue()) if kind == b"VP8 ")
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    canvas = bytes([_HAS_ALPHA, 0, 0, 0]) + sides
    chunks = ((b"VP8X", canvas), (b"ALPH", alpha), (b"VP8 ", colours))
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(part)) + part + bytes(len(part) % 2) for kind, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _damaged(what: str) -> MalformedError:
    return MalformedError(ISSUE.BAD_ANCILLARY, f"the alpha of the picture is damaged: {what}")
