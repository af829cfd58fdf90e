"""Images of 16 bits out of Pillow, which has no mode for colours of that depth.

Pillow keeps the high byte of each sample of a colour. Which byte it keeps is what a raw mode says:
told of the other order of bytes, a second look at the same file gives the low ones.
"""

import io
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from rdpcodec.images.formats import unsupported

OPAQUE_NOTE = "the alpha channel is fully opaque and was dropped"
INVISIBLE_NOTE = "the colours of invisible pixels (alpha 0) are not stored"
_DEEP_GREY = "I;16"  # begins the modes that hold all bits
_PNG_DEPTH, _PNG_COLOUR, _PNG_GREY_ALPHA = 24, 25, 4
_WHITE_IS_ZERO = 0
_WHITE = 65535
_NATIVE = "L" if sys.byteorder == "little" else "B"
_OTHER = {"L": "B", "B": "L", "N": "B" if _NATIVE == "L" else "L"}
_KEPT_8 = "the image has 16-bit samples, of which Pillow has kept 8 bits as it loaded them"

Samples = NDArray[np.uint16]


@dataclass(frozen=True)
class Deep:
    """An image of 16 bits that is not loaded yet, or whose mode holds them.

    Attributes:
        grey: Whether it is grey, with alpha or without.
        low: The same image with the other bytes of its samples; None where its mode holds all.
        interleaved: Whether `low` has both bytes of each sample: its mode stands for two channels.
        premultiplied: Whether colours are multiplied by alpha.
        inverted: Whether white is 0.
        invisible: The samples of a pixel that is invisible, None for none.
    """

    grey: bool
    low: Image.Image | None
    interleaved: bool
    premultiplied: bool
    inverted: bool
    invisible: tuple[int, ...] | None

    def split(
        self, high: Image.Image, low: Image.Image | None, notes: list[str]
    ) -> tuple[Samples, Samples | None]:
        """Return the colours, (H, W) or (H, W, 3), and the alpha, if it says anything.

        Args:
            high: The image, loaded and upright.
            low: `low`, upright.
            notes: Gets a note about alpha that is left out, and about what it hides.
        """
        samples = self._joined(high, low)
        alpha = self._alpha(samples)
        colours = samples[:, :, :1] if self.grey else samples[:, :, :3]
        if alpha is not None and alpha.min() == _WHITE:
            notes.append(OPAQUE_NOTE)
            alpha = None
        if alpha is not None and not alpha.all():
            notes.append(INVISIBLE_NOTE)
        if self.premultiplied and alpha is not None:
            colours = _divided(colours, alpha)
        if self.inverted:
            colours = _WHITE - colours
        return np.ascontiguousarray(colours[:, :, 0] if self.grey else colours), alpha

    def _joined(self, high: Image.Image, low: Image.Image | None) -> Samples:
        """Return (H, W, C) samples, alpha last."""
        if low is None:
            return np.asarray(high).astype(np.uint16)[:, :, None]
        below = np.asarray(low)
        if self.interleaved:
            return below[:, :, ::2] * np.uint16(256) + below[:, :, 1::2]
        return np.asarray(high) * np.uint16(256) + below

    def _alpha(self, samples: Samples) -> Samples | None:
        if self.invisible is not None:
            hidden = (samples == np.array(self.invisible, np.uint16)).all(axis=2)
            return np.where(hidden, np.uint16(0), np.uint16(_WHITE))
        has_alpha = samples.shape[2] == (2 if self.grey else 4)
        return np.ascontiguousarray(samples[:, :, -1]) if has_alpha else None


def is_deep(image: Image.Image, data: bytes | None) -> bool:
    """Say whether an image has 16 bits that can be had.

    Args:
        image: An image, whose samples `check_samples` has let pass.
        data: Its file, None if there is none.
    """
    if image.mode.startswith(_DEEP_GREY):
        return True
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return max(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))) == 16
    return image.format == "PNG" and data is not None and data[_PNG_DEPTH:_PNG_COLOUR] == b"\x10"


def deep_of(image: Image.Image, data: bytes | None) -> Deep | None:
    """Return what has to be known of an image of 16 bits before it is loaded.

    Args:
        image: An image at the page that is read. If it is premultiplied, it is told to load its
            samples as they are.
        data: Its file, None if there is none.

    Returns:
        None for an image of 8 bits.

    Raises:
        ImageError: If it was loaded and its mode has not kept 16 bits, or it is one of the frames
            of a PNG, which are laid one over the other as they are loaded.
    """
    if not is_deep(image, data):
        return None
    if image.format == "PNG" and getattr(image, "n_frames", 1) > 1:
        raise unsupported("the image is an animation with 16-bit samples", "8-bit samples")
    transparency = image.info.get("transparency")
    invisible = transparency if isinstance(transparency, tuple) else (transparency,)
    low, interleaved, premultiplied = None, False, False
    if not image.mode.startswith(_DEEP_GREY):
        if data is None or not getattr(image, "tile", None):
            raise unsupported(_KEPT_8, "the file, or image.copy() for the 8-bit pixels as they are")
        raw = _raw_mode(image)
        interleaved, premultiplied = raw == "LA;16B", raw.startswith("RGBa")
        if premultiplied:
            _tell(image, raw.replace("a", "A"))
        low = _second_look(image, data)
    return Deep(
        grey=low is None or interleaved,
        low=low,
        interleaved=interleaved,
        premultiplied=premultiplied,
        inverted=_white_is_zero(image),
        invisible=None if transparency is None else invisible,
    )


def _second_look(image: Image.Image, data: bytes) -> Image.Image:
    """Return the same page, which will be loaded with the other bytes."""
    low = Image.open(io.BytesIO(data), formats=[image.format or ""])
    if image.tell():
        low.seek(image.tell())
    raw = _raw_mode(image)
    _tell(low, "RGBA" if raw == "LA;16B" else raw[:-1] + _OTHER[raw[-1]])
    return low


def _raw_mode(image: Image.Image) -> str:
    """Return how the samples lie in the file, of which all parts of the image are alike."""
    args = image.tile[0].args  # type: ignore[attr-defined]
    return str(args if isinstance(args, str) else args[0])


def _tell(image: Image.Image, raw: str) -> None:
    """Say how the samples lie in the file."""
    file: ImageFile.ImageFile = image  # type: ignore[assignment]
    for k, tile in enumerate(file.tile):
        args = raw if isinstance(tile.args, str) else (raw, *(tile.args or ())[1:])
        file.tile[k] = tile._replace(args=args)


def _white_is_zero(image: Image.Image) -> bool:
    """Say whether a grey TIFF is stored as a negative, which Pillow leaves as it is."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    return image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == _WHITE_IS_ZERO


def _divided(colours: Samples, alpha: Samples) -> Samples:
    """Return colours that are not multiplied by alpha; black where nothing is seen."""
    share = np.maximum(alpha, 1)[:, :, None] / np.float32(_WHITE)
    return np.rint(np.minimum(colours / share, _WHITE)).astype(np.uint16)
