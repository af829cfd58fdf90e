"""Estimates moved between evaluations, on a Gaussian source where fresh ones are known."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec.chain import Estimator
from rdpcodec.chain.refiner import Refiner
from rdpcodec.domains import pixel_domain
from rdpcodec.domains.gaussian import COLOUR_BASIS, spectrum
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.calibration import Calibration
from rdpcodec.priors.gaussian import GaussianPrior
from rdpcodec.schedule import sigma
from rdpcodec.transforms import (
    BANDS,
    band_energy,
    band_sizes,
    bands,
    from_coefficients,
    to_coefficients,
)

pytestmark = pytest.mark.usefixtures("one_thread")
PRIOR = load_prior("gaussian-1")
HEIGHT, WIDTH = 96, 128
LEVELS = range(1400, 3200, 100)


def estimate(prior: Prior, y: Tensor, sigma: float) -> Tensor:
    """Return a prior's estimate of a grey or RGB state."""
    return Estimator(prior, pixel_domain(*y.shape[1:]))(y, sigma)


def draw(seed: int) -> Tensor:
    """A picture of the source."""
    normal = np.random.default_rng(seed).standard_normal((1, 3, HEIGHT, WIDTH)).astype(np.float32)
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


def noisy(x_0: Tensor, t: int, finer: Tensor | None = None, above: int = 0) -> Tensor:
    """The state at t: fresh, or reached from the state `finer` at the level `above`."""
    noise = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(t))
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


def mse(a: Tensor, b: Tensor) -> float:
    """The mean squared error."""
    return float((a - b).square().mean())


def recovered(refiner: Refiner, x_0: Tensor, t: int, y: Tensor, below: int) -> float:
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
        x_0 = draw(1).mean(dim=1, keepdim=True)
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
        refiner_of(calibrated(), 3).estimate(torch.zeros(1, 3, 8, 8), 1.0)


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
    x: NDArray[np.float32] = np.random.default_rng(3).normal(size=(1, 3, 20, 30)).astype(np.float32)
    energy = band_energy(to_coefficients(torch.from_numpy(x.copy()), COLOUR_BASIS))
    assert energy.shape == (3, BANDS)
    assert energy.sum() == pytest.approx(float(np.square(x).sum()), rel=1e-5)
