"""ICC profiles: which to keep or to make, and pixels in sRGB for the screen."""

import io

import numpy as np
from PIL import Image, ImageCms

from rdpcodec.images.colorimetry import find_icc, said_colours
from rdpcodec.images.picture import Picture, at_depth
from rdpcodec.images.profiles import SRGB, Colours, make_profile
from rdpcodec.limits import Limits

_PROFILE_SPACES = {"L": b"GRAY", "RGB": b"RGB "}
_UNUSABLE = b""
_GRID = 9
FAILURES = (ImageCms.PyCMSError, OSError, ValueError)


def choose_profile(
    image: Image.Image, data: bytes | None, mode: str, limits: Limits, notes: list[str]
) -> bytes | None:
    """Return the profile that says what an image says about its colours.

    Args:
        image: An image of Pillow.
        data: Its file, None if there is none.
        mode: `L` or `RGB`, what the image becomes.
        limits: Bounds `icc_bytes`.
        notes: Gets a note about everything that is changed or dropped.

    Returns:
        The profile to store, None for sRGB.

    Raises:
        ImageError: If the image is HDR.
        LimitError: If the profile is too large.
    """
    icc = find_icc(image, data)
    said = said_colours(image, data, notes) if image.format == "PNG" or not icc else None
    if said is not None and said.outranks_icc:
        if icc is not None:
            notes.append(f"the ICC profile is outranked by {said.source}: dropped")
        return _made_profile(said, mode, notes)
    if icc == b"":
        notes.append("the ICC profile is damaged: dropped")
    if icc:
        kept = _keep_profile(icc, mode, limits, notes)
        if kept != _UNUSABLE:
            return kept
        said = said or said_colours(image, data, notes)
    return None if said is None else _made_profile(said, mode, notes)


def _made_profile(said: Colours, mode: str, notes: list[str]) -> bytes | None:
    """Return a profile for colours that a file tells without one."""
    if said.primaries == SRGB and said.gamma is None:
        return None
    icc = make_profile(said, mode)
    if icc is None:
        notes.append(f"the colours told by {said.source} cannot be: dropped, sRGB is assumed")
        return None
    if _means_srgb(icc, mode):
        return None
    notes.append(f"the colours told by {said.source} are stored as an ICC profile")
    return icc


def _keep_profile(icc: bytes, mode: str, limits: Limits, notes: list[str]) -> bytes | None:
    """Return the profile, None for that of sRGB, `_UNUSABLE` if it cannot be kept."""
    limits.check("icc_bytes", len(icc), "the size of the ICC profile in bytes")
    space = icc[16:20].decode("ascii", "replace").strip()
    if not space.isalnum():
        notes.append("the ICC profile is damaged (it names no colour space): dropped")
        return _UNUSABLE
    if icc[16:20] != _PROFILE_SPACES[mode]:
        kind = "grey" if mode == "L" else "RGB"
        notes.append(f"the ICC profile is for {space}, the picture is {kind}: dropped")
        return _UNUSABLE
    try:
        is_srgb = _means_srgb(icc, mode)
    except FAILURES as error:
        notes.append(f"the ICC profile is damaged ({error}): dropped")
        return _UNUSABLE
    if is_srgb:
        notes.append("the ICC profile is that of sRGB, the default, and is not stored")
        return None
    return icc


def in_srgb(picture: Picture) -> Image.Image:
    """Return the picture as an RGB image in sRGB, of 8 bits.

    Args:
        picture: The picture.

    Returns:
        An image of Pillow; a profile that cannot be used is ignored.
    """
    image = Image.fromarray(at_depth(picture.pixels, 8))
    if picture.icc is not None:
        try:
            return to_srgb(image, profile_of(picture.icc))
        except FAILURES:
            pass  # a profile that a file brought along may be anything; shown without it
    return image.convert("RGB")


def _means_srgb(icc: bytes, mode: str) -> bool:
    """Say whether a profile leaves a grid of colours where sRGB has them, within 1 of 255."""
    levels = np.linspace(0, 255, _GRID).round().astype(np.uint8)
    if mode == "L":
        colours = np.repeat(levels[:, None], 3, axis=1)
        probe = Image.fromarray(levels[:, None])
    else:
        colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
        probe = Image.fromarray(colours[:, None])
    moved = np.asarray(to_srgb(probe, profile_of(icc)))[:, 0].astype(int)
    return bool(np.abs(moved - colours).max() <= 1)


def profile_of(icc: bytes) -> ImageCms.ImageCmsProfile:
    """Return an ICC profile as LittleCMS reads it; raises what Pillow does if it is damaged."""
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def to_srgb(
    image: Image.Image,
    source: ImageCms.ImageCmsProfile,
    flags: ImageCms.Flags = ImageCms.Flags.NONE,
) -> Image.Image:
    """Return an image in sRGB, relative colorimetric.

    Args:
        image: An image of a mode that LittleCMS knows.
        source: What its samples mean.
        flags: For LittleCMS.

    Returns:
        An RGB image of the same size.

    Raises:
        PyCMSError: If the profile does not fit, as also OSError and ValueError say.
    """
    target, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(source, target, image.mode, "RGB", intent, flags)
    out = ImageCms.applyTransform(image, transform)
    if out is None:
        raise ValueError("the transform gave no image")
    return out
