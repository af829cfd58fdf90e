"""Samples of other than 8 or 16 bits, which Pillow would reduce without a word."""

import struct

from PIL import Image, TiffImagePlugin

from rdpcodec.images.boxes import iso_boxes
from rdpcodec.images.conversion import CONVERTED, check_convertible
from rdpcodec.images.formats import unsupported

GREY_MODES = ("1", "L", "LA", "La")
DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N")
COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "RGBX", "RGBa")
# Files of these formats may be deep, and Pillow forgets it once it has loaded them.
FORGETFUL = ("PNG", "AVIF", "PPM", "JPEG2000", "DDS", "ICO")
_REFUSED_MODES = {
    "F": "32-bit float samples",
    "HSV": "HSV colours",
    "I": "32-bit integer samples",
    "YCbCr": "YCbCr samples",
}
_EXPECTED = "8-bit samples, or 16-bit ones of a PNG or TIFF, pixel by pixel"
_SAMPLE_FORMATS = {2: "signed", 3: "float"}
_AVIF_DEEP = 0x60  # the bits high_bitdepth and twelve_bit of the third byte of av1C
_CODESTREAM = b"\xff\x4f\xff\x51"


def check_samples(image: Image.Image, data: bytes | None) -> None:
    """Refuse what cannot become RGB or grey of 8 or 16 bits; CMYK and Lab of 8 can, with a note.

    Args:
        image: An image, best before it is loaded: then Pillow still tells what the file has.
        data: Its file, None if there is none.

    Raises:
        ImageError: If it has other samples.
    """
    found = _deep_file(image, data)
    if found is not None:
        raise unsupported(f"the image has {found}", _EXPECTED)
    if image.mode in _REFUSED_MODES:
        raise unsupported(f"the image has {_REFUSED_MODES[image.mode]}", "8-bit RGB or grey")
    if image.mode in CONVERTED:
        check_convertible(image)
    elif image.mode not in GREY_MODES + COLOUR_MODES + DEEP_MODES:
        raise unsupported(f"the image has the mode {image.mode}", "8-bit RGB or grey")


def _deep_file(image: Image.Image, data: bytes | None) -> str | None:
    """Return what the file has that neither 8 bits hold nor `deep` reads."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _deep_tiff(image)
    bits = max(_file_bits(image, data), _tile_bits(image))
    if image.format == "PNG" and bits == 16:
        return None
    if image.format == "AVIF" and bits > 8:
        return "10-bit or 12-bit samples"
    return f"{bits}-bit samples" if bits > 8 else None


def _deep_tiff(image: TiffImagePlugin.TiffImageFile) -> str | None:
    bits = max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,)))
    kinds = image.tag_v2.get(TiffImagePlugin.SAMPLEFORMAT, (1,))
    kind = next((_SAMPLE_FORMATS[k] for k in kinds if k in _SAMPLE_FORMATS), None)
    if image.mode in _REFUSED_MODES and bits == 32:
        return None  # the mode has a better name for it
    if kind is not None:
        return f"{bits}-bit {kind} samples"
    if bits == 16 and image.mode in (*DEEP_MODES, "RGB", "RGBA"):
        planes = image.tag_v2.get(TiffImagePlugin.PLANAR_CONFIGURATION, 1)
        return "16-bit samples in planes apart" if planes != 1 else None
    return f"{bits}-bit samples" if bits > 8 else None


def _file_bits(image: Image.Image, data: bytes | None) -> int:
    """Return the bits of a sample, 8 where the format has no more."""
    if data is None:
        return 8
    if image.format == "PNG" and len(data) > 24:
        return data[24]
    if image.format == "AVIF":
        boxes = [body for kind, body in iso_boxes(data) if kind == b"av1C"]
        return 10 if any(len(body) > 2 and body[2] & _AVIF_DEEP for body in boxes) else 8
    if image.format == "JPEG2000":
        return _jpeg2000_bits(data)
    if image.format == "ICO":
        return max((depth for _, _, depth in icon_entries(data)), default=8)
    return 8


def _jpeg2000_bits(data: bytes) -> int:
    """Return the bits of the deepest component, from the marker SIZ."""
    if not data.startswith(_CODESTREAM):
        data = next((body for kind, body in iso_boxes(data) if kind == b"jp2c"), b"")
    if not data.startswith(_CODESTREAM) or len(data) < 42:
        return 8
    components = int.from_bytes(data[40:42])
    return max(((depth & 0x7F) + 1 for depth in data[42 : 42 + 3 * components : 3]), default=8)


def _tile_bits(image: Image.Image) -> int:
    """Return the bits of a sample where only Pillow's plan of decoding tells them."""
    bits = 16 if str(getattr(image, "pixel_format", "")).startswith("BC6H") else 8
    for tile in getattr(image, "tile", ()):
        if tile.codec_name.startswith("ppm") and isinstance(tile.args, tuple):
            bits = max(bits, int(tile.args[1]).bit_length())
        if tile.codec_name == "dds_rgb":
            bits = max(bits, *(mask.bit_count() for mask in tile.args[1]))
    return bits


def icon_entries(data: bytes) -> list[tuple[int, int, int]]:
    """Return width, height and bits of a sample of each picture of an .ico file.

    Args:
        data: The file; Pillow decodes it as it opens it, so that limits come first here.

    Returns:
        A triple for each entry whose header is there.
    """
    entries = []
    for k in range(int.from_bytes(data[4:6], "little")):
        if len(data) < 22 + 16 * k:
            break
        (at,) = struct.unpack_from("<I", data, 18 + 16 * k)
        head = data[at : at + 25]
        if len(head) < 25:
            continue
        if head.startswith(b"\x89PNG"):
            entries.append((*struct.unpack_from(">II", head, 16), head[24]))
        else:
            width, height = struct.unpack_from("<ii", head, 4)
            entries.append((abs(width), abs(height) // 2, 8))
    return entries
