"""The estimate of least error from a noisy state: rho = 0 of `geodesic` (spec 11.3).

A network's estimate is not quite E[x_0 | y]. Three things lessen its error, and no bit pays for
them. The mean over symmetries of the square takes away what a network makes of the orientation of
a picture. How far the estimate goes along y - x_0_hat, band by band, follows from the state: the
error of an estimate is known from its distance from the state and from its divergence (Stein
1981), and a probe measures that. Last, the estimate lacks a little of what the flow would add.
"""

import math

import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.arrays import Array, copy, device_of, place
from rdpcodec.domains import Denoise
from rdpcodec.transforms import symmetries
from rdpcodec.transforms.bands import band_energy, band_products, band_sizes, scale_bands
from rdpcodec.transforms.cosine import Basis, from_coefficients, to_coefficients

PROBE = 0.05  # of sigma: how far the state is moved to see what the estimate makes of it
SURE = 4.0  # a squared number of standard deviations
GAIN_RANGE = (-0.5, 1.0)
# The share of what the flow adds in its next octave, a + b sigma and at most c.
SHARPER, SHARPER_WITH_SIGMA, SHARPER_MAX = 0.2, 0.5, 0.5
BESIDES = 2  # evaluations besides those of symmetries


def evaluations(count: int) -> int:
    """Return how many evaluations `lessen` makes, for a number of symmetries."""
    return 0 if count == 1 else count - 1 + BESIDES


def lessen(
    denoise: Denoise, y: Array, sigma: float, first: Array, basis: Basis, count: int
) -> Array:
    """Return the estimate of least error.

    Args:
        denoise: E[x_0 | y], as a network has it.
        y: (1, C, H, W) float32. The state.
        sigma: Its level.
        first: `denoise(y, sigma)`.
        basis: (C, C) float32. The axes of its channels.
        count: How many symmetries to average, at least 2.

    Returns:
        (1, C, H, W) float32.
    """
    mean = _over_symmetries(denoise, y, sigma, first, count)
    sharper = denoise(first + 0.5 * (y - first), 0.5 * sigma) - first
    missing = to_coefficients(y - mean, basis)
    gain = _gain(missing, sigma, _divergence(denoise, y, sigma, first, basis))
    mean += from_coefficients(scale_bands(missing, gain), basis)
    mean += min(SHARPER_MAX, SHARPER + SHARPER_WITH_SIGMA * sigma) * sharper
    return mean


def _over_symmetries(denoise: Denoise, y: Array, sigma: float, first: Array, count: int) -> Array:
    total = copy(first)
    for k in range(1, count):
        total += symmetries.moved_back(denoise(symmetries.moved(y, k), sigma), k)
    total /= count
    return total


def _divergence(
    denoise: Denoise, y: Array, sigma: float, first: Array, basis: Basis
) -> NDArray[np.float64]:
    """Return how much an estimate changes with its state, a mean for each axis and band.

    Source:
        Ramani et al. 2008, "Monte-Carlo SURE".
    """
    shape = tuple(y.shape)
    drawn = rng.signs(0, rng.Stream.PROBE, 0, math.prod(shape)).astype(np.float32)
    signs = place(drawn.reshape(shape), device_of(y))
    step = PROBE * sigma
    change = (denoise(y + step * signs, sigma) - first) / step
    products = band_products(to_coefficients(change, basis), to_coefficients(signs, basis))
    return products / np.maximum(band_sizes(*shape[2:]), 1.0)


def _gain(missing: Array, sigma: float, divergence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far to go along y - x in each axis and band, none where chance may have it."""
    size = np.maximum(band_sizes(*missing.shape[2:]), 1.0)
    found = np.maximum(band_energy(missing) / size, 1e-12 * sigma**2)
    along = found - sigma**2 * (1.0 - divergence)
    chance = SURE * sigma**2 * found / size
    kept = np.maximum(0.0, 1.0 - chance / np.maximum(along**2, chance))
    return np.clip(kept * along / found, *GAIN_RANGE)
