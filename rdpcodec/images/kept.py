"""The metadata that go into the file: EXIF without thumbnail and maker note, and XMP as it is."""

from PIL import Image, PngImagePlugin

from rdpcodec.images.resolution import Resolution, named, of_exif, says_something, tags_of

_EXIF, _GPS, _MAKER_NOTE, _INTEROPERABILITY, _XMP = 0x8769, 0x8825, 0x927C, 0xA005, 700
# Description, maker, model, resolution (three), software, date, artist, host, copyright. The rest
# tells how the source file stores its pixels, or how they were turned.
_TAGS = (270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 33432)
_TELLING = {*_TAGS, _EXIF, _GPS} - {282, 283, 296}
_PREFIX = b"Exif\0\0"
_PNG_XMP = "XML:com.adobe.xmp"
_HOLDS_RESOLUTION = (".png", ".tif", ".tiff", ".bmp")
HOLDS_EXIF, HOLDS_XMP = (".png", ".webp"), (".png", ".webp", ".tif", ".tiff")


def kept_exif(image: Image.Image, resolution: Resolution | None, notes: list[str]) -> bytes | None:
    """Return the EXIF of an upright image, fit for another file.

    Args:
        image: An image.
        resolution: Its resolution, None if it is not known.
        notes: Gets a note about what is left out.

    Returns:
        A TIFF structure; None where nothing is told.
    """
    found = image.getexif()
    if not _TELLING & set(found) and not (resolution and says_something(resolution)):
        if resolution:
            notes.append(f"not stored: {named(resolution)}, which means that none is known")
        return None
    try:
        data, left_out = _copy(found, resolution)
        if image.format in ("JPEG", "MPO") and found.get_ifd(1):
            left_out.append("a thumbnail")
    except Exception as error:  # noqa: BLE001 - Pillow raises anything on damaged directories
        notes.append(f"the EXIF metadata are damaged ({error}): dropped")
        return None
    if left_out:
        notes.append(f"EXIF is kept without {' and '.join(left_out)}")
    return data


def _copy(found: Image.Exif, resolution: Resolution | None) -> tuple[bytes, list[str]]:
    """Return the tags worth keeping as a TIFF structure, and what else there is."""
    kept = Image.Exif()
    for tag in _TAGS:
        if tag in found:
            kept[tag] = found[tag]
    kept.update(tags_of(resolution) if resolution else {})
    details, place = dict(found.get_ifd(_EXIF)), dict(found.get_ifd(_GPS))
    left_out = ["a maker note"] if details.pop(_MAKER_NOTE, None) else []
    details.pop(_INTEROPERABILITY, None)
    for tag, directory in ((_EXIF, details), (_GPS, place)):
        if directory:
            kept.get_ifd(tag).update(directory)
            kept[tag] = directory
    return kept.tobytes().removeprefix(_PREFIX), left_out


def kept_xmp(image: Image.Image) -> bytes | None:
    """Return the XMP packet of an upright image, None without one."""
    xmp = image.info.get("xmp") or image.info.get(_PNG_XMP)
    return xmp.encode() if isinstance(xmp, str) else xmp or None


def save_options(suffix: str, exif: bytes | None, xmp: bytes | None) -> dict[str, object]:
    """Return what Pillow is told to write metadata, nothing for those that a format cannot hold.

    Pillow writes no EXIF directories into compressed TIFF. The resolution is told twice where a
    format has its own place for it.

    Args:
        suffix: `.png` and the like.
        exif: As `kept_exif` returns it.
        xmp: As `kept_xmp` returns it.

    Returns:
        Keywords of `Image.save`.
    """
    options: dict[str, object] = {}
    resolution = resolution_of(exif)
    if resolution is not None and suffix in _HOLDS_RESOLUTION:
        options["dpi"] = resolution
    if suffix in (".tif", ".tiff"):
        return options | ({} if xmp is None else {"tiffinfo": {_XMP: xmp}})
    if exif is not None and suffix in HOLDS_EXIF:
        options["exif"] = _PREFIX + exif
    if xmp is not None and suffix == ".webp":
        options["xmp"] = xmp
    if xmp is not None and suffix == ".png":
        text = PngImagePlugin.PngInfo()
        text.add_itxt(_PNG_XMP, xmp.decode("utf-8", "replace"))
        options["pnginfo"] = text
    return options


def resolution_of(exif: bytes | None) -> Resolution | None:
    """Return the dots per inch that kept EXIF tells, None if it does not."""
    if exif is None:
        return None
    found = Image.Exif()
    try:
        found.load(exif)
    except Exception:  # noqa: BLE001 - a file may hold anything; it is written as it is
        return None
    return of_exif(found)
