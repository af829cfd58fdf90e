"""How large a picture is meant to be: dots per inch, which are kept within EXIF."""

from typing import Any

from PIL import Image, TiffImagePlugin

X, Y, UNIT = (
    TiffImagePlugin.X_RESOLUTION,
    TiffImagePlugin.Y_RESOLUTION,
    TiffImagePlugin.RESOLUTION_UNIT,
)
_ORIENTATION, _TURNED = 0x0112, (5, 6, 7, 8)
_INCH, _CM_PER_INCH = 2, {2: 1.0, 3: 2.54}
_SAYS_NOTHING = (72, 96)  # what programs write that know none
_DIGITS = 2  # a PNG counts dots per metre: 300 dpi are 299.9994 there

Resolution = tuple[float, float]


def told_resolution(image: Image.Image) -> Resolution | None:
    """Return the resolution that a file tells.

    Args:
        image: An image of Pillow, as its file stores it.

    Returns:
        Dots per inch of a row and of a column of the upright picture; None if nothing is told.
    """
    exif = image.getexif()
    dpi = of_exif(exif) or (None if _is_made_up(image) else image.info.get("dpi"))
    if not dpi or not all(dpi):
        return None
    x, y = (float(value) for value in dpi)
    return (y, x) if exif.get(_ORIENTATION) in _TURNED else (x, y)


def of_exif(exif: Image.Exif) -> Resolution | None:
    """Return the dots per inch of a row and of a column that EXIF tells, None if it does not."""
    try:
        times = _CM_PER_INCH[exif.get(UNIT, _INCH)]
        x, y = float(exif[X]) * times, float(exif[Y]) * times
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if x > 0 and y > 0 else None


def says_something(resolution: Resolution) -> bool:
    """Say whether a resolution is another than programs write that know none."""
    x, y = (round(value) for value in resolution)
    return x != y or x not in _SAYS_NOTHING


def tags_of(resolution: Resolution) -> dict[int, Any]:
    """Return the tags of EXIF that tell a resolution."""
    x, y = (round(value, _DIGITS) for value in resolution)
    return {X: x, Y: y, UNIT: _INCH}


def named(resolution: Resolution) -> str:
    """Return a resolution in words."""
    x, y = (round(value) for value in resolution)
    return f"the resolution of {x} dpi" if x == y else f"the resolution of {x} x {y} dpi"


def _is_made_up(image: Image.Image) -> bool:
    """Say whether Pillow filled in a resolution: 1 dpi in a TIFF, 72 in a JPEG with EXIF."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return X not in image.tag_v2
    told = X in image.getexif() or image.info.get("jfif_unit")
    return image.format in ("JPEG", "MPO") and "dpi" in image.info and not told
