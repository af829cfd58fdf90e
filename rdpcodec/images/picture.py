"""The picture of the codec: 8-bit pixels, and what may come with them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Picture:
    """An 8-bit picture; `numpy.asarray` gives its pixels.

    Attributes:
        pixels: (H, W, 3) uint8 RGB or (H, W) uint8 grey.
        icc: Its ICC profile, None for sRGB.
        alpha: (H, W) uint8, 0 for invisible, 255 for opaque; None for an opaque picture. The
            colours are not multiplied by it, and mean nothing where it is 0.
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
            TypeError: If they are not uint8.
            ValueError: If their shape is neither (H, W) nor (H, W, 3), they are empty, or alpha
                has not their height and width.
        """
        if self.pixels.dtype != np.uint8:
            raise TypeError(f"pixels are {self.pixels.dtype}, expected uint8")
        shape = self.pixels.shape
        if not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)) or 0 in shape:
            raise ValueError(f"pixels have the shape {shape}, expected (H, W) or (H, W, 3)")
        if self.alpha is not None:
            self._check_alpha(self.alpha)

    def _check_alpha(self, alpha: Pixels) -> None:
        if alpha.dtype != np.uint8:
            raise TypeError(f"alpha is {alpha.dtype}, expected uint8")
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


def samples(picture: Picture) -> bytes:
    """Return the samples of a picture, pixel by pixel, alpha behind the colours of each."""
    if picture.alpha is None:
        return picture.pixels.tobytes()
    return np.dstack([picture.pixels, picture.alpha]).tobytes()


def to_bytes(pixels: NDArray[np.float32]) -> Pixels:
    """Return 8-bit values, halves to even, of pixels that are black at -1 and white at 1."""
    values: Pixels = np.rint((np.clip(pixels, -1, 1) + 1) * np.float32(127.5)).astype(np.uint8)
    return values
