"""Name what a file is when it is not an .rdp picture (spec 3.1)."""

import codecs
import re

from rdpcodec.errors import ISSUE, NotRdpError, TruncatedError

SIGNATURE = b"\x89RDP\r\n"
_DAMAGED_STARTS = (b"\x89RDP", b"\x09RDP", b"\xc2\x89RDP", b"\xef\xbf\xbdRDP")
_IMAGES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"II+\0", "a TIFF image"),
    (b"MM\0+", "a TIFF image"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"DDS ", "a DDS image"),
    (b"8BPS", "a Photoshop image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"qoif", "a QOI image"),
)
_REMOTE_DESKTOP = "a Windows Remote Desktop connection file"
_BRANDS = {b"avif": "an AVIF image", b"avis": "an AVIF image", b"heic": "a HEIC image"}
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NETPBM = re.compile(rb"P[1-7]\s")
_SETTING = re.compile(r"\s*[a-z][a-z0-9 _-]{0,63}:[sib]:", re.IGNORECASE | re.ASCII)
_PROBE = 512

KIND_RDP = "an .rdp picture"


def kind_of(data: bytes) -> str | None:
    """Name a file of one of the kinds that are easily mistaken for each other.

    Args:
        data: At least its first 512 bytes.

    Returns:
        `KIND_RDP`, an image format or a Windows Remote Desktop connection file, with article;
        None for anything else.
    """
    if data.startswith(SIGNATURE):
        return KIND_RDP
    return _REMOTE_DESKTOP if _is_remote_desktop(data) else _image(data)


def check_signature(data: bytes) -> None:
    """Accept the signature, or say what the file is instead.

    Args:
        data: The whole file.

    Raises:
        NotRdpError: If the file is something else, or its signature is damaged.
        TruncatedError: If the file ends inside the signature.
    """
    if data.startswith(SIGNATURE):
        return
    if data and SIGNATURE.startswith(data):
        message = f"the file ends at byte {len(data)}, inside the signature; no layer is whole"
        raise TruncatedError(ISSUE.TRUNCATED, message)
    raise _name(data)


def _name(data: bytes) -> NotRdpError:
    if not data:
        return NotRdpError(ISSUE.NOT_RDP, "the file is empty, expected an .rdp picture")
    if data.startswith(_DAMAGED_STARTS):
        return NotRdpError(
            ISSUE.TRANSFER_DAMAGE,
            f"the signature is {data[: len(SIGNATURE)].hex(' ')}, expected {SIGNATURE.hex(' ')}: "
            "the file was changed on its way, as by a transfer in text mode",
        )
    if _is_remote_desktop(data):
        return NotRdpError(
            ISSUE.REMOTE_DESKTOP_FILE,
            f"this is {_REMOTE_DESKTOP}, which has the same extension, not an .rdp picture",
        )
    what = _image(data) or f"something that begins with {data[:8].hex(' ')}"
    return NotRdpError(ISSUE.NOT_RDP, f"the file is {what}, not an .rdp picture")


def _is_remote_desktop(data: bytes) -> bool:
    """Look for a setting such as `full address:s:` in the first line that is not empty."""
    bom, encoding = next(
        (pair for pair in _ENCODINGS if data.startswith(pair[0])), (b"", "latin-1")
    )
    text = data[len(bom) : _PROBE].decode(encoding, errors="replace")
    return _SETTING.match(text) is not None


def _image(data: bytes) -> str | None:
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "a WebP image"
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "an ISO media file")
    if _NETPBM.match(data):
        return "a PNM image"
    return next((name for magic, name in _IMAGES if data.startswith(magic)), None)
