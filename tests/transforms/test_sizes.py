"""Sizes: padded, reduced and enlarged pictures, with numpy and with torch."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from rdpcodec.transforms.sizes import enlarge, pad_to_multiple, reduce

Floats = NDArray[np.float32]
SIZES = [(1, 1), (1, 3), (9, 15), (8, 8), (16, 21)]


def picture(*size: int) -> Floats:
    """Return noise, (2, 3, H, W)."""
    return np.random.default_rng(2).standard_normal((2, 3, *size), dtype=np.float32)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("multiple", "least"), [(1, 0), (4, 0), (16, 0), (4, 8), (4, 24)])
def test_the_last_row_and_column_are_repeated(
    size: tuple[int, int], multiple: int, least: int
) -> None:
    """To the next multiples, as torch replicates edges; what fits already is not copied."""
    x = picture(*size)
    height, width = (max(least, math.ceil(n / multiple) * multiple) for n in size)
    edges = (0, width - size[1], 0, height - size[0])
    expected = functional.pad(torch.from_numpy(x), edges, mode="replicate")
    found, tensor = pad_to_multiple(x, multiple, least), torch.from_numpy(x)
    assert np.array_equal(found, expected)
    assert torch.equal(pad_to_multiple(tensor, multiple, least), expected)
    assert (found is x) == (not any(edges))


@pytest.mark.parametrize("k", [2, 4, 8])
def test_reduced_noise_is_k_times_smaller(k: int) -> None:
    """White noise of sigma 1 has sigma 1 / k after the mean of k x k pixels."""
    assert float(reduce(picture(256, 256), k).std()) == pytest.approx(1 / k, rel=0.05)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("k", [2, 4, 16])
def test_reducing_is_the_mean_of_squares(size: tuple[int, int], k: int) -> None:
    """That of torch over the picture with its edges repeated, for both kinds of arrays."""
    x = picture(*size)
    expected = functional.avg_pool2d(torch.from_numpy(pad_to_multiple(x, k)), k)
    for found in (reduce(x, k), reduce(torch.from_numpy(x), k)):
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("size", [(8, 8), (9, 15), (1, 3)])
def test_a_flat_picture_survives_both_ways(size: tuple[int, int]) -> None:
    """Reduced and enlarged, a flat picture of any size is the same flat picture."""
    flat = np.full((1, 3, *size), 0.3, dtype=np.float32)
    back = enlarge(reduce(flat, 4), 4)[..., : size[0], : size[1]]
    np.testing.assert_allclose(back, flat, rtol=1e-6)


def cubic(distance: float) -> float:
    """Return the weight of spec 10.4 at a distance, in rows."""
    d, a = abs(distance), -0.75
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


@pytest.mark.parametrize("k", [2, 4])
def test_enlarging_is_the_cubic_convolution_of_the_spec(k: int) -> None:
    """Each value is the sum of the four nearest, the ends repeated, as section 10.4 writes it."""
    row = np.float32([0.0, 1.0, -0.5, 2.0, 0.25])
    expected = []
    for i in range(len(row) * k):
        at = (i + 0.5) / k - 0.5
        near = range(math.floor(at) - 1, math.floor(at) + 3)
        expected.append(sum(cubic(at - j) * float(row[min(max(j, 0), 4)]) for j in near))
    found = enlarge(np.tile(row, (1, 1, 8, 1)), k)[0, 0, k]
    np.testing.assert_allclose(found, expected, rtol=1.3e-6, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("k", [2, 4, 64])
def test_enlarging_is_that_of_torch(size: tuple[int, int], k: int) -> None:
    """Its bicubic interpolation, for both kinds of arrays and at any size."""
    x = picture(*size)
    tensor = torch.from_numpy(x)
    expected = functional.interpolate(tensor, scale_factor=k, mode="bicubic")
    for found in (enlarge(x, k), enlarge(tensor, k)):
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6)
