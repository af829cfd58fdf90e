"""The estimate of least error from a noisy state: rho = 0 of `geodesic` (spec 11.3).

A network's estimate is not quite E[x_0 | y]. Three things lessen its error, and no bit pays for
them. The mean over symmetries of the square takes away what a network makes of the orientation of
a picture. How far the estimate goes along y - x_0_hat, band by band, follows from the state: the
error of an estimate is known from its distance from the state and from its divergence (Stein
1981), and a probe measures that. Last, the estimate lacks a little of what the flow would add.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.arrays import Array, copy, device_of, host, place
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
    share = min(SHARPER_MAX, SHARPER + SHARPER_WITH_SIGMA * sigma)
    sharper = denoise(first + 0.5 * (y - first), 0.5 * sigma) - first
    follows = _divergence(denoise, y, sigma, first, basis)
    whole, within = (
        _toward(held, mean, y, sigma, follows, basis) for held in (y, y.clip(-1.0, 1.0))
    )
    way = whole if whole.worth >= within.worth else within
    added = scale_bands(way.missing, way.gain)
    added += scale_bands(to_coefficients(sharper, basis), share * np.minimum(1.0, 1.0 - way.gain))
    mean += from_coefficients(added, basis)
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
    """Return how an estimate follows its state, a mean for each axis and band.

    Source:
        Ramani et al. 2008, "Monte-Carlo SURE".
    """
    shape, step = tuple(y.shape), PROBE * sigma
    drawn = rng.signs(0, rng.Stream.PROBE, 0, math.prod(shape)).astype(np.float32)
    signs = place(drawn.reshape(shape), device_of(y))
    change = to_coefficients((denoise(y + step * signs, sigma) - first) / step, basis)
    signs = to_coefficients(signs, basis)
    return band_products(change, signs) / np.maximum(band_energy(signs), 1e-12)


class _Way(NamedTuple):
    """What is missing, coefficients (1, C, H, W), and how far to go, (C, BANDS)."""

    missing: Array
    gain: NDArray[np.float64]
    worth: float


def _toward(
    held: Array,
    mean: Array,
    y: Array,
    sigma: float,
    follows: NDArray[np.float64],
    basis: Basis,
) -> _Way:
    """Return how far to go from the mean to `held`, the state or that held in [-1, 1].

    Source:
        Stein 1981, "Estimation of the mean of a multivariate normal distribution".
    """
    missing = to_coefficients(held - mean, basis)
    free = host((held == y).sum((0, 2, 3))) / math.prod(y.shape[2:])  # of each channel
    chance = band_sizes(*y.shape[2:]) * ((basis**2 @ free)[:, None] - follows)
    error = band_products(to_coefficients(y - mean, basis), missing) - sigma**2 * chance
    gain = _gain(error, missing, sigma)
    return _Way(missing, gain, float((gain * error).sum()))


def _gain(error: NDArray[np.float64], missing: Array, sigma: float) -> NDArray[np.float64]:
    """Return how far to go along what is missing, by axis and band; not where it may be chance.

    Args:
        error: (C, BANDS). What the estimate lacks, times what is missing.
        missing: (1, C, H, W) float32. Coefficients.
        sigma: The level of the state.
    """
    found = np.maximum(band_energy(missing), 1e-12 * sigma**2)
    chance = SURE * sigma**2 * found
    kept = np.maximum(0.0, 1.0 - chance / np.maximum(error**2, chance))
    return np.clip(kept * error / found, *GAIN_RANGE)
