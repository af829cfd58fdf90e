"""The picture of the codec: samples of 8 or 16 bits, and what may come with them."""

from dataclasses import dataclass, replace
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8 | np.uint16]
_TYPES = {8: np.dtype(np.uint8), 16: np.dtype(np.uint16)}
_TIMES = 257  # 65535 / 255: what a sample of 8 bits is in 16


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of 8 or 16 bits; `numpy.asarray` gives its pixels.

    Attributes:
        pixels: (H, W, 3) RGB or (H, W) grey; uint8, or uint16 with 65535 for white.
        icc: Its ICC profile, None for sRGB.
        alpha: (H, W) of the type of the pixels, 0 for invisible, 255 or 65535 for opaque; None
            for an opaque picture. The colours are not multiplied by it, and mean nothing where
            it is 0.
        exif: Its EXIF metadata, a TIFF structure; they never turn it.
        xmp: Its XMP packet.
    """

    pixels: Pixels
    icc: bytes | None = None
    alpha: Pixels | None = None
    exif: bytes | None = None
    xmp: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse pixels of another type or shape.

        Raises:
            TypeError: If they are neither uint8 nor uint16, or alpha is of another type.
            ValueError: If their shape is neither (H, W) nor (H, W, 3), they are empty, or alpha
                has not their height and width.
        """
        if self.pixels.dtype not in _TYPES.values():
            raise TypeError(f"pixels are {self.pixels.dtype}, expected uint8 or uint16")
        shape = self.pixels.shape
        if not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)) or 0 in shape:
            raise ValueError(f"pixels have the shape {shape}, expected (H, W) or (H, W, 3)")
        if self.alpha is not None:
            self._check_alpha(self.alpha)

    def _check_alpha(self, alpha: Pixels) -> None:
        if alpha.dtype != self.pixels.dtype:
            raise TypeError(f"alpha is {alpha.dtype}, expected {self.pixels.dtype} as the pixels")
        if alpha.shape != self.pixels.shape[:2]:
            found = f"alpha has the shape {alpha.shape}"
            raise ValueError(f"{found}, expected {self.pixels.shape[:2]}")

    @property
    def width(self) -> int:
        """The number of columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """The number of rows."""
        return int(self.pixels.shape[0])

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return 1 if self.pixels.ndim == 2 else 3

    @property
    def depth(self) -> int:
        """Bits of a sample, 8 or 16."""
        return depth_of(self.pixels)

    @property
    def grey(self) -> Pixels | None:
        """The pixels (H, W) of a picture without colour, whatever it is stored as; else None."""
        if self.pixels.ndim == 2:
            return self.pixels
        red, green, blue = (self.pixels[:, :, channel] for channel in range(3))
        equal = np.array_equal(red, green) and np.array_equal(red, blue)
        return np.ascontiguousarray(red) if equal else None

    def __array__(
        self,
        dtype: Any = None,
        copy: bool | None = None,  # noqa: FBT001 - numpy fixes the signature
    ) -> NDArray[Any]:
        """Return the pixels for `numpy.asarray`."""
        return np.array(self.pixels, dtype=dtype, copy=copy)


def with_alpha_last(picture: Picture) -> Pixels:
    """Return the samples of a picture, (H, W, C): alpha, if there is one, behind the colours."""
    if picture.alpha is None:
        return picture.pixels.reshape(picture.height, picture.width, -1)
    return np.dstack([picture.pixels, picture.alpha])


def depth_of(samples: Pixels) -> int:
    """Return the bits of a sample, 8 or 16."""
    return 8 * samples.itemsize


def white_of(samples: Pixels) -> int:
    """Return the largest value that samples can have, 255 or 65535."""
    return int(np.iinfo(samples.dtype).max)


@overload
def to_samples(pixels: NDArray[np.float32], depth: Literal[8] = 8) -> NDArray[np.uint8]: ...


@overload
def to_samples(pixels: NDArray[np.float32], depth: int) -> Pixels: ...


def to_samples(pixels: NDArray[np.float32], depth: int = 8) -> Pixels:
    """Return samples, halves rounded to even, of pixels that are black at -1 and white at 1.

    Args:
        pixels: Of any shape; beyond black and white they are clipped.
        depth: 8 or 16 bits.

    Returns:
        uint8 or uint16, of the same shape.

    Source:
        spec 11.4.
    """
    half = np.float32((2**depth - 1) / 2)
    values: Pixels = np.rint((np.clip(pixels, -1, 1) + 1) * half).astype(_TYPES[depth])
    return values


@overload
def at_depth(samples: Pixels, depth: Literal[8]) -> NDArray[np.uint8]: ...


@overload
def at_depth(samples: Pixels, depth: int) -> Pixels: ...


def at_depth(samples: Pixels, depth: int) -> Pixels:
    """Return samples with 8 or 16 bits, rounded where there are fewer (spec 11.4)."""
    if samples.dtype == _TYPES[depth]:
        return samples
    if depth == 16:
        return samples * np.uint16(_TIMES)
    return np.rint(samples / np.float32(_TIMES)).astype(np.uint8)


def with_depth(picture: Picture, depth: int) -> Picture:
    """Return a picture whose samples have 8 or 16 bits."""
    alpha = None if picture.alpha is None else at_depth(picture.alpha, depth)
    return replace(picture, pixels=at_depth(picture.pixels, depth), alpha=alpha)
