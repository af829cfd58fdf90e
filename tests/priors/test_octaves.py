"""Octaves: the network's own range serves every larger noise level."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.priors.octaves import denoise_reduced, reduction

Floats = NDArray[np.float32]
LIMIT = 300 / 255


@pytest.mark.parametrize(
    ("sigma", "k"),
    [(0.01, 1), (LIMIT, 1), (math.nextafter(LIMIT, 2), 2), (2 * LIMIT, 2), (2.4, 4), (60.0, 64)],
)
def test_reduction_is_the_least_that_brings_the_noise_into_range(sigma: float, k: int) -> None:
    """The limit itself belongs to the finer size; just above it the next power of two begins."""
    assert reduction(sigma, LIMIT) == k


def test_the_coarse_part_is_the_networks_and_the_rest_the_gaussians() -> None:
    """What the network says of the reduced picture replaces the Gaussian's means, at sigma / k."""
    asked: list[float] = []
    y = np.random.default_rng(3).standard_normal((1, 3, 16, 24), dtype=np.float32)

    def network(low: Floats, sigma: float) -> Floats:
        asked.append(sigma)
        return np.full_like(low, 0.5)

    found = denoise_reduced(network, lambda y, _: np.zeros_like(y), y, 3.0, 4)
    assert asked == [0.75]
    np.testing.assert_allclose(found, np.full_like(y, 0.5), rtol=1e-6)
