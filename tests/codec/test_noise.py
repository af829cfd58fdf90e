"""The noise of a whole file is white, normal and unrelated to the picture."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from rdpcodec import codec
from rdpcodec.codec import encode

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}
LEVEL = 1e-3


@pytest.fixture(scope="module")
def chain_noise(photo: MakePhoto) -> NDArray[np.float64]:
    """Return (y_T - x_0) / sigma_T of a whole file's chain, (3, 128, 192)."""
    picture = photo(192, 128)
    data = encode(picture, t=1800, rdo=0, **GAUSSIAN)
    chain = codec.open(data).state
    x_0 = picture.astype(np.float64).transpose(2, 0, 1) / 127.5 - 1
    return (chain.y[0] - x_0) / chain.sigma


def test_no_pixel_is_left_behind(photo: MakePhoto) -> None:
    """In a fine file of a grey photo no pixel is over 6.5 sigma from its place."""
    picture = photo(96, 64, 1)
    chain = codec.open(encode(picture, t=700, rdo=0, **GAUSSIAN)).state
    noise = (chain.y[0, 0] - (picture / 127.5 - 1)) / chain.sigma
    assert np.abs(noise).max() < 6.5
    assert noise.std() == pytest.approx(1, abs=0.03)


def test_noise_of_a_file_is_normal(chain_noise: NDArray[np.float64]) -> None:
    """The noise of a whole chain is N(0, 1) by Kolmogorov-Smirnov and Anderson-Darling.

    Its standard deviation is 1 within 1.5 %: the search shrinks the variance along mu.
    """
    flat = chain_noise.reshape(-1)
    assert flat.std() == pytest.approx(1, abs=0.015)
    assert abs(flat.mean()) < 4 / math.sqrt(flat.size)
    assert stats.kstest(flat, "norm").pvalue > LEVEL
    part = np.random.default_rng(0).permutation(flat)[:5000]
    assert anderson_darling(part) < 6.0
    assert stats.jarque_bera(flat).pvalue > LEVEL


def anderson_darling(values: NDArray[np.float64]) -> float:
    """Return A^2 against N(0, 1), fully specified; 6.0 is its 0.1 % point."""
    z, n = np.sort(values), values.size
    weights = 2 * np.arange(1, n + 1) - 1
    return float(-n - (weights * (stats.norm.logcdf(z) + stats.norm.logsf(z[::-1]))).mean())


def test_noise_of_a_file_is_white(chain_noise: NDArray[np.float64]) -> None:
    """Neighbours in rows, columns and colours are uncorrelated: Ljung-Box over 48 lags."""
    statistic, lags, total = 0.0, 0, chain_noise.size
    x = chain_noise - chain_noise.mean()
    for dy in range(-3, 4):
        for dx in range(4):
            for dc in range(2):
                if (dc, dx, dy) > (0, 0, 0):
                    moved = np.roll(x, (dc, dy, dx), axis=(0, 1, 2))
                    statistic += total * (float((x * moved).sum()) / float((x * x).sum())) ** 2
                    lags += 1
    assert lags >= 48
    assert stats.chi2.sf(statistic, lags) > LEVEL


def test_noise_of_a_file_ignores_the_picture(
    chain_noise: NDArray[np.float64], photo: MakePhoto
) -> None:
    """Neither the noise nor its size is correlated with the pixels' detail or their place."""
    planes = photo(192, 128).astype(np.float64).transpose(2, 0, 1)
    detail = planes - (np.roll(planes, 1, axis=1) + np.roll(planes, 1, axis=2)) / 2
    column = np.broadcast_to(np.arange(192.0), planes.shape)
    bound = 4.5 / math.sqrt(planes.size)
    for known in (planes, np.abs(detail), column):
        assert abs(np.corrcoef(known.reshape(-1), chain_noise.reshape(-1))[0, 1]) < bound
    for known in (np.abs(detail), column):
        assert abs(np.corrcoef(known.reshape(-1), chain_noise.reshape(-1) ** 2)[0, 1]) < 2 * bound


def test_noises_of_two_seeds_are_unrelated(
    chain_noise: NDArray[np.float64], photo: MakePhoto
) -> None:
    """Another seed gives another noise for the same picture."""
    picture = photo(192, 128)
    chain = codec.open(encode(picture, t=1800, seed=1, rdo=0, **GAUSSIAN)).state
    x_0 = picture.astype(np.float64).transpose(2, 0, 1) / 127.5 - 1
    other = (chain.y[0] - x_0) / chain.sigma
    correlation = np.corrcoef(other.reshape(-1), chain_noise.reshape(-1))[0, 1]
    assert abs(correlation) < 4.5 / math.sqrt(other.size)
