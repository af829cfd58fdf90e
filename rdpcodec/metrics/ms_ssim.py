"""Multi-scale structural similarity."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SIDE_MIN = 161  # five scales with a window of 11


def ms_ssim(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the MS-SSIM of two pictures, the mean over R, G and B.

    Args:
        a: (H, W, 3) uint8, both sides at least 161 pixels.
        b: The same shape.

    Returns:
        1 for equal pictures.

    Raises:
        ImportError: If `pytorch-msssim` is not installed.
        ValueError: If the pictures are too small for five scales.

    Source:
        Wang, Simoncelli and Bovik 2003; the package pytorch-msssim.
    """
    import pytorch_msssim  # noqa: PLC0415 - an extra

    if min(a.shape[:2]) < SIDE_MIN:
        raise ValueError(f"the shorter side is {min(a.shape[:2])}, expected {SIDE_MIN} or more")
    return float(pytorch_msssim.ms_ssim(_planes(a), _planes(b), data_range=255))


def _planes(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float()
