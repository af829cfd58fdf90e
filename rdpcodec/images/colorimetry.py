"""What a file says about its colours beside an ICC profile."""

import struct
from typing import Any

from PIL import Image, TiffImagePlugin

from rdpcodec.images.boxes import iso_boxes, png_chunks
from rdpcodec.images.formats import unsupported
from rdpcodec.images.profiles import SRGB, Colours

_P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
_D65, _C, _THEATRE = SRGB[:2], (0.310, 0.316), (0.314, 0.351)
# Code points of ITU-T H.273, as cICP and nclx have them; 2 means unspecified.
_PRIMARIES: dict[int, tuple[float, ...]] = {
    1: SRGB,
    2: SRGB,
    4: (*_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (*_THEATRE, *_P3),
    12: (*_D65, *_P3),
    22: (*_D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
# Viewers show the camera curve of BT.709 and its kin as that of sRGB.
_GAMMA: dict[int, float | None] = dict.fromkeys((1, 2, 6, 13, 14, 15)) | {4: 2.2, 5: 2.8, 8: 1.0}
_HDR = {16: "PQ", 18: "HLG"}
_ADOBE = Colours("Adobe RGB of EXIF", (*_D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06), 563 / 256)
_PNG_GAMMA = 1 / 2.2  # what sRGB writes into gAMA
_EXIF, _INTEROPERABILITY, _COLOUR_SPACE = 0x8769, 0xA005, 0xA001
_WHITE_POINT, _PRIMARY_CHROMATICITIES, _TRANSFER_FUNCTION = 318, 319, 301
_JP2_SPACES = (0, 15, 16, 17, 18)  # bilevel, sRGB, grey, sYCC
_BMP_V5 = 124


def find_icc(image: Image.Image, data: bytes | None) -> bytes | None:
    """Return the ICC profile of an image, also where Pillow does not look for it.

    Args:
        image: An image.
        data: Its file, None if there is none.

    Returns:
        The profile; None without one, empty for one that cannot be taken out of the file.
    """
    if "icc_profile" in image.info:
        return image.info["icc_profile"] or b""
    if data is None:
        return None
    if image.format == "PNG" and b"iCCP" in png_chunks(data):
        return b""
    if image.format == "JPEG2000":
        return next((b[3:] for k, b in iso_boxes(data) if k == b"colr" and b[0] in (2, 3)), None)
    if image.format == "BMP" and _bmp_space(data) == b"DEBM":  # MBED, embedded
        at, size = struct.unpack_from("<II", data, 14 + 112)
        return data[14 + at : 14 + at + size]
    return None


def said_colours(image: Image.Image, data: bytes | None, notes: list[str]) -> Colours | None:
    """Return the colours that a file tells without an ICC profile.

    Args:
        image: An image, best before it is loaded.
        data: Its file, None if there is none.
        notes: Gets a note about what is not understood.

    Returns:
        The colours, None if nothing is said.

    Raises:
        ImageError: If the image is HDR.
    """
    by_format = {
        "PNG": _png, "AVIF": _avif, "QOI": _qoi, "JPEG2000": _jpeg2000, "BMP": _bmp,
    }.get(image.format or "")  # fmt: skip
    if data is not None and by_format is not None:
        said = by_format(data, notes)
        if said is not None:
            return said
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _tiff(image, notes)
    return _gamma_and_primaries(image) or _exif(image)


def _code_points(codes: tuple[int, int], source: str, notes: list[str]) -> Colours:
    """Return the colours of primaries and transfer of H.273."""
    primaries, transfer = codes
    if transfer in _HDR:
        raise unsupported(f"the image has HDR colours ({_HDR[transfer]}, by {source})", "SDR")
    if primaries not in _PRIMARIES or transfer not in _GAMMA:
        notes.append(f"the colours {primaries}/{transfer} of {source} are unknown, sRGB is assumed")
        return Colours(source)
    return Colours(f"{source} {primaries}/{transfer}", _PRIMARIES[primaries], _GAMMA[transfer])


def _png(data: bytes, notes: list[str]) -> Colours | None:
    body = png_chunks(data).get(b"cICP", b"")
    if len(body) != 4:
        return None
    if not body[3]:
        raise unsupported("the image has samples of narrow range (by cICP)", "full range")
    said = _code_points((body[0], body[1]), "cICP", notes)
    return Colours(said.source, said.primaries, said.gamma, outranks_icc=True)


def _avif(data: bytes, notes: list[str]) -> Colours | None:
    for kind, body in iso_boxes(data):
        if kind == b"colr" and body.startswith(b"nclx") and len(body) >= 8:
            return _code_points(struct.unpack_from(">HH", body, 4), "nclx", notes)
    return None


def _qoi(data: bytes, notes: list[str]) -> Colours | None:
    """Take the colour space of QOI as its specification does: it informs, and is often wrong."""
    if data[13:14] == b"\1":
        notes.append("the QOI calls itself linear, which is not stored: sRGB is assumed")
    return None


def _jpeg2000(data: bytes, notes: list[str]) -> Colours | None:
    for kind, body in iso_boxes(data):
        if kind == b"colr" and body[:1] == b"\1":
            space = int.from_bytes(body[3:7])
            if space not in _JP2_SPACES:
                notes.append(f"the JPEG 2000 colour space {space} is unknown, sRGB is assumed")
    return None


def _bmp_space(data: bytes) -> bytes:
    return data[70:74] if int.from_bytes(data[14:18], "little") == _BMP_V5 else b""


def _bmp(data: bytes, notes: list[str]) -> Colours | None:
    if _bmp_space(data) == b"KNIL":
        notes.append("the ICC profile is in another file (a BMP that links to it): not stored")
    if data[14:15] in (b"\x6c", b"\x7c") and data[70:74] == bytes(4) and any(data[74:122]):
        notes.append("the primaries and gammas of the BMP are not stored, sRGB is assumed")
    return None


def _tiff(image: TiffImagePlugin.TiffImageFile, notes: list[str]) -> Colours | None:
    tags = image.tag_v2
    if _TRANSFER_FUNCTION in tags and "icc_profile" not in image.info:
        notes.append("the transfer function of the TIFF is not stored, that of sRGB is assumed")
    primaries = tags.get(_PRIMARY_CHROMATICITIES)
    if primaries is None or len(primaries) != 6:
        return _exif(image)
    white = tags.get(_WHITE_POINT, _D65)
    return Colours("TIFF primaries", tuple(float(v) for v in (*white, *primaries)))


def _gamma_and_primaries(image: Image.Image) -> Colours | None:
    """Return what the chunks gAMA and cHRM of a PNG say; sRGB outranks both."""
    info = image.info
    gamma, primaries = info.get("gamma"), info.get("chromaticity")
    if "srgb" in info or (gamma is None and primaries is None):
        return None
    names = [name for name, value in (("gAMA", gamma), ("cHRM", primaries)) if value is not None]
    usual = gamma is None or abs(gamma - _PNG_GAMMA) <= 0.01
    exponent = None if usual or not gamma or gamma < 0.01 else 1 / gamma
    return Colours(" and ".join(names), primaries or SRGB, exponent)


def _exif(image: Image.Image) -> Colours | None:
    """Return Adobe RGB where a camera says so; with sRGB it says nothing."""
    exif = image.getexif()
    adobe = str(_directory(exif, _INTEROPERABILITY).get(1, "")).startswith("R03")
    return _ADOBE if adobe or _directory(exif, _EXIF).get(_COLOUR_SPACE) == 2 else None


def _directory(exif: Image.Exif, tag: int) -> dict[int, Any]:
    """Return a directory of EXIF, empty where there is none."""
    try:
        return exif.get_ifd(tag)
    except KeyError:  # Pillow 12.3, for a directory inside another
        return {}
