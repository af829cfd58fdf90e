"""Octaves: how a denoiser of moderate noise serves every larger sigma (spec 10.4).

The mean of k x k pixels has the noise sigma / k. So above its range the network denoises the
picture reduced by k, where it is at home, and at 1 / k^2 of the cost; what is finer than that
is left to the closed-form Gaussian, since little of it can be known at such noise.
"""

import math

from rdpcodec.arrays import Array
from rdpcodec.domains import Denoise
from rdpcodec.transforms.sizes import enlarge, reduce


def reduction(sigma: float, sigma_max: float) -> int:
    """Return k, the least power of two with sigma / k at most `sigma_max`."""
    if sigma <= sigma_max:
        return 1
    return 1 << math.ceil(math.log2(sigma / sigma_max))


def denoise_reduced(network: Denoise, gaussian: Denoise, y: Array, sigma: float, k: int) -> Array:
    """Return the estimate with the network's at 1 / k of the size in its coarse part.

    Args:
        network: The denoiser of moderate noise, for pictures of any size.
        gaussian: The closed-form denoiser.
        y: (B, C, H, W) float32.
        sigma: Noise of `y`.
        k: How many times smaller the network's picture is, over 1.

    Returns:
        (B, C, H, W) float32: g + enlarge(network(reduce(y), sigma / k) - reduce(g)), where g is
        the Gaussian's estimate.
    """
    rough = gaussian(y, sigma)
    correction = network(reduce(y, k), sigma / k) - reduce(rough, k)
    height, width = y.shape[-2:]
    rough += enlarge(correction, k)[..., :height, :width]
    return rough
