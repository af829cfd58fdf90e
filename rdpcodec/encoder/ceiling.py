"""What the autoencoder of latents shows of a picture at best, whatever a file costs."""

from dataclasses import dataclass

import numpy as np

from rdpcodec.arrays import Array
from rdpcodec.domains import Domain
from rdpcodec.encoder.quality import psnr_of
from rdpcodec.images import Pixels, depth_of, to_samples, white_of
from rdpcodec.metrics import psnr


@dataclass(frozen=True)
class Ceiling:
    """The error of an autoencoder, and how much of a file's error it is.

    Attributes:
        psnr: Of the picture encoded and decoded without any file.
        share: Its squared error over that of the picture at rho = 0, 0 .. 1.
    """

    psnr: float
    share: float


def ceiling(domain: Domain, x_0: Array, x0_hat: Array, pixels: Pixels) -> Ceiling | None:
    """Return what a picture's states can show.

    Args:
        domain: What the states are.
        x_0: (1, C, h, w) float32. The state of the picture.
        x0_hat: (1, C, h, w) float32. The estimate at the end of its file.
        pixels: (H, W) or (H, W, 3), uint8 or uint16. The picture.

    Returns:
        None where the states show the picture itself.
    """
    if domain.exact:
        return None
    depth = depth_of(pixels)
    best, shown = (to_samples(domain.to_pixels(state), depth) for state in (x_0, x0_hat))
    own, all_of_it = _squared_error(best, pixels), _squared_error(shown, pixels)
    if own == 0:
        return None
    share = min(1.0, own / all_of_it) if all_of_it else 1.0
    return Ceiling(psnr(best, pixels, white_of(pixels)), share)


def at_best(domain: Domain, x_0: Array, pixels: Pixels) -> float:
    """Return the PSNR of a picture encoded and decoded without any file; arguments as above."""
    return psnr_of(domain.to_pixels(x_0), pixels)


def _squared_error(a: Pixels, b: Pixels) -> float:
    return float(np.square(a.astype(np.float32) - b).mean())
