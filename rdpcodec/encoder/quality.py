"""A file as small as a quality allows: whether its picture is near enough to the original yet."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array
from rdpcodec.chain import Chain
from rdpcodec.images import Pixels, depth_of, to_samples, white_of
from rdpcodec.metrics import psnr

# What rho = 0 has over the estimate of the chain, in dB: below that it is not worth looking.
GAIN = 0.25
T_PER_DECIBEL = 64  # about; only for the length of a progress bar


@dataclass
class Quality:
    """The PSNR that a picture is to have at rho = 0.

    Attributes:
        wanted: In dB, over all channels of its samples, of as many bits as those of the original.
        pixels: (H, W) or (H, W, 3), uint8 or uint16. The original.
        least_error: Returns the clean state at rho = 0 as a decoder finds it.
        found: PSNR of the last picture that was looked at.
        met: Whether that was a decoder's, and near enough.
    """

    wanted: float
    pixels: Pixels
    least_error: Callable[[Chain], Array]
    found: float = field(default=0.0, init=False)
    met: bool = field(default=False, init=False)

    def reached(self, chain: Chain) -> bool:
        """Say whether the picture of the layers so far is near enough.

        The chain's own estimate costs nothing. Only where that is about as good as it has to be is
        the picture made that a decoder shows.
        """
        self.found = self.of(chain, chain.x0_hat())
        self.met = self.found >= self.wanted - GAIN and self.measure(chain) >= self.wanted
        return self.met

    def measure(self, chain: Chain) -> float:
        """Return the PSNR of the picture that a decoder shows at rho = 0 on this machine."""
        self.found = self.of(chain, self.least_error(chain))
        return self.found

    def of(self, chain: Chain, state: Array) -> float:
        """Return the PSNR of the picture of a clean state, (1, C, h, w)."""
        return psnr_of(chain.domain.to_pixels(state), self.pixels)

    def left(self) -> int:
        """Return about how far t has to fall yet."""
        return max(0, round(T_PER_DECIBEL * (self.wanted - self.found)))


def psnr_of(shown: NDArray[np.float32], pixels: Pixels) -> float:
    """Return the PSNR that a picture has as samples of the depth of the original.

    Args:
        shown: (H, W) or (H, W, 3), black at -1, white at 1.
        pixels: The original, of the same shape.

    Returns:
        Decibels.
    """
    found = to_samples(shown, depth_of(pixels))
    return psnr(found, pixels, white_of(pixels))
