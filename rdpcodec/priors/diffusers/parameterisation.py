"""What a network predicts: one formula for each, x0_hat from its output (spec 10.5)."""

import math
from dataclasses import dataclass

from torch import Tensor

from rdpcodec.priors.diffusers.noise_levels import (
    Config,
    NoiseLevels,
    is_edm,
    is_flow,
    noise_levels,
)
from rdpcodec.priors.diffusers.source import unavailable

__all__ = ["Config", "NoiseSchedule", "Prediction", "noise_schedule", "prediction"]

PREDICTIONS, FLOW = ("epsilon", "sample", "v_prediction"), ("flow_prediction",)
EDM = ("epsilon", "v_prediction")
CLIPPING_SCHEDULERS = ("DDIMScheduler", "DDPMScheduler")


@dataclass(frozen=True)
class Prediction:
    """What a network predicts.

    Attributes:
        name: As a manifest has it: one of `PREDICTIONS` or `FLOW`, or `edm_` and one of `EDM`.
        spread: The standard deviation of x_0 that EDM's formulas assume; v_prediction is the one of
            them in which it is 1.
    """

    name: str
    spread: float = 1.0

    def x0_hat(self, output: Tensor, y: Tensor, sigma: float) -> Tensor:
        """Return the estimate of x_0 in float32.

        With alpha_bar = 1 / (1 + sigma^2) and x_t = sqrt(alpha_bar) y, DDPM's formulas become
        y - sigma eps, and alpha_bar y - sqrt(1 - alpha_bar) v; with tau = sigma / (1 + sigma) that
        of flows is y (1 - tau) - tau v.

        Args:
            output: (B, C, h, w). Of the network, in any precision.
            y: (B, C, h, w) float32. The state.
            sigma: Its level.

        Source:
            Ho et al. 2020, arXiv:2006.11239, eq. 9; Salimans and Ho 2022, arXiv:2202.00512; Lipman
            et al. 2023, arXiv:2210.02747; Karras et al. 2022, arXiv:2206.00364, eq. 7.
        """
        found = output.float()
        if self.name == "epsilon":
            return y - sigma * found
        if self.name == "flow_prediction":
            return (y - sigma * found) / (1 + sigma)
        if self.name == "sample":
            return found
        skip = self.spread**2 / (sigma**2 + self.spread**2)
        gain = sigma * self.spread / math.hypot(sigma, self.spread)
        return skip * y + gain * found if self.name == "edm_epsilon" else skip * y - gain * found


def prediction(name: str, config: Config) -> Prediction:
    """Return what the network of a scheduler_config.json predicts.

    Args:
        name: The pipeline, for sentences.
        config: What the file holds.

    Raises:
        PriorUnavailableError: If that is none of what its kind of scheduler knows.
    """
    expected = FLOW if is_flow(config) else EDM if is_edm(config) else PREDICTIONS
    # What the oldest pipelines have: `predict_epsilon`, without a `prediction_type`.
    default = "sample" if config.get("predict_epsilon") is False else expected[0]
    found = config.get("prediction_type", default)
    if found not in expected:
        raise unavailable(
            f"the pipeline {name} has the prediction type {found}, "
            f"expected {' or '.join(expected)} for its scheduler"
        )
    if is_edm(config):
        return Prediction(f"edm_{found}", float(config.get("sigma_data", 0.5)))
    return Prediction(found)


@dataclass(frozen=True)
class NoiseSchedule:
    """What a network of pixels was trained on.

    Attributes:
        levels: Its noise levels.
        prediction: What it predicts.
        clip: Bound of abs(x0_hat), or None. It is a property of pixels: latents have no bounds,
            whatever the configuration says.
        outputs: Channels that it must return; behind the third comes a learned variance.
    """

    levels: NoiseLevels
    prediction: Prediction
    clip: float | None
    outputs: int

    def x0_hat(self, output: Tensor, y: Tensor, sigma: float) -> Tensor:
        """Return the estimate, clipped to the cube in which x_0 lies, which never adds error."""
        found = self.prediction.x0_hat(output, y, sigma)
        return found if self.clip is None else found.clamp(-self.clip, self.clip)


def noise_schedule(name: str, config: Config) -> NoiseSchedule:
    """Return the schedule of the scheduler_config.json of a pipeline of pixels.

    Raises:
        PriorUnavailableError: If the scheduler, or what the network predicts, is not supported.
    """
    levels = noise_levels(name, config)
    clips = config["_class_name"] in CLIPPING_SCHEDULERS and config.get("clip_sample", True)
    learned = str(config.get("variance_type")).startswith("learned")
    return NoiseSchedule(
        levels=levels,
        prediction=prediction(name, config),
        clip=float(config.get("clip_sample_range", 1.0)) if clips else None,
        outputs=6 if learned else 3,
    )
