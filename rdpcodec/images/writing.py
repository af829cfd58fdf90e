"""Pictures to files of lossless formats, and to the screen."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageShow

from rdpcodec.errors import ISSUE, OutputError, UsageError
from rdpcodec.images.colour import in_srgb
from rdpcodec.images.deep_png import png_of_16_bits
from rdpcodec.images.deep_tiff import tiff_of_16_bits
from rdpcodec.images.kept import HOLDS_EXIF, HOLDS_XMP, resolution_of, save_options
from rdpcodec.images.picture import Picture, at_depth, white_of, with_depth

_LOSSLESS_WEBP = {"format": "WEBP", "lossless": True, "exact": True}  # also where invisible
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    ".png": {"format": "PNG"},
    ".webp": _LOSSLESS_WEBP,
    ".tif": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
    ".tiff": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
    ".bmp": {"format": "BMP"},
    ".pgm": {"format": "PPM"},
    ".ppm": {"format": "PPM"},
}
_DEEP = {".png": png_of_16_bits, ".tif": tiff_of_16_bits, ".tiff": tiff_of_16_bits}
_OPAQUE = 255
_SIDE_MAX = {".webp": 16383}
_WITHOUT_PROFILE = (".bmp", ".pgm", ".ppm")
_WITHOUT_ALPHA = (".bmp", ".pgm", ".ppm")
_SQUARE_PX, _SQUARES = 8, (153, 102)  # what lies behind a transparent picture on the screen
_LOSSY = (".jpg", ".jpeg", ".avif")


def png_bytes(picture: Picture) -> bytes:
    """Return the picture as a PNG file, with its ICC profile.

    Args:
        picture: The picture.

    Returns:
        The file.
    """
    return encode_picture(picture, ".png")


def check_suffix(suffix: str) -> None:
    """Refuse an extension that names no lossless format.

    Args:
        suffix: `.png` and the like, in any case.

    Raises:
        UsageError: If there is no such format here, or it is lossy.
    """
    expected = f"expected one of {', '.join(_SAVE_OPTIONS)}"
    if suffix.lower() in _LOSSY:
        raise _usage(f"{suffix} would compress the picture a second time, {expected}")
    if suffix.lower() not in _SAVE_OPTIONS:
        found = f"the extension {suffix}" if suffix else "a name without extension"
        raise _usage(f"{found} names no image format, {expected}, or --format")


def check_format(
    suffix: str,
    width: int,
    height: int,
    channels: int,
    *,
    profile: bool = False,
    alpha: bool = False,
) -> None:
    """Refuse a format that cannot carry a picture, from what its header tells.

    Args:
        suffix: As for `check_suffix`.
        width: The number of columns.
        height: The number of rows.
        channels: 1 for grey, 3 for RGB.
        profile: Whether it has an ICC profile.
        alpha: Whether it has alpha.

    Raises:
        UsageError: If there is no such format here, it is lossy, or it cannot carry the picture.
    """
    check_suffix(suffix)
    suffix = suffix.lower()
    if profile and suffix in _WITHOUT_PROFILE:
        way = ".png can; --drop-profile leaves it out"
        raise _usage(f"{suffix} cannot carry the picture's ICC profile, {way}")
    if alpha and suffix in _WITHOUT_ALPHA:
        way = ".png can; --background COLOUR lays the picture on a colour"
        raise _usage(f"{suffix} cannot carry the picture's transparency (alpha), {way}")
    if suffix == ".pgm" and channels != 1:
        raise _usage("the picture has colours and .pgm has none, expected .ppm")
    side_max = _SIDE_MAX.get(suffix)
    if side_max is not None and max(width, height) > side_max:
        found = f"the picture has {width} x {height} pixels"
        raise _usage(f"{found}, {suffix} holds at most {side_max} a side, .png holds it")


def encode_picture(picture: Picture, suffix: str) -> bytes:
    """Return the picture as a file of a lossless format.

    Args:
        picture: The picture.
        suffix: The extension that names the format: .png, .webp, .tif, .tiff, .bmp, .pgm, .ppm.

    Returns:
        The file; its ICC profile and its alpha are in it, EXIF, XMP and 16 bits where the format
        has them.

    Raises:
        UsageError: If the format is unknown or lossy, or cannot carry the picture.
        OutputError: If Pillow cannot write it.
    """
    check_format(
        suffix,
        picture.width,
        picture.height,
        picture.channels,
        profile=picture.icc is not None,
        alpha=picture.alpha is not None,
    )
    suffix = suffix.lower()
    if picture.depth == 16 and suffix in _DEEP:
        return _DEEP[suffix](picture, resolution_of(picture.exif))
    picture = with_depth(picture, 8)
    image = _with_alpha(Image.fromarray(picture.pixels), picture)
    if suffix == ".ppm":
        image = image.convert("RGB")
    out = io.BytesIO()
    options = dict(_SAVE_OPTIONS[suffix])
    if picture.icc is not None:
        options["icc_profile"] = picture.icc
    options |= save_options(suffix, picture.exif, picture.xmp)
    try:
        image.save(out, **options)
    except (OSError, ValueError) as error:
        message = f"the picture cannot be written as {suffix}: {error}"
        raise OutputError(ISSUE.OUTPUT_NOT_WRITABLE, message) from error
    return out.getvalue()


def depth_for(suffix: str, asked: int | None, of_file: int) -> int:
    """Return the bits of a sample that a picture is decoded with to be written in a format.

    Args:
        suffix: The extension that names the format.
        asked: What the user asks for, 8 or 16; None for what is there and fits.
        of_file: That of the .rdp file.

    Raises:
        UsageError: If 16 bits are asked for and the format holds 8.
    """
    deep = suffix.lower() in _DEEP
    if asked == 16 and not deep:
        raise _usage(f"{suffix} holds 8 bits a sample and --depth is 16, {' and '.join(_DEEP)} can")
    return asked or (of_file if deep else 8)


def not_held(suffix: str, picture: Picture, depth: int = 8) -> list[str]:
    """Name what of a picture a format does not hold; .png holds all.

    Args:
        suffix: The extension that names the format.
        picture: The picture.
        depth: Bits of a sample that it was meant to have.
    """
    held = (
        ("EXIF", picture.exif is not None, HOLDS_EXIF),
        ("XMP", picture.xmp is not None, HOLDS_XMP),
        (f"{depth} bits a sample", depth > picture.depth, _DEEP),
    )
    return [name for name, there, suffixes in held if there and suffix not in suffixes]


def for_screen(picture: Picture, width: int) -> NDArray[np.uint8]:
    """Return the picture in sRGB, at most `width` wide.

    Args:
        picture: The picture.
        width: The number of columns, at least 1.

    Returns:
        (h, w, 3) uint8 of the same aspect ratio.
    """
    image = _with_alpha(in_srgb(picture), picture)
    if width < image.width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(image if picture.alpha is None else _on_squares(image))


def background_of(colour: str, channels: int) -> tuple[int, ...]:
    """Return the samples of a colour.

    Args:
        colour: As in CSS: a name, or #rrggbb.
        channels: 1 for a grey picture, 3 for RGB.

    Returns:
        As many numbers, 0..255.

    Raises:
        UsageError: If the colour is unknown, transparent, or is none of a grey picture.
    """
    try:
        red, green, blue, *alpha = ImageColor.getrgb(colour)
    except ValueError as error:
        expected = "expected a name of CSS or #rrggbb"
        raise _usage(f"the background is {colour!r}, {expected}") from error
    if alpha and alpha[0] != _OPAQUE:
        raise _usage(f"the background {colour} is transparent itself, expected an opaque colour")
    if channels == 1 and not red == green == blue:
        raise _usage(f"the background {colour} has colour and the picture is grey")
    return (red, green, blue)[:channels]


def on_colour(picture: Picture, colour: str) -> Picture:
    """Return the picture on a background, opaque.

    Args:
        picture: The picture.
        colour: As in CSS: a name, or #rrggbb.

    Returns:
        The picture without alpha, of as many channels; the same if it has none.

    Raises:
        UsageError: If the colour is unknown, or is none of a grey picture.
    """
    of_colour = np.array(background_of(colour, picture.channels), dtype=np.uint8)
    if picture.alpha is None:
        return picture
    behind = at_depth(of_colour, picture.depth).astype(np.float32)
    share = picture.alpha[:, :, None] / np.float32(white_of(picture.alpha))
    mixed = behind + share * (np.atleast_3d(picture.pixels) - behind)
    pixels = np.rint(mixed).astype(picture.pixels.dtype).reshape(picture.pixels.shape)
    return replace(picture, pixels=pixels, alpha=None)


def _with_alpha(image: Image.Image, picture: Picture) -> Image.Image:
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(at_depth(picture.alpha, 8)))
    return image


def _on_squares(image: Image.Image) -> Image.Image:
    """Lay an image on grey squares, so that what is transparent looks so."""
    rows, columns = np.ogrid[: image.height, : image.width]
    odd = (rows // _SQUARE_PX + columns // _SQUARE_PX) % 2
    behind = Image.fromarray(np.array(_SQUARES, np.uint8)[odd]).convert("RGBA")
    return Image.alpha_composite(behind, image).convert("RGB")


def show(picture: Picture) -> bool:
    """Open the picture in a window.

    Args:
        picture: The picture.

    Returns:
        False if this machine has no viewer.
    """
    return bool(ImageShow.show(_with_alpha(in_srgb(picture), picture)))


def _usage(message: str) -> UsageError:
    return UsageError(ISSUE.INVALID_OPTION, message)
