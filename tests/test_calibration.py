"""Calibration: the error of a prior between the levels at which it was measured."""

import pytest

from rdpcodec.priors.calibration import Calibration

CURVE = Calibration(sigma=(0.01, 0.1, 1.0), error=(5e-5, 1e-3, 1e-2))


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
