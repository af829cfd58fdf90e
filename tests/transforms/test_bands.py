"""Bands: sums and gains by radial frequency, with numpy and with torch."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rdpcodec.transforms.bands import BANDS, band_energy, bands, scale_bands

SIZES = [(1, 1), (1, 9), (7, 5), (16, 16), (48, 31)]


def coefficients(channels: int, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return noise, (1, C, H, W)."""
    return np.random.default_rng(4).standard_normal((1, channels, *size), dtype=np.float32)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_energies_are_sums_over_their_bands(channels: int, size: tuple[int, int]) -> None:
    """Added in binary64, and alike for both kinds of arrays."""
    x, band = coefficients(channels, size), bands(*size)
    expected = [
        [np.square(axis[band == b], dtype=np.float64).sum() for b in range(BANDS)] for axis in x[0]
    ]
    for found in (band_energy(x), band_energy(torch.from_numpy(x))):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_coefficient_has_the_gain_of_its_band(channels: int, size: tuple[int, int]) -> None:
    """In place, and with the same bits for both kinds of arrays."""
    gain = np.random.default_rng(5).uniform(size=(channels, BANDS))
    x = coefficients(channels, size)
    expected = x * gain.astype(np.float32)[:, bands(*size)]
    tensor = torch.from_numpy(x.copy())
    assert scale_bands(x, gain) is x
    assert scale_bands(tensor, gain) is tensor
    assert np.array_equal(x, expected)
    assert np.array_equal(tensor.numpy(), expected)
