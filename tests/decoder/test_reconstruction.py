"""Reconstructions solve the score-scaled flow: exact ends, DDIM at rho = 1, second order."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rdpcodec.decoder.reconstruction import (
    RECONSTRUCTIONS,
    SIGMA_END,
    Geodesic,
    Noisy,
    descend,
    noise_levels,
    reconstruct,
    solve,
)

Floats = NDArray[np.float64]
VARIANCE = np.logspace(-2, 1, 24).reshape(1, 1, 4, 6)
Denoise = Callable[[Floats, float], Floats]


def gaussian(y: Floats, sigma: float) -> Floats:
    """Return E[x_0 | y] of independent normals of the variances above."""
    return y * VARIANCE / (VARIANCE + sigma**2)


def two_points(y: Floats, sigma: float) -> Floats:
    """Return E[x_0 | y] where every pixel is -1 or 1: a denoiser far from linear."""
    return np.tanh(y / sigma**2)


def counted(denoise: Denoise) -> tuple[Denoise, list[float]]:
    """Return a denoiser that lists the levels at which it is evaluated."""
    levels: list[float] = []

    def evaluate(y: Floats, sigma: float) -> Floats:
        levels.append(sigma)
        return denoise(y, sigma)

    return evaluate, levels


def state(sigma: float, seed: int = 0) -> Floats:
    """Return a state of the Gaussian source."""
    noise = np.random.default_rng(seed).standard_normal((2, 1, 1, 4, 6))
    return np.sqrt(VARIANCE) * noise[0] + sigma * noise[1]


def exact(y: Floats, sigma: float, end: float, exponent: float) -> Floats:
    """Return what the flow of the Gaussian source gives: the estimate at level `end`."""
    moved = y * ((VARIANCE + end**2) / (VARIANCE + sigma**2)) ** (exponent / 2)
    return gaussian(moved, end)


@pytest.mark.parametrize("sigma", [0.05, 1.0, 5.0])
def test_geodesic_at_rho_0_is_the_one_step_estimate(sigma: float) -> None:
    """At rho = 0 the geodesic is E[x_0 | y_T] bit for bit, for one evaluation."""
    evaluate, levels = counted(gaussian)
    y = state(sigma)
    found = reconstruct(
        evaluate, Noisy(y, sigma), rho=0.0, reconstruction="geodesic", evaluations=10
    )
    assert np.array_equal(found, gaussian(y, sigma))
    assert levels == [sigma]


@pytest.mark.parametrize("rho", [0.0, 0.25, 0.5, 1.0])
def test_geodesic_is_a_straight_line(rho: float) -> None:
    """The geodesic mixes the one-step estimate with the end of the ode at rho = 1."""
    y = state(1.0)
    end = reconstruct(gaussian, Noisy(y, 1.0), rho=1.0, reconstruction="ode", evaluations=12)
    found = reconstruct(gaussian, Noisy(y, 1.0), rho=rho, reconstruction="geodesic", evaluations=12)
    np.testing.assert_allclose(found, (1 - rho) * gaussian(y, 1.0) + rho * end, atol=1e-7)


@pytest.mark.parametrize("rho", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("sigma", [0.2, 1.0, 4.0])
def test_ode_has_the_gain_of_the_theory(rho: float, sigma: float) -> None:
    """On a Gaussian of variance L the ode's gain is a^(1 - rho / 2), a = L / (L + sigma^2).

    200 evaluations; what stays is the last step from SIGMA_END, of order SIGMA_END^2 / L.
    """
    y = state(sigma)
    found = reconstruct(gaussian, Noisy(y, sigma), rho=rho, reconstruction="ode", evaluations=200)
    a = VARIANCE / (VARIANCE + sigma**2)
    relative = np.abs(found / (a ** (1 - rho / 2) * y) - 1)
    assert (relative / (0.002 + SIGMA_END**2 / VARIANCE)).max() < 1


@pytest.mark.parametrize("exponent", [1.0, 1.2, 1.7])
@pytest.mark.parametrize("start", [8, 16])
def test_solver_is_of_second_order(exponent: float, start: int) -> None:
    """Twice the evaluations leave about a quarter of the error, on the Gaussian source."""
    y, ends = state(2.0), (2.0, SIGMA_END)
    errors = []
    for count in (4 * start, 8 * start, 16 * start):
        found = solve(gaussian, Noisy(y, 2.0), gaussian(y, 2.0), count + 1, exponent)
        errors.append(float(np.sqrt(np.square(found - exact(y, *ends, exponent)).mean())))
    for coarse, fine in pairwise(errors):
        assert 3.3 < coarse / fine < 5.0


@pytest.mark.parametrize("evaluations", [2, 5, 10])
def test_rho_0_is_exact_for_the_gaussian(evaluations: int) -> None:
    """At rho = 0 a Gaussian's estimate never changes on the way: the ode is the MMSE estimate."""
    y = state(2.0)
    found = reconstruct(
        gaussian, Noisy(y, 2.0), rho=0.0, reconstruction="ode", evaluations=evaluations
    )
    np.testing.assert_allclose(found, gaussian(y, 2.0), rtol=1e-12, atol=1e-12)


def test_ten_evaluations_are_enough_for_the_gaussian() -> None:
    """At the default count the error is under 2 % of the picture, and less than Euler's."""
    y = state(0.5)
    truth = exact(y, 0.5, SIGMA_END, 1.0)
    found = reconstruct(gaussian, Noisy(y, 0.5), rho=1.0, reconstruction="ode", evaluations=10)
    error = float(np.linalg.norm(found - truth) / np.linalg.norm(truth))
    euler = y
    for above, below in pairwise(noise_levels(0.5, 10)):
        x0_hat = gaussian(euler, above)
        euler = x0_hat + below / above * (euler - x0_hat)
    first_order = float(np.linalg.norm(gaussian(euler, 0.02) - truth) / np.linalg.norm(truth))
    assert error < 0.02
    assert error < first_order / 2


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("evaluations", [1, 2, 3, 10])
def test_constant_estimates_are_exact(rho: float, evaluations: int) -> None:
    """Where the estimate never changes both reconstructions give it, with any evaluations."""
    target = state(0.0, seed=4)
    for reconstruction in RECONSTRUCTIONS:
        found = reconstruct(
            lambda *_: target,
            Noisy(state(1.0), 1.0),
            rho=rho,
            reconstruction=reconstruction,
            evaluations=evaluations,
        )
        np.testing.assert_allclose(found, target, atol=1e-7)


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_state_follows_the_exact_solution_for_a_constant(exponent: float) -> None:
    """On the way down y - x0_hat shrinks by (sigma_s / sigma_t)^(2 - rho)."""
    target, seen = state(0.0, seed=4), []

    def denoise(y: Floats, sigma: float) -> Floats:
        seen.append((y, sigma))
        return target

    y = state(1.0)
    solve(denoise, Noisy(y, 1.0), target, 4, exponent)
    assert [sigma for _, sigma in seen] == noise_levels(1.0, 4)[1:]
    for below, sigma in seen:
        np.testing.assert_allclose(below - target, sigma**exponent * (y - target), atol=1e-7)


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_estimates_linear_in_log_sigma_are_exact(exponent: float) -> None:
    """After the first step, the solver is exact for an estimate that is linear in log sigma."""
    slope, seen = 0.7, []

    def denoise(y: Floats, sigma: float) -> Floats:
        seen.append((sigma, y.item()))
        return np.full_like(y, slope * math.log(1 / sigma))

    y = np.ones((1, 1, 1, 1))
    solve(denoise, Noisy(y, 1.0), denoise(y, 1.0), 6, exponent)
    # dy/dl = e (s l - y), l = log(1 / sigma): y = s l - s / e + C exp(-e l) from each state seen.
    for (above, before), (below, after) in pairwise(seen[1:]):
        base, l_0, l_1 = slope / exponent, math.log(1 / above), math.log(1 / below)
        free = before - slope * l_0 + base
        expected = slope * l_1 - base + free * math.exp(-exponent * (l_1 - l_0))
        assert after == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("denoise", [gaussian, two_points])
def test_rho_1_is_ddim(denoise: Denoise) -> None:
    """In the limit of many steps the ode at rho = 1 goes where the DDIM of diffusers goes."""
    diffusers = pytest.importorskip("diffusers")
    ladder = np.geomspace(SIGMA_END, 1.5, 2000)
    alpha_bar = 1 / (1 + ladder**2)
    betas = 1 - alpha_bar / np.concatenate(([1.0], alpha_bar[:-1]))
    scheduler = diffusers.DDIMScheduler(
        num_train_timesteps=ladder.size,
        trained_betas=betas,
        clip_sample=False,
        prediction_type="sample",
    )
    scheduler.alphas_cumprod = torch.from_numpy(alpha_bar)
    scheduler.set_timesteps(ladder.size)
    y = state(1.5)
    x_t = y * math.sqrt(alpha_bar[-1])
    for t in scheduler.timesteps.tolist():
        x0_hat = denoise(x_t / math.sqrt(alpha_bar[t]), float(ladder[t]))
        given = torch.from_numpy(x0_hat), t, torch.from_numpy(x_t)
        x_t = scheduler.step(*given, eta=0.0).prev_sample.numpy()
    found = reconstruct(denoise, Noisy(y, 1.5), rho=1.0, reconstruction="ode", evaluations=400)
    # DDIM is of first order: 2000 steps over a range of 4.3 in log sigma leave about 0.002.
    assert np.abs(found - x_t).max() < 5e-3
    assert np.abs(x_t - denoise(y, 1.5)).max() > 0.1


@pytest.mark.parametrize("reconstruction", RECONSTRUCTIONS)
@pytest.mark.parametrize("evaluations", [1, 2, 10, 33])
def test_evaluations_are_as_many_as_wanted(reconstruction: str, evaluations: int) -> None:
    """Above rho = 0 a reconstruction evaluates exactly so often, at falling levels from sigma_T."""
    evaluate, levels = counted(gaussian)
    noisy = Noisy(state(1.0), 1.0)
    reconstruct(evaluate, noisy, rho=0.5, reconstruction=reconstruction, evaluations=evaluations)
    assert len(levels) == evaluations
    assert levels[0] == 1.0
    assert all(a > b for a, b in pairwise(levels))


def test_one_evaluation_gives_the_estimate() -> None:
    """With a single evaluation every reconstruction gives the one-step estimate."""
    y = state(1.0)
    for reconstruction in RECONSTRUCTIONS:
        found = reconstruct(
            gaussian, Noisy(y, 1.0), rho=1.0, reconstruction=reconstruction, evaluations=1
        )
        np.testing.assert_allclose(found, gaussian(y, 1.0), atol=1e-7)


@given(st.floats(1e-3, 60), st.integers(2, 100))
@settings(max_examples=100, deadline=None)
def test_levels_fall_in_equal_ratios(sigma: float, evaluations: int) -> None:
    """Levels go from sigma to SIGMA_END, or to half of sigma where that is lower."""
    found = noise_levels(sigma, evaluations)
    assert len(found) == evaluations
    assert found[0] == sigma
    assert found[-1] == pytest.approx(min(SIGMA_END, sigma / 2), rel=1e-9)
    ratios = [b / a for a, b in pairwise(found)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rho": -0.1}, {"rho": 1.1}, {"rho": math.nan}, {"reconstruction": "sde"},
        {"evaluations": 0},
    ],
)  # fmt: skip
def test_arguments_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    """A rho outside 0..1, an unknown reconstruction and no evaluations at all are ValueErrors."""
    options: dict[str, object] = {"rho": 0.5, "reconstruction": "ode", "evaluations": 4, **wrong}
    with pytest.raises(ValueError, match="out of range"):
        reconstruct(gaussian, Noisy(state(1.0), 1.0), **options)  # type: ignore[arg-type]


def test_geodesic_enters_the_range_of_the_prior_first() -> None:
    """Above sigma_max `geodesic` follows the flow down to it, and only then estimates."""
    levels: list[float] = []

    def half(y: Floats, sigma: float) -> Floats:
        levels.append(sigma)
        return y / 2

    y = np.ones((1, 1, 2, 2))
    found = reconstruct(
        half, Noisy(y, 4.0), rho=0.0, reconstruction="geodesic", evaluations=10, sigma_max=2.0
    )

    ratio = 2 ** (-1 / 4)
    assert levels == pytest.approx([4.0, 4 * ratio, 4 * ratio**2, 4 * ratio**3, 2.0])
    np.testing.assert_allclose(found, y * ((1 + ratio) / 2) ** 4 / 2, atol=1e-7)


@pytest.mark.parametrize("sigma_max", [0.9, 1.1, 1.234, 2.0])
def test_the_descent_ends_at_the_range_itself(sigma_max: float) -> None:
    """From every level above, the last step goes to sigma_max exactly, not one rounding above."""
    for t in range(2600, 3400, 7):
        sigma = 2.0 ** (t / 256 - 10)
        found = descend(gaussian, Noisy(state(sigma), sigma), sigma_max)
        assert found.sigma == (sigma_max if sigma > sigma_max else sigma)


def test_both_ends_are_found_once() -> None:
    """Every further rho costs no evaluation."""
    evaluate, levels = counted(gaussian)
    ends = Geodesic(evaluate, Noisy(state(1.0), 1.0))
    for _ in range(3):
        assert ends.perception(7) is ends.perception(7)
        assert ends.distortion() is ends.distortion()
    assert len(levels) == 7
