"""ICC profiles: which to keep, and pixels in sRGB for the screen."""

import io

import numpy as np
from PIL import Image, ImageCms

from rdpcodec.images.picture import Picture
from rdpcodec.limits import Limits

_PROFILE_SPACES = {"L": b"GRAY", "RGB": b"RGB "}
_GRID = 9
_FAILURES = (ImageCms.PyCMSError, OSError, ValueError)


def keep_profile(icc: bytes | None, mode: str, limits: Limits, notes: list[str]) -> bytes | None:
    """Return the profile, unless it is useless or that of sRGB.

    Args:
        icc: The profile of an image file.
        mode: `L` or `RGB`.
        limits: Bounds `icc_bytes`.
        notes: Gets a note about a profile that is dropped.

    Returns:
        The profile to store, None for sRGB.

    Raises:
        LimitError: If it is too large.
    """
    if not icc:
        return None
    limits.check("icc_bytes", len(icc), "the size of the ICC profile in bytes")
    if icc[16:20] != _PROFILE_SPACES[mode]:
        space = icc[16:20].decode("ascii", "replace").strip()
        kind = "grey" if mode == "L" else "RGB"
        notes.append(f"the ICC profile is for {space}, the picture is {kind}: dropped")
        return None
    try:
        is_srgb = _means_srgb(icc, mode)
    except _FAILURES as error:
        notes.append(f"the ICC profile is damaged ({error}): dropped")
        return None
    if is_srgb:
        notes.append("the ICC profile is that of sRGB, the default, and is not stored")
        return None
    return icc


def in_srgb(picture: Picture) -> Image.Image:
    """Return the picture as an RGB image in sRGB.

    Args:
        picture: The picture.

    Returns:
        An image of Pillow; a profile that cannot be used is ignored.
    """
    image = Image.fromarray(picture.pixels)
    if picture.icc is not None:
        try:
            return _to_srgb(image, picture.icc)
        except _FAILURES:
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
    moved = np.asarray(_to_srgb(probe, icc))[:, 0].astype(int)
    return bool(np.abs(moved - colours).max() <= 1)


def _to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    target = ImageCms.createProfile("sRGB")
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    transform = ImageCms.buildTransform(source, target, image.mode, "RGB", intent)
    out = ImageCms.applyTransform(image, transform)
    if out is None:
        raise ValueError("the transform gave no image")
    return out
