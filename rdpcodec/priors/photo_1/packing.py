"""What both networks of `photo-1` see and make: 12 channels of half the picture's sides."""

from itertools import product

from rdpcodec.arrays import Array, empty

SEEN = 13  # the last one holds the noise
MADE = 12


def packed(pixels: Array, told: Array) -> Array:
    """Return the 12 channels of a picture, and a channel that is the same everywhere.

    Args:
        pixels: (B, 3, H, W); H and W even.
        told: (B, 1, 1, 1). The value of the last channel.

    Returns:
        (B, 13, H/2, W/2); channel 4 c + 2 i + j at (v, u) is (2 v + i, 2 u + j) of channel c.
    """
    count, _, height, width = pixels.shape
    x = empty((count, SEEN, height // 2, width // 2), pixels)
    for i, j in product(range(2), range(2)):
        x[:, 2 * i + j : MADE : 4] = pixels[:, :, i::2, j::2]
    x[:, MADE:] = told
    return x


def unpacked(x: Array) -> Array:
    """Return the picture, (B, 3, H, W), of its 12 channels."""
    count, _, height, width = x.shape
    pixels = empty((count, 3, 2 * height, 2 * width), x)
    for i, j in product(range(2), range(2)):
        pixels[:, :, i::2, j::2] = x[:, 2 * i + j :: 4]
    return pixels
