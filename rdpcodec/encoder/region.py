"""Regions that are worth more than others; a choice of the encoder, of which no decoder knows.

A layer carries what the estimate misses. Where that is scaled down before it is sent, it costs the
square of that in bits and more of it is left, so that with a size to meet the rest gets finer.
"""

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array
from rdpcodec.layers import StateShape
from rdpcodec.ranges import invalid
from rdpcodec.transforms.sizes import pad_to_multiple, reduce


def weights(
    mask: NDArray[np.generic], gain: float, size: tuple[int, int], state: StateShape
) -> Array:
    """Return what of the residual is sent, 1 where the mask is lightest.

    Args:
        mask: (H, W). uint8, or floats in 0..1.
        gain: The weight of white over that of black; greys lie between, in equal ratios.
        size: (H, W) of the picture.
        state: The shape of its states; the weight of a latent is the mean of its pixels'.

    Returns:
        (1, 1, h, w) float32, on the host.

    Raises:
        UsageError: If the mask has another size.
    """
    if mask.shape != size:
        found, expected = (" x ".join(map(str, reversed(shape))) for shape in (mask.shape, size))
        raise invalid("roi", f"a mask of {found} pixels", f"{expected}, the size of the picture")
    light = mask.astype(np.float32) / np.float32(255 if mask.dtype == np.uint8 else 1)
    weight = np.power(np.float32(gain), light - light.max())
    pixels = pad_to_multiple(weight[None, None], state.multiple)
    return pixels if state.stride == 1 else reduce(pixels, state.stride)
