"""What a file holds beside pixels and colours: named, since it is not stored."""

from PIL import Image, ImageOps, TiffImagePlugin

from rdpcodec.images.boxes import iso_boxes, png_chunks, riff_payloads

_PNG_XMP = "XML:com.adobe.xmp"
_ORIENTATION = 0x0112
_TIFF_IPTC, _TIFF_PHOTOSHOP, _TIFF_C2PA = 33723, 34377, 52545
_IPTC_RESOURCE = 0x0404
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def note_metadata(image: Image.Image, data: bytes | None, notes: list[str]) -> None:
    """Add one note that names the metadata which are left out.

    Args:
        image: An image.
        data: Its file, None if there is none.
        notes: Gets the note.
    """
    found = {
        "IPTC metadata": _has_iptc(image),
        "Photoshop metadata": _has_photoshop(image),
        "C2PA metadata": data is not None and _has_c2pa(image, data),
        "text comments": bool(image.info.get("comment") or _texts(image)),
    }
    lost = [name for name, there in found.items() if there]
    shape = _shape(image)
    if shape:
        lost.append(shape)
    if lost:
        notes.append(f"not stored: {', '.join(lost)}")


def apply_orientation(image: Image.Image, notes: list[str]) -> Image.Image:
    """Return the image upright.

    Args:
        image: A loaded image.
        notes: Gets a note about what was done.

    Returns:
        The image, or another that is turned or mirrored.
    """
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation == 1:
        return image
    if orientation not in range(1, 9):
        notes.append(f"the EXIF orientation {orientation!r} is unknown and was ignored")
        return image
    notes.append(f"EXIF orientation {orientation} was applied")
    return ImageOps.exif_transpose(image)


def _texts(image: Image.Image) -> set[str]:
    return set(getattr(image, "text", None) or ()) - {_PNG_XMP}


def _tags(image: Image.Image) -> set[int]:
    return set(image.tag_v2) if isinstance(image, TiffImagePlugin.TiffImageFile) else set()


def _has_iptc(image: Image.Image) -> bool:
    return _IPTC_RESOURCE in image.info.get("photoshop", {}) or _TIFF_IPTC in _tags(image)


def _has_photoshop(image: Image.Image) -> bool:
    others = set(image.info.get("photoshop", {})) - {_IPTC_RESOURCE}
    return bool(others) or _TIFF_PHOTOSHOP in _tags(image)


def _has_c2pa(image: Image.Image, data: bytes) -> bool:
    """Say whether there are content credentials, where each format has its place for them."""
    if image.format in ("JPEG", "MPO"):
        return any(name == "APP11" and b"c2pa" in body for name, body in _segments(image))
    if image.format == "PNG":
        return b"caBX" in png_chunks(data)
    if image.format == "WEBP":
        return any(kind == b"C2PA" for kind, _ in riff_payloads(data))
    if image.format in ("AVIF", "JPEG2000"):
        return any(k == b"uuid" and body.startswith(_C2PA_UUID) for k, body in iso_boxes(data))
    return _TIFF_C2PA in _tags(image)


def _segments(image: Image.Image) -> list[tuple[str, bytes]]:
    return getattr(image, "applist", [])


def _shape(image: Image.Image) -> str | None:
    """Name the shape of a pixel that is not square."""
    if image.info.get("dpi"):
        return None  # it is told by the resolution
    x, y = image.info.get("aspect") or image.info.get("jfif_density") or (1, 1)
    return f"the pixel aspect ratio {x}:{y}" if x != y else None
