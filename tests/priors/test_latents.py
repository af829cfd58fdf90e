"""Gaussian latents, where everything has a closed form: bits, errors, and evaluations far apart."""

import numpy as np
import pytest
from latent_source import (
    Every,
    EveryLayer,
    code,
    draw,
    ideal_bits,
    information_bits,
    noisy,
    variances,
)

from rdpcodec.chain import Estimator
from rdpcodec.decoder.reconstruction import Geodesic, Noisy
from rdpcodec.decoder.sampling import fresh_noise
from rdpcodec.domains import Denoise
from rdpcodec.errors import UsageError
from rdpcodec.priors import BUILT_IN, load_prior
from rdpcodec.priors.calibration import UnitVariance
from rdpcodec.priors.gaussian import GaussianPrior
from rdpcodec.priors.latents import LatentsPrior
from rdpcodec.schedule import nearest_t, sigma
from rdpcodec.transforms.bands import BANDS
from rdpcodec.transforms.cosine import dct

SIDE = 48
LAW = variances(SIDE, SIDE)


def estimates() -> Denoise:
    """Return the estimate of latents of SIDE x SIDE."""
    prior = LatentsPrior()
    return Estimator(prior, prior.domain(3, 2 * SIDE, 2 * SIDE))


@pytest.mark.parametrize("level", [0.1, 0.5, 2.0])
def test_the_divergences_add_up_to_the_mutual_information(level: float) -> None:
    """With an estimate in every layer a file ideally costs what the latents share with the state.

    Finite steps cost up to 9 % more.
    """
    t = nearest_t(level)
    found = ideal_bits(code(EveryLayer(), draw(SIDE, SIDE), t))
    assert 0.98 < found / information_bits(LAW, t) < 1.09


@pytest.mark.parametrize(("refresh", "most", "evaluations"), [(64, 0.02, 20), (128, 0.04, 11)])
def test_few_evaluations_cost_few_bits(refresh: int, most: float, evaluations: int) -> None:
    """A spectrum that nobody measured, learnt on the way, comes close to fresh estimates."""
    x_0, t = draw(SIDE, SIDE), nearest_t(0.1)
    fresh, moved = code(EveryLayer(), x_0, t), code(Every(refresh), x_0, t)
    assert ideal_bits(moved) < (1 + most) * ideal_bits(fresh)
    assert moved.chain.clock.network_evaluations <= evaluations
    assert fresh.chain.clock.network_evaluations > 1.4 * moved.chain.clock.network_evaluations


@pytest.mark.parametrize("level", [0.2, 1.0])
def test_both_ends_are_those_of_the_source(level: float) -> None:
    """At rho = 0 the error is the least there is; at rho = 1 the spectrum is the source's."""
    x_0 = draw(SIDE, SIDE)
    ends = Geodesic(estimates(), Noisy(noisy(x_0, level), level))
    least = (LAW * level**2 / (LAW + level**2)).mean()
    assert np.square(ends.distortion() - x_0).mean() == pytest.approx(least, rel=0.03)
    power = np.square(dct(ends.perception(25).copy())[0]) / LAW
    coarse, fine = power[LAW > 0.5], power[LAW <= 0.5]
    assert coarse.mean() == pytest.approx(1, abs=0.05)
    assert fine.mean() == pytest.approx(1, abs=0.05)


def test_samples_are_those_of_the_posterior() -> None:
    """A sample is off by twice the least error; the mean of a pair by hardly more than the least.

    The noises of a pair cancel, all of it where the denoiser is linear.
    """
    level, x_0 = 0.5, draw(SIDE, SIDE)
    ends = Geodesic(estimates(), Noisy(noisy(x_0, level), level))
    first, second = (ends.sample(20, fresh_noise(7, k, x_0.shape, None)) for k in (0, 1))
    least = (LAW * level**2 / (LAW + level**2)).mean()
    for sample in (first, second):
        assert np.square(sample - x_0).mean() == pytest.approx(2 * least, rel=0.05)
    assert np.square((first + second) / 2 - x_0).mean() == pytest.approx(least, rel=0.03)


def test_samples_spread_as_the_posterior_does() -> None:
    """In every part of the spectrum the variance around the mean is the posterior's."""
    level, x_0 = 0.5, draw(SIDE, SIDE)
    ends = Geodesic(estimates(), Noisy(noisy(x_0, level), level))
    pairs = [[ends.sample(20, fresh_noise(7, k, x_0.shape, None)) for k in (2 * p, 2 * p + 1)]
             for p in range(2)]  # fmt: skip
    expected = LAW * level**2 / (LAW + level**2)
    for plus, minus in pairs:
        spread = np.square(dct((plus - minus).copy())[0]) / 4 / expected
        for part in (LAW > 4, (LAW > 0.25) & (LAW <= 4), LAW <= 0.25):
            assert spread[part].mean() == pytest.approx(1, abs=0.12)
    assert abs(np.corrcoef((pairs[0][0] - pairs[0][1]).ravel(),
                           (pairs[1][0] - pairs[1][1]).ravel())[0, 1]) < 0.05  # fmt: skip


def test_unit_variance_is_the_error_of_white_latents() -> None:
    """sigma^2 / (1 + sigma^2) in every axis and band, and never above either."""
    found = UnitVariance(4).spectrum_at(0.5)
    assert found.shape == (4, BANDS)
    np.testing.assert_allclose(found, 0.2)
    assert UnitVariance(1).spectrum_at(sigma(4095)).max() <= 1


def test_the_estimate_of_white_latents_needs_no_network() -> None:
    """Above the range of the prior the closed form answers."""
    y = noisy(draw(8, 8), 20.0)
    found = Estimator(LatentsPrior(), LatentsPrior().domain(3, 16, 16))(y, 20.0)
    np.testing.assert_allclose(found, y / 401, rtol=1e-5)


def test_a_prompt_makes_another_prior() -> None:
    """Estimate and digest change with the prompt, and come back without it."""
    plain, told = LatentsPrior(), LatentsPrior().with_prompt("a cat")
    y = noisy(draw(8, 8), 1.0)
    assert told.digest != plain.digest
    assert not np.array_equal(told.denoise(y, 1.0), plain.denoise(y, 1.0))
    assert told.with_prompt("").digest == plain.digest
    assert told.with_prompt("a dog").digest != told.digest


def test_priors_without_prompts_refuse_one() -> None:
    """What reads no text says so; no text is no question."""
    prior = GaussianPrior()
    assert prior.with_prompt("") is prior
    with pytest.raises(UsageError, match="the prior gaussian-1 takes no prompt"):
        prior.with_prompt("a cat")


def test_the_model_is_found_by_name_but_not_listed() -> None:
    """It is for the conformance suite."""
    assert isinstance(load_prior("latents-1"), LatentsPrior)
    assert "latents-1" not in BUILT_IN
