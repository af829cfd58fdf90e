"""What a scheduler_config.json says of noise and predictions, against the schedulers themselves."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from priors.tiny_networks import EDM, FLOW, STABLE, diffusers, normal

from rdpcodec.errors import ISSUE, PriorUnavailableError
from rdpcodec.priors.diffusers import noise_levels as module
from rdpcodec.priors.diffusers.noise_levels import (
    BETA_SCHEDULERS,
    EDM_SCHEDULERS,
    FLOW_SCHEDULERS,
    noise_levels,
)
from rdpcodec.priors.diffusers.parameterisation import noise_schedule, prediction

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    # diffusers with numpy 2
    pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"),
]
DDIM = {**STABLE, "_class_name": "DDIMScheduler", "clip_sample": False}
SAMPLING: dict[str, Any] = {
    "clip_sample": True,
    "shift": 7.0,
    "steps_offset": 1,
    "thresholding": True,
    "timestep_spacing": "trailing",
    "use_dynamic_shifting": True,
    "use_karras_sigmas": True,
    "_diffusers_version": "0.0.1",
}


def levels_of(config: dict[str, Any]) -> Any:
    """Return the noise levels of a configuration."""
    return noise_levels("tiny", config)


def refused(config: dict[str, Any]) -> str:
    """Return the sentence with which a configuration is refused."""
    with pytest.raises(PriorUnavailableError) as caught:
        noise_schedule("tiny", config)
    assert caught.value.issue is ISSUE.PRIOR_UNAVAILABLE
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", BETA_SCHEDULERS)
def test_each_scheduler_has_its_own_betas(kind: str) -> None:
    """Where the configuration has none, they are those of the class; each t has its sigma."""
    cls = getattr(diffusers, kind)
    try:
        scheduler = cls()
    except ImportError:
        pytest.skip(f"{kind} needs a package that is not installed")
    bars = scheduler.alphas_cumprod.double().numpy()
    levels = levels_of({"_class_name": kind})
    sigma = np.sqrt((1 - bars) / bars)
    np.testing.assert_allclose(np.exp(levels.log_sigma), sigma, rtol=1e-3)
    np.testing.assert_allclose(np.exp(levels.log_sigma[20:]), sigma[20:], rtol=2e-5)
    assert levels.sigma_max == pytest.approx(sigma[-1], rel=1e-5)
    assert levels.sigma_min == pytest.approx(sigma[0], rel=1e-3)


@pytest.mark.parametrize(
    "betas",
    [
        {"beta_schedule": "linear"},
        {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
        {"beta_schedule": "squaredcos_cap_v2"},
        {"beta_schedule": "sigmoid"},
        {"num_train_timesteps": 50},
        {"trained_betas": [0.01 * k for k in range(1, 21)]},
        {"rescale_betas_zero_snr": True},
        {"rescale_betas_zero_snr": True, **{k: STABLE[k] for k in STABLE if k[0] == "b"}},
    ],
)
def test_betas_are_those_of_diffusers(betas: dict[str, Any]) -> None:
    """Every schedule of betas has the library's levels, but the last of a zero terminal SNR."""
    bars = diffusers.DDPMScheduler(**betas).alphas_cumprod.double().numpy()
    bars = bars[bars > 0]
    levels = levels_of({"_class_name": "DDPMScheduler", **betas})
    assert levels.log_sigma.size == bars.size
    np.testing.assert_allclose(
        levels.log_sigma[10:], 0.5 * np.log((1 - bars) / bars)[10:], atol=1e-4
    )


def test_the_range_of_stable_diffusion() -> None:
    """The numbers that everybody knows."""
    levels = levels_of(STABLE)
    assert levels.sigma_min == pytest.approx(0.0292, abs=1e-4)
    assert levels.sigma_max == pytest.approx(14.6146, abs=1e-3)


def test_euler_s_sigmas_are_ours() -> None:
    """Each of its fractional timesteps has the sigma it uses, and input and times agree."""
    scheduler = diffusers.EulerDiscreteScheduler.from_config(STABLE)
    scheduler.set_timesteps(37)
    levels = levels_of({**STABLE, "_class_name": "EulerDiscreteScheduler"})
    for sigma, t in zip(scheduler.sigmas[:-1].tolist(), scheduler.timesteps.tolist(), strict=True):
        # It interpolates sigma, not its logarithm.
        assert levels.time(sigma) == pytest.approx(t, abs=0.02)


@pytest.mark.parametrize("zero_snr", [False, True])
def test_time_is_the_inverse_of_sigma(zero_snr: bool) -> None:
    """Over the whole range, between the steps too; below it is 0."""
    levels = levels_of({**DDIM, "rescale_betas_zero_snr": zero_snr})
    steps = np.arange(levels.log_sigma.size)
    for t in (0.0, 0.25, 1.0, 3.7, 412.5, 900.0, float(steps[-1])):
        sigma = math.exp(np.interp(t, steps, levels.log_sigma))
        assert levels.time(sigma) == pytest.approx(t, abs=1e-7)
    assert levels.time(levels.sigma_min / 3) == 0.0
    assert levels.sigma_max < 4000


@pytest.mark.parametrize("name", FLOW_SCHEDULERS)
def test_flows_are_straight_paths(name: str) -> None:
    """Time and the scale of the input are those of the scheduler, whatever it shifts."""
    scheduler = getattr(diffusers, name)(shift=3.0)
    levels = levels_of({"_class_name": name, "shift": 3.0})
    x_0, n = normal(1, 4, 3, 3, seed=1), normal(1, 4, 3, 3, seed=2)
    for tau, t in zip(scheduler.sigmas[1:40:7].tolist(), scheduler.timesteps[1:40:7].tolist(),
                      strict=True):  # fmt: skip
        sigma = tau / (1 - tau)
        assert levels.time(sigma) == pytest.approx(t, rel=1e-6)
        torch.testing.assert_close(
            (x_0 + sigma * n) * levels.scale(sigma), tau * n + (1 - tau) * x_0, rtol=0, atol=1e-5
        )
    assert (levels.sigma_min, levels.sigma_max) == (0, math.inf)


def test_flow_sigmas_of_other_schedulers_are_flows() -> None:
    """A solver that was told of flows is one of them."""
    config = {"_class_name": "UniPCMultistepScheduler", "use_flow_sigmas": True}
    assert levels_of(config) == module.Flow(1000)
    assert prediction("tiny", config).name == "flow_prediction"
    assert "expected flow_prediction" in refused({**config, "prediction_type": "epsilon"})


@pytest.mark.parametrize("name", EDM_SCHEDULERS)
@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_edm_is_the_scheduler_s(name: str, kind: str) -> None:
    """Input, time and estimate are those of its preconditioning."""
    config = {"_class_name": name, "sigma_data": 0.7, "prediction_type": kind}
    scheduler = getattr(diffusers, name)(sigma_data=0.7, prediction_type=kind)
    levels, predicted = levels_of(config), prediction("tiny", config)
    y, output = normal(1, 4, 3, 3, seed=1), normal(1, 4, 3, 3, seed=2)
    for sigma in (0.002, 0.1, 1.0, 80.0):
        exact = torch.tensor(sigma, dtype=torch.float64)
        assert levels.time(sigma) == pytest.approx(scheduler.precondition_noise(exact).item())
        torch.testing.assert_close(
            y * levels.scale(sigma), scheduler.precondition_inputs(y, sigma), rtol=1e-6, atol=1e-6
        )
        torch.testing.assert_close(
            predicted.x0_hat(output, y, sigma),
            scheduler.precondition_outputs(y, output, sigma),
            rtol=1e-6,
            atol=1e-6,
        )
    assert levels.time(1e-9) == levels.time(0.002)


@pytest.mark.parametrize("kind", ["epsilon", "sample", "v_prediction"])
def test_x0_hat_is_that_of_ddim(kind: str) -> None:
    """For any output, at every level of the range, as `pred_original_sample` of the scaled state.

    At the last levels x_0 is a difference of numbers 15 times as large.
    """
    scheduler = diffusers.DDIMScheduler.from_config({**DDIM, "prediction_type": kind})
    scheduler.set_timesteps(1000)
    predicted = prediction("tiny", {**DDIM, "prediction_type": kind})
    x_t, output = normal(1, 4, 3, 3, seed=1), normal(1, 4, 3, 3, seed=2)
    for t in range(0, 1000, 37):
        bar = scheduler.alphas_cumprod[t].double().item()
        expected = scheduler.step(output, t, x_t).pred_original_sample
        found = predicted.x0_hat(output, x_t / math.sqrt(bar), math.sqrt((1 - bar) / bar))
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6 / math.sqrt(bar))


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_x0_hat_is_that_of_euler(kind: str) -> None:
    """Its state is ours: what it calls the original sample is x0_hat."""
    scheduler = diffusers.EulerDiscreteScheduler.from_config({**STABLE, "prediction_type": kind})
    scheduler.set_timesteps(20)
    predicted = prediction("tiny", {**DDIM, "prediction_type": kind})
    y, output = 3 * normal(1, 4, 3, 3, seed=1), normal(1, 4, 3, 3, seed=2)
    for t, sigma in zip(scheduler.timesteps, scheduler.sigmas.tolist(), strict=False):
        scheduler.scale_model_input(y, t)
        expected = scheduler.step(output, t, y).pred_original_sample
        torch.testing.assert_close(
            predicted.x0_hat(output, y, sigma), expected, rtol=1e-6, atol=1e-6 * (1 + sigma)
        )


def test_x0_hat_is_that_of_flows() -> None:
    """A step of FlowMatchEuler to tau = 0 ends in x0_hat."""
    predicted = prediction("tiny", FLOW)
    x, output = normal(1, 4, 3, 3, seed=1), normal(1, 4, 3, 3, seed=2)
    for tau in (0.01, 0.3, 0.5, 0.9, 0.98):
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
        scheduler.set_timesteps(sigmas=[tau])
        assert scheduler.sigmas[-1] == 0
        expected = scheduler.step(output, scheduler.timesteps[0], x).prev_sample
        found = predicted.x0_hat(output, x / (1 - tau), tau / (1 - tau))
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_formulas_are_in_float32() -> None:
    """Whatever the network computes in, its output is what is rounded and nothing else."""
    y, output = normal(1, 4, 3, 3, seed=1), normal(1, 4, 3, 3, seed=2)
    for config in (STABLE, {**DDIM, "prediction_type": "sample"}, FLOW, EDM):
        for dtype in (torch.bfloat16, torch.float16):
            given = output.to(dtype)
            found = prediction("tiny", config).x0_hat(given, y, 0.7)
            assert found.dtype == torch.float32
            assert found.equal(prediction("tiny", config).x0_hat(given.float(), y, 0.7))


@pytest.mark.parametrize("config", [STABLE, DDIM, FLOW, EDM])
def test_settings_of_sampling_change_nothing(config: dict[str, Any]) -> None:
    """Levels, and what the digest holds of them, are those of the training."""
    for key, value in SAMPLING.items():
        other = levels_of({**config, key: value})
        assert other.config == levels_of(config).config
        for sigma in (0.01, 1.0, 20.0):
            assert other.time(sigma) == levels_of(config).time(sigma)


def test_what_is_absent_is_what_is_meant() -> None:
    """1000 steps, epsilon; and the old names of both."""
    plain = levels_of({"_class_name": "DDPMScheduler"})
    assert plain.log_sigma.size == 1000
    assert plain.config == levels_of({"_class_name": "DDPMScheduler", "timesteps": 1000}).config
    assert levels_of({"_class_name": "DDPMScheduler", "timesteps": 50}).log_sigma.size == 50
    kinds = {
        "epsilon": {},
        "sample": {"predict_epsilon": False},
        "v_prediction": {"prediction_type": "v_prediction", "predict_epsilon": True},
    }
    for name, config in kinds.items():
        assert prediction("tiny", {"_class_name": "DDPMScheduler", **config}).name == name


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"_class_name": "ScoreSdeVeScheduler"}, "the scheduler ScoreSdeVeScheduler, expected"),
        ({"_class_name": "KarrasVeScheduler"}, "KarrasVeScheduler"),
        ({"_class_name": "LCMScheduler"}, "LCMScheduler"),
        ({}, "the scheduler None"),
        ({"_class_name": "EulerDiscreteScheduler", "timestep_type": "continuous"}, "continuous"),
        ({"_class_name": "DDPMScheduler", "beta_schedule": "laplace"}, "laplace"),
        ({"_class_name": "DDPMScheduler", "num_train_timesteps": 10**12}, "1 to 65536"),
        ({"_class_name": "DDPMScheduler", "num_train_timesteps": "1000"}, "1 to 65536"),
        ({"_class_name": "DDPMScheduler", "beta_end": 0.0, "beta_start": 0.0}, "does not grow"),
        ({"_class_name": "DDPMScheduler", "beta_start": float("nan")}, "does not grow"),
        ({"_class_name": "DDPMScheduler", "trained_betas": []}, "does not grow"),
        ({"_class_name": "DDPMScheduler", "prediction_type": "flow_prediction"}, "flow_prediction"),
        ({**EDM, "prediction_type": "sample"}, "the prediction type sample"),
        ({**EDM, "sigma_data": 0.0}, "rising levels above 0"),
        ({**EDM, "sigma_min": 90}, "sigma_min 90.0"),
        ({**FLOW, "num_train_timesteps": 0}, "has 0 timesteps"),
    ],
)
def test_what_is_not_known_is_refused_by_name(config: dict[str, Any], sentence: str) -> None:
    """In one sentence."""
    assert sentence in refused(config)
