"""Tests of the noise schedules."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.schedule import T_MAX, nearest_t, sigma


@pytest.mark.parametrize(
    ("t", "value"), [(0, 2.0**-10), (256, 2.0**-9), (2560, 1.0), (2816, 2.0), (3840, 32.0)]
)
def test_whole_octaves_are_exact(t: int, value: float) -> None:
    """Every 256 steps of t double sigma exactly."""
    assert sigma(t) == value


def test_nearest_t_inverts_sigma() -> None:
    """Every t is the nearest to its own sigma."""
    assert all(nearest_t(sigma(t)) == t for t in range(T_MAX + 1))


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_nearest_t_is_the_nearest_in_ratio(value: float) -> None:
    """No neighbour of the nearest t has a sigma nearer in ratio."""
    t = nearest_t(value)

    def distance(other: int) -> float:
        return abs(math.log2(sigma(other)) - math.log2(value))

    neighbours = [other for other in (t - 1, t + 1) if 0 <= other <= T_MAX]
    assert all(distance(t) <= distance(other) + 1e-9 for other in neighbours)


@pytest.mark.parametrize("t", [-1, T_MAX + 1])
def test_t_out_of_range_is_refused(t: int) -> None:
    """A t outside 0..4095 has no sigma."""
    with pytest.raises(ValueError, match="t is"):
        sigma(t)


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_sigma_that_is_no_noise_level_is_refused(value: float) -> None:
    """Only finite positive noise levels have a nearest t."""
    with pytest.raises(ValueError, match="sigma is"):
        nearest_t(value)
