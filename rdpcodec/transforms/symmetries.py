"""The eight symmetries of the square: a picture turned, and mirrored before that (spec 11.3)."""

from rdpcodec.arrays import Array, mirror, turn

COUNT = 8
_QUARTERS = (0, 2, 1, 3)  # first the half turn, so that a few symmetries are as unlike as can be


def moved(x: Array, k: int) -> Array:
    """Return a picture under symmetry `k`.

    Args:
        x: (..., H, W).
        k: 0 .. 7, 0 for the picture itself; from 4 on it is mirrored first.

    Returns:
        (..., H, W), or (..., W, H) for a turn by a quarter.
    """
    return turn(x if k < COUNT // 2 else mirror(x), _QUARTERS[k % 4])


def moved_back(x: Array, k: int) -> Array:
    """Return the picture that `moved` made this of."""
    turned = turn(x, -_QUARTERS[k % 4])
    return turned if k < COUNT // 2 else mirror(turned)
