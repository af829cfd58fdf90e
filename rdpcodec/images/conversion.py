"""CMYK and Lab to sRGB, which is what becomes of colours that the format has no kind for."""

from PIL import Image, ImageCms

from rdpcodec.errors import ISSUE, ImageError
from rdpcodec.images.colour import FAILURES, profile_of, to_srgb
from rdpcodec.images.formats import unsupported

CONVERTED = {"CMYK": "CMYK (or YCCK)", "LAB": "Lab"}
_NAME_CHARACTERS_MAX = 60


def check_convertible(image: Image.Image) -> None:
    """Refuse colours of which nobody says what they look like.

    Args:
        image: An image of Pillow of one of the modes in `CONVERTED`.

    Raises:
        ImageError: If it is CMYK without a profile for CMYK.
    """
    icc = image.info.get("icc_profile") or b""
    if image.mode != "CMYK" or icc[16:20] == b"CMYK":
        return
    which = "without a profile" if not icc else "with a profile for other colours"
    found = f"the image has {CONVERTED[image.mode]} colours {which}"
    raise unsupported(found, "a CMYK profile that says what they look like, or RGB or grey")


def in_srgb_from(image: Image.Image, icc: bytes, notes: list[str]) -> Image.Image:
    """Return an image that `check_convertible` accepts in sRGB, by LittleCMS.

    Relative colorimetric, with compensation for the black point of inks.

    Args:
        image: The image.
        icc: Its profile; Lab needs none, its numbers are colours already.
        notes: Gets a note that names what was done.

    Returns:
        An RGB image of the same size.

    Raises:
        ImageError: If the profile is damaged.
    """
    name = CONVERTED[image.mode]
    try:
        source, by = _source(image.mode, icc)
        out = to_srgb(image, source, ImageCms.Flags.BLACKPOINTCOMPENSATION)
    except FAILURES as error:
        message = f"the {name} profile is damaged: {error}"
        raise ImageError(ISSUE.IMAGE_UNREADABLE, message) from error
    notes.append(f"{name} colours were converted to sRGB{by}; what lies outside it was clipped")
    return out


def _source(mode: str, icc: bytes) -> tuple[ImageCms.ImageCmsProfile, str]:
    if mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), ""
    profile = profile_of(icc)
    told = ImageCms.getProfileDescription(profile).strip()[:_NAME_CHARACTERS_MAX]
    return profile, f" by the profile {told!r}"
