"""The quality setting whose file is the largest of at most so many bytes."""

import math
from collections.abc import Callable


def largest_within(size_at: Callable[[int], int], qualities: range, target_bytes: int) -> int:
    """Return the quality whose file comes nearest to a size from below.

    Args:
        size_at: The size of the file at a quality; remembers what it was asked before.
        qualities: The settings, in rising order of size.
        target_bytes: The size that the file must not exceed.

    Returns:
        The quality; the lowest one where even its file is larger than the target.
    """
    low, high = qualities.start - 1, qualities.stop  # fits, does not fit
    sizes: dict[int, int] = {}
    while high - low > 1:
        guess = _guess(sizes, low, high, target_bytes)
        sizes[guess] = size_at(guess)
        if sizes[guess] <= target_bytes:
            low = guess
        else:
            high = guess
    fitting = [quality for quality, size in sizes.items() if size <= target_bytes]
    return max(fitting, key=lambda quality: (sizes[quality], quality), default=qualities.start)


def _guess(sizes: dict[int, int], low: int, high: int, target_bytes: int) -> int:
    """Return where to look between `low` and `high`.

    The line through both on the scale of log bytes, and every third time, lest it crawl along a
    bent curve, the middle.
    """
    middle = (low + high) // 2
    if low not in sizes or high not in sizes or len(sizes) % 3 == 2:
        return middle
    rise = math.log(sizes[high] / sizes[low])
    share = math.log(target_bytes / sizes[low]) / rise
    return min(max(low + round(share * (high - low)), low + 1), high - 1)
