"""Alpha to bytes and back, without loss, and the colour of what is invisible (spec 7.3)."""

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rdpcodec.errors import ISSUE, MalformedError
from rdpcodec.images.boxes import riff_payloads
from rdpcodec.images.formats import bomb
from rdpcodec.images.picture import Picture, Pixels

_OPAQUE = 255
_MIDDLE = 128  # the colour of a picture of which nothing is visible
_WEBP_SIDE_MAX = 16_383
_RAW_DEFLATE = -15
_HAS_ALPHA = 0x10  # a flag of VP8X
_FAILURES = (OSError, ValueError, SyntaxError, EOFError)


def encode_alpha(alpha: Pixels) -> tuple[str, bytes] | None:
    """Return alpha in the shortest form of spec 7.3.

    Args:
        alpha: (H, W) uint8, 0 for invisible, 255 for opaque.

    Returns:
        The name of the form and its data; None if all is opaque.
    """
    first = int(alpha[0, 0])
    if (alpha == first).all():
        return None if first == _OPAQUE else ("constant", bytes([first]))
    stream = zlib.compressobj(9, wbits=_RAW_DEFLATE)
    found = "deflate", stream.compress(alpha.tobytes()) + stream.flush()
    if max(alpha.shape) > _WEBP_SIDE_MAX:
        return found
    return min(found, ("webp", _webp_alpha(alpha)), key=lambda form: len(form[1]))


def decode_alpha(form: str, data: bytes, width: int, height: int) -> Pixels:
    """Return the alpha that a file holds.

    Args:
        form: As `encode_alpha` names it.
        data: Its data, as far checked as the container does.
        width: Columns of the picture.
        height: Rows of the picture.

    Returns:
        (height, width) uint8.

    Raises:
        MalformedError: If the data are damaged.
        LimitError: If there are more pixels than Pillow decodes, whatever limits are given here.
    """
    if form == "constant":
        return np.full((height, width), data[0], np.uint8)
    if form == "webp":
        return _from_webp(data, width, height)
    plain = zlib.decompressobj(wbits=_RAW_DEFLATE).decompress(data, height * width)
    return np.frombuffer(plain, np.uint8).reshape(height, width)


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
        return replace(picture, pixels=np.full_like(picture.pixels, _MIDDLE))
    weight = Image.fromarray(visible.astype(np.float32))
    planes = np.atleast_3d(picture.pixels)
    filled = [_extended(planes[:, :, k], visible, weight) for k in range(planes.shape[2])]
    pixels = filled[0] if picture.channels == 1 else np.dstack(filled)
    return replace(picture, pixels=pixels)


def _extended(plane: Pixels, visible: NDArray[np.bool_], weight: Image.Image) -> Pixels:
    seen = Image.fromarray(np.where(visible, plane, 0).astype(np.float32))
    smooth = np.asarray(_pulled(seen, weight)).round().clip(0, 255).astype(np.uint8)
    return np.where(visible, plane, smooth)


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
