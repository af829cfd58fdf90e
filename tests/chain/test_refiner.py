"""Estimates moved between evaluations, on a Gaussian source where fresh ones are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.chain import Estimator
from rdpcodec.chain.refiner import Refiner
from rdpcodec.domains import pixel_domain
from rdpcodec.domains.gaussian import COLOUR_BASIS, spectrum
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.calibration import Calibration
from rdpcodec.priors.gaussian import GaussianPrior
from rdpcodec.schedule import sigma
from rdpcodec.transforms.bands import BANDS, band_energy, band_sizes, bands
from rdpcodec.transforms.cosine import from_coefficients, to_coefficients

pytestmark = pytest.mark.usefixtures("one_thread")
Floats = NDArray[np.float32]
PRIOR = load_prior("gaussian-1")
HEIGHT, WIDTH = 96, 128
LEVELS = range(1400, 3200, 100)


def estimate(prior: Prior, y: Floats, sigma: float) -> Floats:
    """Return a prior's estimate of a grey or RGB state."""
    return Estimator(prior, pixel_domain(*y.shape[1:]))(y, sigma)


def draw(seed: int) -> Floats:
    """A picture of the source."""
    normal = np.random.default_rng(seed).standard_normal((1, 3, HEIGHT, WIDTH), dtype=np.float32)
    return from_coefficients(np.sqrt(spectrum(HEIGHT, WIDTH)) * normal, COLOUR_BASIS)


def calibrated(factor: float = 1.0) -> Calibration:
    """The exact calibration of gaussian-1, off by a factor."""
    found = []
    for t in LEVELS:
        variance = spectrum(HEIGHT, WIDTH).astype(np.float64)
        error = variance * sigma(t) ** 2 / (variance + sigma(t) ** 2)
        energy = band_energy(np.sqrt(error)[None].astype(np.float32))
        found.append(factor * energy / np.maximum(band_sizes(HEIGHT, WIDTH), 1))
    levels = tuple(sigma(t) for t in LEVELS)
    return Calibration(levels, tuple(float(e.mean()) for e in found), np.maximum(found, 1e-12))


def noisy(x_0: Floats, t: int, finer: Floats | None = None, above: int = 0) -> Floats:
    """The state at t: fresh, or reached from the state `finer` at the level `above`."""
    noise = np.random.default_rng(t).standard_normal(x_0.shape, dtype=np.float32)
    if finer is None:
        return x_0 + sigma(t) * noise
    a = 1 - (sigma(t) / sigma(above)) ** 2
    return finer + a * (x_0 - finer) + sigma(t) * a**0.5 * noise


class Calibrated(GaussianPrior):
    """The conformance model with a calibration."""

    refresh = 64

    def __init__(self, calibration: Calibration) -> None:
        super().__init__()
        self.calibration = calibration


def refiner_of(calibration: Calibration, channels: int) -> Refiner:
    """Return a refiner of pictures of HEIGHT by WIDTH."""
    return Refiner(Estimator(Calibrated(calibration), pixel_domain(channels, HEIGHT, WIDTH)))


def mse(a: Floats, b: Floats) -> float:
    """The mean squared error."""
    return float(np.square(a - b).mean())


def recovered(refiner: Refiner, x_0: Floats, t: int, y: Floats, below: int) -> float:
    """The share of a fresh evaluation's gain that the moved estimate has."""
    old = estimate(PRIOR, y, sigma(t))
    refiner.restart(y, sigma(t), old)
    state = noisy(x_0, below, y, t)
    moved, fresh = refiner.estimate(state, sigma(below)), estimate(PRIOR, state, sigma(below))
    return (mse(old, x_0) - mse(moved, x_0)) / (mse(old, x_0) - mse(fresh, x_0))


@pytest.mark.parametrize("t", [2600, 2200, 1800])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_recovers_what_a_fresh_estimate_gains(t: int, channels: int) -> None:
    """On a Gaussian the linear update is nearly the fresh estimate; bands are all it lacks."""
    x_0 = draw(1)[:, :channels]
    if channels == 1:
        x_0 = draw(1).mean(axis=1, keepdims=True)
    refiner = refiner_of(calibrated(), channels)
    assert 0.85 < recovered(refiner, x_0, t, noisy(x_0, t), t - 48) < 1.05


@pytest.mark.parametrize("factor", [0.1, 8.0])
def test_it_learns_where_the_calibration_is_off(factor: float) -> None:
    """With the steps of a file, a wrong calibration costs less and less."""
    x_0 = draw(2)
    learning, y = refiner_of(calibrated(factor), 3), noisy(x_0, 2700)
    for t in range(2700, 1932, -64):
        learning.restart(y, sigma(t), estimate(PRIOR, y, sigma(t)))
        y = noisy(x_0, t - 64, y, t)
    after = recovered(learning, x_0, 1932, y, 1884)
    before = recovered(refiner_of(calibrated(factor), 3), x_0, 1932, y, 1884)
    assert after > max(0.55, before + 0.3)


def test_nothing_moves_before_an_evaluation() -> None:
    """There is nothing to move."""
    with pytest.raises(ValueError, match="no evaluation"):
        refiner_of(calibrated(), 3).estimate(np.zeros((1, 3, 8, 8), np.float32), 1.0)


def test_learning_before_the_evaluation_is_learning_with_it() -> None:
    """What is let go of early is learned once, and there is nothing to move until it is over."""
    x_0 = draw(4)
    y = noisy(x_0, 2600)
    below = noisy(x_0, 2500, y, 2600)
    early, late = (refiner_of(calibrated(), 3) for _ in range(2))
    for refiner in (early, late):
        refiner.restart(y, sigma(2600), estimate(PRIOR, y, sigma(2600)))
    early.leave(below, sigma(2500))
    with pytest.raises(ValueError, match="no evaluation"):
        early.estimate(below, sigma(2500))
    state = noisy(x_0, 2450, below, 2500)
    for refiner in (early, late):
        refiner.restart(below, sigma(2500), estimate(PRIOR, below, sigma(2500)))
    moved = [refiner.estimate(state, sigma(2450)) for refiner in (early, late)]
    assert np.array_equal(*moved)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 3), (16, 16), (48, 31)])
def test_bands_are_half_octaves(height: int, width: int) -> None:
    """Every coefficient is in the band of its radial frequency; DC is in the lowest."""
    found = bands(height, width)
    assert found[0, 0] == 0
    for i, j in np.ndindex(height, width):
        squared = (i / height) ** 2 + (j / width) ** 2
        if squared > 0:
            exponent = np.floor(np.log2(squared)) + BANDS - 1
            assert found[i, j] == max(0, exponent)
    assert band_sizes(height, width).sum() == height * width


def test_band_energy_adds_up() -> None:
    """The basis is orthonormal, and no coefficient is left out."""
    x = np.random.default_rng(3).standard_normal((1, 3, 20, 30), dtype=np.float32)
    energy = band_energy(to_coefficients(x.copy(), COLOUR_BASIS))
    assert energy.shape == (3, BANDS)
    assert energy.sum() == pytest.approx(float(np.square(x).sum()), rel=1e-5)
