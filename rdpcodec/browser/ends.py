"""The two ends of `geodesic` as lossless 8-bit pictures that a page can blend."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdpcodec.images import Picture, encode_picture, for_screen, to_samples

Floats = NDArray[np.float32]

# Ends overshoot black and white, and blends need what overshoots: levels are then a little further
# apart than 1. Below 2 a blend is still within 1 of the one that floats give.
LOWEST, HIGHEST = -115.0, 370.0
_WEBP_SIDE_MAX = 16383


@dataclass(frozen=True)
class Ends:
    """Two pictures on one scale: level v of a file stands for `offset + scale * v` of 255.

    Attributes:
        low: An image file, rho = 0.
        high: An image file, rho = 1.
        mime: The type of both.
        offset: What level 0 stands for.
        scale: What is between two levels.
    """

    low: bytes
    high: bytes
    mime: str
    offset: float
    scale: float

    @property
    def size(self) -> int:
        """Bytes of both files."""
        return len(self.low) + len(self.high)


def pack(low: Floats, high: Floats, icc: bytes | None) -> Ends:
    """Return two ends as files.

    Args:
        low: (H, W) or (H, W, 3), black at -1 and white at 1, not clipped: rho = 0.
        high: As `low`: rho = 1.
        icc: Their ICC profile. With one they are brought to sRGB and clipped, since a page shows
            sRGB: its blends are then near those of the decoder, not equal.

    Returns:
        The files.
    """
    if icc is not None:
        seen = (for_screen(Picture(to_samples(x), icc), x.shape[1]) for x in (low, high))
        return _files(*seen, offset=0.0, scale=1.0)
    values = [(x.astype(np.float64) + 1) * 127.5 for x in (low, high)]
    offset = max(LOWEST, min(0.0, *(float(x.min()) for x in values)))
    top = min(HIGHEST, max(255.0, *(float(x.max()) for x in values)))
    scale = (top - offset) / 255
    levels = (np.rint((np.clip(x, offset, top) - offset) / scale) for x in values)
    return _files(*(x.astype(np.uint8) for x in levels), offset=offset, scale=scale)


def _files(low: NDArray[np.uint8], high: NDArray[np.uint8], *, offset: float, scale: float) -> Ends:
    suffix, mime = lossless(max(low.shape[:2]))
    first, second = (encode_picture(Picture(x), suffix) for x in (low, high))
    return Ends(first, second, mime, offset, scale)


def lossless(side: int) -> tuple[str, str]:
    """Return the extension and the type of the smallest lossless format of browsers.

    Args:
        side: The longer side of the picture, pixels.
    """
    return (".webp", "image/webp") if side <= _WEBP_SIDE_MAX else (".png", "image/png")
