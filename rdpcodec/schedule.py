"""The noise schedule: the integer t of the format to a noise level sigma (spec 5.1).

Sigma is in pixel units, with pixels in [-1, 1].
"""

import math

T_MAX = 4095
STEPS_PER_OCTAVE = 256
LOWEST_EXPONENT = -10


def sigma(t: int) -> float:
    """Return the noise level of t: 2^(t/256 - 10).

    Args:
        t: 0..4095.

    Returns:
        Sigma in pixel units; the exponent is exact in binary64.

    Raises:
        ValueError: If t is out of range.
    """
    if not 0 <= t <= T_MAX:
        raise ValueError(f"t is {t}, expected 0..{T_MAX}")
    return float(2.0 ** (t / STEPS_PER_OCTAVE + LOWEST_EXPONENT))


def nearest_t(sigma: float) -> int:
    """Return the t whose sigma is nearest in ratio, clamped to 0..4095.

    Args:
        sigma: A finite positive noise level.

    Returns:
        T, 0..4095.

    Raises:
        ValueError: If sigma is not finite and positive.
    """
    if not (math.isfinite(sigma) and sigma > 0):
        raise ValueError(f"sigma is {sigma}, expected a finite positive number")
    t = round(STEPS_PER_OCTAVE * (math.log2(sigma) - LOWEST_EXPONENT))
    return min(max(t, 0), T_MAX)
