"""The chain of Gaussians keeps y = x_0 + sigma n, and its divergence is that of the theory."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.distributions import Normal, kl_divergence

from rdpcodec.chain import Chain, Clock, Estimator
from rdpcodec.chain.transition import Step, channel_mean, kl_bits, next_state, step_between
from rdpcodec.domains import RgbPixels
from rdpcodec.priors import load_prior
from rdpcodec.schedule import sigma

LEVELS = st.tuples(st.floats(1e-3, 60), st.floats(1e-3, 0.999)).map(
    lambda pair: Step(pair[0], pair[0] * pair[1])
)


def draw(seed: int, *shape: int) -> NDArray[np.float32]:
    """Return standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


@given(LEVELS)
@settings(max_examples=100, deadline=None)
def test_a_step_is_the_posterior_of_two_noise_levels(step: Step) -> None:
    """The a and tau are those of q(y_k | y_{k-1}, x_0), found here by combining two observations.

    y_{k-1} sees y_k through noise of variance above^2 - below^2, x_0 through below^2.
    """
    from_above = 1 / (step.sigma_prev**2 - step.sigma_next**2)
    from_x_0 = 1 / step.sigma_next**2
    weight = from_x_0 / (from_above + from_x_0)
    assert step.a == pytest.approx(weight, rel=1e-9)
    assert step.tau**2 == pytest.approx(1 / (from_above + from_x_0), rel=1e-9)
    assert step.precision == pytest.approx(step.a / step.sigma_next**2, rel=1e-6)
    assert (step.a / step.tau) ** 2 == pytest.approx(step.precision, rel=1e-6)


@given(LEVELS)
@settings(max_examples=50, deadline=None)
def test_noise_levels_are_kept(step: Step) -> None:
    """The variance of y_k about x_0 is below^2: (1 - a)^2 above^2 + tau^2."""
    variance = (1 - step.a) ** 2 * step.sigma_prev**2 + step.tau**2
    assert variance == pytest.approx(step.sigma_next**2, rel=1e-9)


def test_the_first_step_is_the_forward_process() -> None:
    """From infinite noise a is 1 and tau is sigma, and the old state is not looked at."""
    step = Step(math.inf, 3.0)
    assert (step.a, step.tau, step.precision) == (1.0, 3.0, 1 / 9)
    z, nan = draw(0, 1, 3, 2, 2), np.full((1, 3, 2, 2), math.nan, dtype=np.float32)
    assert np.array_equal(next_state(nan, np.zeros_like(z), z.copy(), step), 3 * z)


@pytest.mark.parametrize("step", [Step(math.inf, 2.0), Step(2.0, 1.5), Step(0.2, 0.01)])
def test_a_delivered_mean_moves_the_state_to_x_0(step: Step) -> None:
    """With z = mu + n the next state is y + a (x_0 - y) + tau n, whatever the estimate was."""
    x_0, x0_hat, n = draw(1, 1, 3, 4, 5), draw(2, 1, 3, 4, 5), draw(3, 1, 3, 4, 5)
    above = 1e3 if math.isinf(step.sigma_prev) else step.sigma_prev
    y = x_0 + above * draw(4, 1, 3, 4, 5)
    found = next_state(y, x0_hat, channel_mean(x_0 - x0_hat, step) + n, step)
    kept = 0 if math.isinf(step.sigma_prev) else (1 - step.a) * y
    np.testing.assert_allclose(found, kept + step.a * x_0 + step.tau * n, rtol=1e-5, atol=1e-5)


def test_a_ladder_of_exact_steps_gives_the_marginal() -> None:
    """Many steps with fresh noise leave y - x_0 with standard deviation sigma_T, and white."""
    x_0 = draw(0, 1, 3, 64, 64)
    y, levels = np.zeros_like(x_0), [math.inf, 4.0, 2.0, 1.0, 0.6, 0.5]
    for k in range(5):
        step = Step(levels[k], levels[k + 1])
        x0_hat = 0.3 * y
        z = channel_mean(x_0 - x0_hat, step) + draw(10 + k, 1, 3, 64, 64)
        y = next_state(y, x0_hat, z, step)
    noise = (y - x_0) / 0.5
    assert float(noise.std()) == pytest.approx(1, abs=4 / math.sqrt(2 * noise.size))
    assert abs(float((noise * x_0).mean())) < 4 / math.sqrt(noise.size)


@pytest.mark.parametrize("excess", [0.0, 0.01, 0.3, 2.0])
def test_divergence_is_that_of_torch(excess: float) -> None:
    """kl_bits is the Kullback-Leibler divergence of the two normals, in bits."""
    mu = torch.from_numpy(draw(0, 50)).double()
    target = Normal(mu, torch.ones_like(mu))
    proposal = Normal(torch.zeros_like(mu), math.sqrt(1 + excess))
    expected = float(kl_divergence(target, proposal).sum()) / math.log(2)
    assert kl_bits(float(mu @ mu), 50, excess) == pytest.approx(expected, rel=1e-9)


def test_divergence_without_excess_is_half_the_energy() -> None:
    """With v = 0 the divergence is |mu|^2 / (2 ln 2) bits."""
    assert kl_bits(5.0, 1000) == pytest.approx(5 / (2 * math.log(2)))
    assert kl_bits(0.0, 1000) == 0


@given(st.floats(1e-6, 10), st.floats(1e-6, 10))
@settings(max_examples=100, deadline=None)
def test_the_matched_proposal_costs_least(mean_square: float, excess: float) -> None:
    """The least divergence is dim / 2 log2(1 + v), at v equal to the mean square of mu."""
    least = kl_bits(100 * mean_square, 100, mean_square)
    assert least == pytest.approx(50 * math.log2(1 + mean_square), rel=1e-6)
    assert least <= kl_bits(100 * mean_square, 100, excess) + 1e-9


def test_the_chain_begins_with_the_prior_mean() -> None:
    """Before the first layer sigma is infinite, the estimate is 0 and costs no evaluation."""
    chain = Chain(Estimator(load_prior("gaussian-1"), RgbPixels(4, 5)))
    assert chain.t is None
    assert math.isinf(chain.sigma)
    assert np.array_equal(chain.x0_hat(), np.zeros((1, 3, 4, 5)))
    assert chain.clock.network_evaluations == 0


def test_the_chain_asks_once_per_level() -> None:
    """Each level is evaluated at most once, and the state follows `next_state`."""
    prior = load_prior("gaussian-1")
    chain = Chain(Estimator(prior, RgbPixels(4, 5)))
    z = draw(0, 1, 3, 4, 5)
    chain.advance(3000, z.copy())
    assert np.array_equal(chain.y, sigma(3000) * z)
    estimate = prior.denoise(chain.y, sigma(3000))
    for _ in range(3):
        assert np.array_equal(chain.x0_hat(), estimate)
    assert chain.clock.network_evaluations == 1
    before, step = chain.y, chain.step_to(2900)
    assert step == Step(sigma(3000), sigma(2900))
    chain.advance(2900, z.copy())
    assert np.array_equal(chain.y, next_state(before, estimate, z, step))
    assert (chain.t, chain.sigma) == (2900, sigma(2900))
    assert chain.clock.network_evaluations == 1


def test_the_clock_adds_up() -> None:
    """Measured blocks are parts of the total."""
    clock = Clock()
    for kind in ("network", "channel", "network"):
        with clock.measure(kind):
            sum(range(20_000))
    assert clock.network > 0
    assert clock.channel > 0
    assert clock.network + clock.channel <= clock.total


def test_steps_between_levels_have_their_sigmas() -> None:
    """A step takes its sigmas from the schedule; before the first layer sigma is infinite."""
    step = step_between(2000, 1900)
    assert (step.sigma_prev, step.sigma_next) == (sigma(2000), sigma(1900))
    assert math.isinf(step_between(None, 1900).sigma_prev)
