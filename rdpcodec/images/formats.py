"""Which image files are read, and what to say about the others."""

import io
import re
import struct

from PIL import Image, TiffImagePlugin

from rdpcodec.errors import ISSUE, ImageError, LimitError

# By Pillow's names. TGA has no signature, so it is tried last.
FORMATS = {
    "PNG": "PNG", "JPEG": "JPEG", "WEBP": "WebP", "AVIF": "AVIF", "TIFF": "TIFF", "BMP": "BMP",
    "PPM": "PPM, PGM, PBM", "GIF": "GIF", "JPEG2000": "JPEG 2000", "QOI": "QOI", "ICO": "ICO",
    "DDS": "DDS", "TGA": "TGA",
}  # fmt: skip
KNOWN = ", ".join(FORMATS.values())
# The extensions of these, in lower case: which files of a folder are taken for pictures.
SUFFIXES = frozenset({
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".avif",
    ".avifs", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm", ".gif",
    ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".qoi", ".ico", ".dds",
    ".tga", ".icb", ".vda", ".vst", ".split",
})  # fmt: skip

# Where the bytes stand, the bytes, and what they tell.
_OTHERS = (
    (0, b"\x89RDP", "an .rdp picture already"),
    (0, b"screen mode id:", "a Windows Remote Desktop connection file"),
    (0, b"full address:", "a Windows Remote Desktop connection file"),
    (0, b"\xff\x0a", "a JPEG XL image"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (4, b"ftyphe", "a HEIC image"),
    (4, b"ftypcr", "a Canon raw photo"),
    (4, b"ftyp", "a video or another ISO media file"),
    (0, b"II\xbc\x01", "a JPEG XR image"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"gimp xcf", "a GIMP document"),
    (0, b"v/1\x01", "an OpenEXR image"),
    (0, b"#?RADIANCE", "a Radiance HDR image"),
    (0, b"SIMPLE  =", "a FITS image"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"PK\x03\x04", "a ZIP archive"),
)
_OF_A_TIFF = "8-bit RGB or grey, 16-bit RGB, or 16-bit grey without alpha"
_SAMPLE_FORMATS = {1: "", 2: "signed ", 3: "float "}
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def unsupported(found: str, expected: str) -> ImageError:
    """Return the error for a feature that the format does not carry.

    Args:
        found: What the image has.
        expected: What it should have.

    Returns:
        The error.
    """
    return ImageError(ISSUE.IMAGE_UNSUPPORTED, f"{found}, expected {expected}")


def bomb(error: Image.DecompressionBombError) -> LimitError:
    """Report Pillow's own limit, which is above the default one, as ours."""
    numbers = [int(n) for n in re.findall(r"\d+", str(error))] + [0, 0]
    message = f"the number of pixels of the image is {numbers[0]}, above the limit {numbers[1]}"
    return LimitError(ISSUE.LIMIT_PIXELS, message, "pixels", numbers[0], numbers[1])


def not_identified(data: bytes) -> ImageError:
    """Return the error for a file in which Pillow sees no image that it can read.

    Args:
        data: The file.

    Returns:
        An error that says what the file is, as far as its first bytes tell.
    """
    if data.startswith(b"\xff\xd8\xff"):
        depth = _jpeg_bits(data)
        if depth not in (None, 8):
            return unsupported(f"the image is a JPEG of {depth}-bit samples", "8-bit samples")
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        samples = _tiff_samples(data)
        if samples:
            return unsupported(f"the image is a TIFF of {samples}", _OF_A_TIFF)
    what = _what(data)
    if what:
        return ImageError(ISSUE.IMAGE_UNREADABLE, f"the file is {what}, expected one of {KNOWN}")
    message = f"the file is damaged or not an image of a known format ({KNOWN})"
    return ImageError(ISSUE.IMAGE_UNREADABLE, message)


def _what(data: bytes) -> str | None:
    start = data[:256]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):  # connection files are UTF-16 as a rule
        start = start.decode("utf-16", "ignore").encode()
    for at, mark, name in _OTHERS:
        if start[at:].startswith(mark):
            return name
    return "an SVG drawing" if b"<svg" in start else None


def _jpeg_bits(data: bytes) -> int | None:
    """Return the bits of a sample, from the header of the first frame."""
    at = 2
    while at + 5 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _FRAME_MARKERS:
            return data[at + 4]
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _tiff_samples(data: bytes) -> str | None:
    """Return what Pillow could not make out of a TIFF that is whole in itself."""
    head = data[: 16 if data[2] == 43 or data[3] == 43 else 8]
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(head)
        stream = io.BytesIO(data)
        stream.seek(tags.next)
        tags.load(stream)
        bits = tags.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
        kind = tags.get(TiffImagePlugin.SAMPLEFORMAT, (1,))[0]
        compression = tags.get(TiffImagePlugin.COMPRESSION, 1)
    except (ValueError, KeyError, TypeError, IndexError, SyntaxError, OSError, struct.error):
        return None
    if compression not in TiffImagePlugin.COMPRESSION_INFO:
        return f"the compression {compression}"
    count = f"{len(bits)} x " if len(bits) > 1 else ""
    photometric = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION, 0)
    return f"{count}{bits[0]}-bit {_SAMPLE_FORMATS.get(kind, '')}samples, kind {photometric}"
