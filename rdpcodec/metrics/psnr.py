"""Peak signal-to-noise ratio."""

import math

import numpy as np
from numpy.typing import ArrayLike

PEAK = 255.0


def psnr(a: ArrayLike, b: ArrayLike, peak: float = PEAK) -> float:
    """Return the peak signal-to-noise ratio of two pictures.

    Args:
        a: Pixels, 0 .. peak, of any shape.
        b: Pixels of the same shape.
        peak: White: 255 for 8 bits, 65535 for 16.

    Returns:
        Decibels over all channels together; infinite for equal pictures.

    Raises:
        ValueError: If the shapes differ.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"the pictures have the shapes {first.shape} and {second.shape}")
    error = float(np.mean(np.square(first - second)))
    return math.inf if error == 0 else 10 * math.log10(peak**2 / error)
