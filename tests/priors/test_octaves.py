"""Octaves: the network's own range serves every larger noise level."""

import math

import pytest
import torch

from rdpcodec.priors.octaves import denoise_reduced, enlarge, reduce, reduction

LIMIT = 300 / 255


@pytest.mark.parametrize(
    ("sigma", "k"),
    [(0.01, 1), (LIMIT, 1), (math.nextafter(LIMIT, 2), 2), (2 * LIMIT, 2), (2.4, 4), (60.0, 64)],
)
def test_reduction_is_the_least_that_brings_the_noise_into_range(sigma: float, k: int) -> None:
    """The limit itself belongs to the finer size; just above it the next power of two begins."""
    assert reduction(sigma, LIMIT) == k


@pytest.mark.parametrize("k", [2, 4, 8])
def test_reduced_noise_is_k_times_smaller(k: int) -> None:
    """White noise of sigma 1 has sigma 1 / k after the mean of k x k pixels."""
    noise = torch.randn((1, 3, 256, 256), generator=torch.Generator().manual_seed(2))
    assert float(reduce(noise, k).std()) == pytest.approx(1 / k, rel=0.05)


@pytest.mark.parametrize("size", [(8, 8), (9, 15), (1, 3)])
def test_a_flat_picture_survives_both_ways(size: tuple[int, int]) -> None:
    """Reduced and enlarged, a flat picture of any size is the same flat picture."""
    flat = torch.full((1, 3, *size), 0.3)
    back = enlarge(reduce(flat, 4), 4)[..., : size[0], : size[1]]
    torch.testing.assert_close(back, flat)


def cubic(distance: float) -> float:
    """Return the weight of spec 10.4 at a distance, in rows."""
    d, a = abs(distance), -0.75
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


@pytest.mark.parametrize("k", [2, 4])
def test_enlarging_is_the_cubic_convolution_of_the_spec(k: int) -> None:
    """Each value is the sum of the four nearest, the ends repeated, as section 10.4 writes it."""
    row = torch.tensor([0.0, 1.0, -0.5, 2.0, 0.25])
    expected = []
    for i in range(len(row) * k):
        at = (i + 0.5) / k - 0.5
        near = range(math.floor(at) - 1, math.floor(at) + 3)
        expected.append(sum(cubic(at - j) * float(row[min(max(j, 0), 4)]) for j in near))
    found = enlarge(row.expand(1, 1, 8, 5), k)[0, 0, k]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_the_coarse_part_is_the_networks_and_the_rest_the_gaussians() -> None:
    """What the network says of the reduced picture replaces the Gaussian's means, at sigma / k."""
    asked: list[float] = []
    y = torch.randn((1, 3, 16, 24), generator=torch.Generator().manual_seed(3))

    def network(low: torch.Tensor, sigma: float) -> torch.Tensor:
        asked.append(sigma)
        return torch.full_like(low, 0.5)

    found = denoise_reduced(network, lambda y, _: torch.zeros_like(y), y, 3.0, 4)
    assert asked == [0.75]
    torch.testing.assert_close(found, torch.full_like(y, 0.5))
