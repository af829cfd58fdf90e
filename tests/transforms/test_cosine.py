"""The cosine transform of numpy and of torch, against scipy in binary64; mixing in place."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.fft import dctn

from rdpcodec.domains.gaussian import COLOUR_BASIS
from rdpcodec.transforms import cosine
from rdpcodec.transforms.cosine import dct, from_coefficients, inverse_dct, mix, to_coefficients

# Even, odd, prime and 1-long sides, and powers of two.
SIZES = [(1, 1), (1, 8), (9, 1), (2, 2), (6, 15), (13, 31), (64, 48), (101, 128)]


def picture(*shape: int) -> NDArray[np.float32]:
    """Return noise about 1, so that the first coefficient is the largest."""
    return 1 + np.random.default_rng(2).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_it_is_the_orthonormal_dct(size: tuple[int, int]) -> None:
    """Numpy and torch have scipy's coefficients up to rounding, and torch those of any stride."""
    x = picture(2, 3, *size)
    expected = dctn(x.astype(np.float64), axes=(2, 3), norm="ortho")
    tensor, turned = torch.from_numpy(x.copy()), torch.from_numpy(x.swapaxes(2, 3).copy())
    found = dct(x.copy())
    assert found.dtype == np.float32
    scale = np.abs(expected).max()
    for values in (found, dct(tensor), dct(turned.mT)):
        np.testing.assert_allclose(values, expected, rtol=0, atol=2e-6 * scale)


@pytest.mark.parametrize("size", SIZES)
def test_the_inverse_gives_back_the_picture(size: tuple[int, int]) -> None:
    """Of the coefficients, with numpy and with torch."""
    x = picture(1, 3, *size)
    for back in (inverse_dct(dct(x.copy())), inverse_dct(dct(torch.from_numpy(x)))):
        np.testing.assert_allclose(back, x, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_states_are_found_again_in_their_own_memory(channels: int, size: tuple[int, int]) -> None:
    """Coefficients are those of axis times channels; both kinds of arrays agree, and come back."""
    basis = COLOUR_BASIS if channels == 3 else np.ones((1, 1), dtype=np.float32)
    y = picture(1, channels, *size)
    axes = np.einsum("ca,bahw->bchw", basis.astype(np.float64), y)
    expected = dctn(axes, axes=(2, 3), norm="ortho")
    for given in (y.copy(), torch.from_numpy(y.copy())):
        found = to_coefficients(given, basis)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * scale)
        np.testing.assert_allclose(from_coefficients(found, basis), y, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rows", [1, cosine.ROWS, cosine.ROWS + 1, 3 * cosine.ROWS - 1])
def test_channels_are_mixed_in_place(rows: int) -> None:
    """The product with the matrix, whatever the number of rows; the planes hold it afterwards."""
    matrix = np.random.default_rng(3).standard_normal((3, 3), dtype=np.float32)
    x = picture(2, 3, rows, 7)
    expected = np.einsum("ca,bahw->bchw", matrix.astype(np.float64), x)
    tensor = torch.from_numpy(x.copy())
    assert mix(matrix, x) is x
    assert mix(matrix, tensor) is tensor
    np.testing.assert_allclose(x, expected, rtol=0, atol=1e-5)
    assert np.array_equal(tensor.numpy(), x)
