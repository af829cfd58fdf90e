"""Image files and Python objects to pictures; nothing is lost without a refusal or a note."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rdpcodec.errors import ISSUE, ImageError, LimitError, RdpError
from rdpcodec.files import read_file
from rdpcodec.images.colour import keep_profile
from rdpcodec.images.picture import Picture
from rdpcodec.limits import DEFAULT, Limits

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "PPM", "GIF")
SOURCE_BYTES_PER_PIXEL = 8  # an uncompressed 16-bit RGBA source is still opened and named
_GREY_MODES = ("1", "L", "LA")
_COLOUR_MODES = ("P", "PA", "RGB", "RGBA")
_REFUSED_MODES = {
    "CMYK": "CMYK (or YCCK) colours",
    "F": "32-bit float samples",
    "HSV": "HSV colours",
    "I": "32-bit integer samples",
    "LAB": "Lab colours",
    "YCbCr": "YCbCr samples",
}
_ORIENTATION = 0x0112
# Description, maker, model, software, date, artist, host, copyright, Exif and GPS directories.
_TELLING_TAGS = {270, 271, 272, 305, 306, 315, 316, 33432, 34665, 34853}
_AVIF_PROBE = 1 << 16
_AVIF_DEEP = 0x60  # the bits high_bitdepth and twelve_bit of the third byte of av1C
_PNG_GAMMA = 1 / 2.2


def read_picture(source: bytes | Path, limits: Limits = DEFAULT) -> tuple[Picture, list[str]]:
    """Read an image file.

    Args:
        source: Its path, or its content.
        limits: What to accept; sides and pixels are checked before pixels are decoded.

    Returns:
        The picture, upright, and one note for each thing that was applied or left out.

    Raises:
        ImageError: If it cannot be read, or has what the format does not carry.
        LimitError: If a limit is hit.
    """
    data = read_file(source, source_limits(limits)) if isinstance(source, Path) else source
    if not data:
        raise ImageError(ISSUE.IMAGE_UNREADABLE, "the file is empty, expected an image")
    with _pillow(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        if image.format == "AVIF":
            _check_avif_depth(data)
        return _convert(image, limits)


def source_limits(limits: Limits = DEFAULT) -> Limits:
    """Return limits for the size of an image file, which may hold uncompressed pixels.

    Args:
        limits: What to accept.

    Returns:
        The same with a larger `file_bytes`.
    """
    return replace(limits, file_bytes=limits.file_bytes + SOURCE_BYTES_PER_PIXEL * limits.pixels)


def picture_from(image: object, limits: Limits = DEFAULT) -> Picture:
    """Return the picture in an object of Python.

    Args:
        image: A `Picture`, a Pillow image, or a uint8 array (H, W), (H, W, 1) or (H, W, 3).
        limits: What to accept.

    Returns:
        The picture; metadata of a Pillow image other than its ICC profile are left out.

    Raises:
        ImageError: If it has what the format does not carry.
        LimitError: If a limit is hit.
        TypeError: If it is something else, or an array that is not uint8.
        ValueError: If the shape of an array is wrong.
    """
    if isinstance(image, Image.Image):
        with _pillow():
            return _convert(image, limits)[0]
    picture = image if isinstance(image, Picture) else _from_array(image)
    _check_size(picture.width, picture.height, limits)
    return picture


def _from_array(image: object) -> Picture:
    if not isinstance(image, np.ndarray):
        expected = "a Picture, a Pillow image or a uint8 array"
        raise TypeError(f"the image is a {type(image).__name__}, expected {expected}")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    return Picture(np.ascontiguousarray(image))


def _convert(image: Image.Image, limits: Limits) -> tuple[Picture, list[str]]:
    """Check what a Pillow image holds, cheapest first, then decode it."""
    _check_size(image.width, image.height, limits)
    notes: list[str] = []
    _check_frames(image, notes)
    _check_samples(image)
    image.load()
    _note_metadata(image, notes)
    upright = _apply_orientation(image, notes)
    opaque = _drop_opaque_alpha(upright, notes)
    plain = opaque.convert("L" if image.mode in _GREY_MODES else "RGB")
    icc = keep_profile(image.info.get("icc_profile"), plain.mode, limits, notes)
    return Picture(np.array(plain), icc), notes


def _check_size(width: int, height: int, limits: Limits) -> None:
    limits.check("side", width, "the width of the image")
    limits.check("side", height, "the height of the image")
    limits.check("pixels", width * height, "the number of pixels of the image")


def _check_frames(image: Image.Image, notes: list[str]) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames == 1:
        return
    if image.format == "MPO":  # photos of many phones: the first is the photo
        notes.append(f"the file has {frames} pictures, only the first is stored")
        return
    kind = "pages" if image.format == "TIFF" else "frames"
    raise _unsupported(f"the image has {frames} {kind} (animation or several pictures)", "one")


def _check_samples(image: Image.Image) -> None:
    mode = image.mode
    if mode.startswith("I;16") or _has_16_bits(image):
        raise _unsupported("the image has 16-bit samples", "8-bit samples")
    if mode in _REFUSED_MODES:
        raise _unsupported(f"the image has {_REFUSED_MODES[mode]}", "8-bit RGB or grey")
    if mode not in _GREY_MODES + _COLOUR_MODES:
        raise _unsupported(f"the image has the mode {mode}", "8-bit RGB or grey")


def _has_16_bits(image: Image.Image) -> bool:
    """Look at how the file stores samples; Pillow itself would reduce them to 8 bits."""
    for tile in getattr(image, "tile", ()):
        args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        if ";16" in str(args[0]):
            return True
        if tile.codec_name.startswith("ppm") and int(args[1]) > 255:
            return True
    return False


def _check_avif_depth(data: bytes) -> None:
    """Look into the box av1C, in the header of the file; Pillow reduces to 8 bits unasked."""
    for box in re.finditer(b"av1C", data[:_AVIF_PROBE]):
        configuration = data[box.end() : box.end() + 3]
        if len(configuration) == 3 and configuration[2] & _AVIF_DEEP:
            raise _unsupported("the image has 10-bit or 12-bit samples", "8-bit samples")


def _note_metadata(image: Image.Image, notes: list[str]) -> None:
    lost = []
    if _TELLING_TAGS & set(image.getexif()):
        lost.append("EXIF metadata other than orientation")
    if image.info.get("xmp"):
        lost.append("XMP metadata")
    if image.info.get("comment") or getattr(image, "text", None):
        lost.append("text comments")
    gamma = image.info.get("gamma", _PNG_GAMMA)
    if abs(gamma - _PNG_GAMMA) > 0.01 and not {"srgb", "icc_profile"} & set(image.info):
        lost.append(f"the PNG gamma {gamma:g}, sRGB is assumed")
    if lost:
        notes.append(f"not stored: {', '.join(lost)}")


def _apply_orientation(image: Image.Image, notes: list[str]) -> Image.Image:
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation == 1:
        return image
    if orientation not in range(1, 9):
        notes.append(f"the EXIF orientation {orientation!r} is unknown and was ignored")
        return image
    notes.append(f"EXIF orientation {orientation} was applied")
    return ImageOps.exif_transpose(image)


def _drop_opaque_alpha(image: Image.Image, notes: list[str]) -> Image.Image:
    if not image.has_transparency_data:
        return image
    full = image.convert("RGBA")
    if full.getchannel("A").getextrema() != (255, 255):
        raise _unsupported("the image has transparent pixels (alpha)", "an opaque picture")
    notes.append("the alpha channel is fully opaque and was dropped")
    return full.convert("RGB")


@contextmanager
def _pillow() -> Iterator[None]:
    """Turn whatever Pillow raises on a damaged file into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (RdpError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _bomb(error) from error
    except UnidentifiedImageError as error:
        known = "PNG, JPEG, WebP, AVIF, TIFF, BMP, PPM"
        message = f"the file is damaged or not an image of a known format ({known})"
        raise ImageError(ISSUE.IMAGE_UNREADABLE, message) from error
    except Exception as error:  # Pillow's parsers raise anything on damaged files
        message = f"the image is damaged: {str(error) or type(error).__name__}"
        raise ImageError(ISSUE.IMAGE_UNREADABLE, message) from error


def _bomb(error: Image.DecompressionBombError) -> LimitError:
    """Report Pillow's own limit, which is above the default one, as ours."""
    numbers = [int(n) for n in re.findall(r"\d+", str(error))] + [0, 0]
    message = f"the number of pixels of the image is {numbers[0]}, above the limit {numbers[1]}"
    return LimitError(ISSUE.LIMIT_PIXELS, message, "pixels", numbers[0], numbers[1])


def _unsupported(found: str, expected: str) -> ImageError:
    return ImageError(ISSUE.IMAGE_UNSUPPORTED, f"{found}, expected {expected}")
