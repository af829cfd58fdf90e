"""Calibration: the error of a prior between the levels at which it was measured."""

import numpy as np
import pytest

from rdpcodec.priors import load_prior
from rdpcodec.priors.calibration import Calibration
from rdpcodec.transforms.bands import BANDS

LEVELS = (5e-5, 1e-3, 1e-2)
CURVE = Calibration((0.01, 0.1, 1.0), LEVELS, np.array(LEVELS)[:, None, None] * np.ones((3, BANDS)))


@pytest.mark.parametrize(
    ("sigma", "expected"),
    [(0.01, 5e-5), (0.1, 1e-3), (1.0, 1e-2), (0.1 * 10**0.5, 1e-3 * 10**0.5), (0.005, 1.25e-5)],
)
def test_error_is_a_power_of_sigma_between_the_points(sigma: float, expected: float) -> None:
    """The points themselves, half-way in logarithms, and sigma^2 below the first."""
    assert CURVE.mse(sigma) == pytest.approx(expected)


def test_error_is_constant_above_the_last_point() -> None:
    """Where the prior knows nothing more, its error is that of the mean picture."""
    assert CURVE.mse(50.0) == 1e-2


@pytest.mark.parametrize(
    ("sigma", "expected"),
    [(0.003, 5e-5), (0.01, 5e-5), (0.1, 1e-3), (0.1 * 10**0.5, 1e-3 * 10**0.5), (3.0, 1e-2)],
)
def test_the_spectrum_follows_the_same_rules(sigma: float, expected: float) -> None:
    """Between the points a power of sigma, constant outside."""
    assert CURVE.spectrum_at(sigma).shape == (3, BANDS)
    assert CURVE.spectrum_at(sigma) == pytest.approx(expected)


def test_the_shipped_calibration_is_whole() -> None:
    """Rising levels, falling errors towards low noise, and spectra that add up to the error."""
    found = load_prior("photo-1").calibration
    assert found is not None
    assert np.all(np.diff(found.sigma) > 0)
    assert np.all(np.diff(found.error) > 0)
    assert found.spectrum.shape == (len(found.sigma), 3, BANDS)
    assert np.all(found.spectrum > 0)
    assert np.all(found.spectrum[:, 0, 1] > found.spectrum[:, 0, -1])
