"""What a pipeline's network was trained on: its noise levels, and what it predicts (spec 10.5)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec.priors.diffusers.source import diffusers_library, unavailable

Config = dict[str, Any]
PREDICTIONS = ("epsilon", "sample", "v_prediction")
# Variance-preserving, with the betas of DDPMScheduler; they differ only in how they sample.
SCHEDULERS = (
    "DDIMScheduler",
    "DDPMScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "PNDMScheduler",
    "UniPCMultistepScheduler",
)
CLIPPING_SCHEDULERS = ("DDIMScheduler", "DDPMScheduler")
BETA_KEYS = (
    "beta_end",
    "beta_schedule",
    "beta_start",
    "num_train_timesteps",
    "rescale_betas_zero_snr",
    "trained_betas",
)


@dataclass(frozen=True)
class NoiseSchedule:
    """The noise levels that a network was trained on, and what it predicts.

    Attributes:
        config: The keys of the scheduler that change any of this, defaults filled in.
        prediction: One of `PREDICTIONS`.
        clip: Bound of abs(x0_hat), or None.
        outputs: Channels that the network must return.
        log_sigma: ln sigma(t) for t = 0, 1, ..., strictly increasing.
    """

    config: Config
    prediction: str
    clip: float | None
    outputs: int
    log_sigma: NDArray[np.float64]

    @property
    def sigma_max(self) -> float:
        """The largest sigma."""
        return math.exp(self.log_sigma[-1])

    def timestep(self, sigma: float) -> float:
        """Return the fractional t with sigma(t) = sigma, linear in log sigma; 0 below the range."""
        if sigma <= math.exp(self.log_sigma[0]):
            return 0.0
        return float(np.interp(math.log(sigma), self.log_sigma, np.arange(self.log_sigma.size)))

    def clean(self, output: Tensor, y: Tensor, sigma: float) -> Tensor:
        """Return x0_hat from the network's output.

        With alpha_bar = 1 / (1 + sigma^2) and x_t = sqrt(alpha_bar) y, DDPM's formulas become
        y - sigma eps, and alpha_bar y - sqrt(1 - alpha_bar) v. Clipping projects on the cube in
        which x_0 lies, so it never adds error.

        Source:
            Ho et al. 2020, arXiv:2006.11239, eq. 9; Salimans and Ho 2022, arXiv:2202.00512.
        """
        x0_hat = output
        if self.prediction == "epsilon":
            x0_hat = y - sigma * output
        elif self.prediction == "v_prediction":
            alpha_bar = 1 / (1 + sigma * sigma)
            x0_hat = alpha_bar * y - sigma * math.sqrt(alpha_bar) * output
        return x0_hat if self.clip is None else x0_hat.clamp(-self.clip, self.clip)


def noise_schedule(name: str, config: Config) -> NoiseSchedule:
    """Return the noise schedule of a scheduler_config.json."""
    kind, prediction = config.get("_class_name"), config.get("prediction_type", "epsilon")
    if kind not in SCHEDULERS or config.get("use_flow_sigmas"):
        raise unavailable(
            f"the pipeline {name} has the scheduler {kind}, "
            f"expected a variance-preserving one: {', '.join(SCHEDULERS)}"
        )
    if prediction not in PREDICTIONS or config.get("predict_epsilon") is False:
        raise unavailable(
            f"the pipeline {name} has the prediction type {prediction}, "
            f"expected one of {', '.join(PREDICTIONS)}"
        )
    scheduler = diffusers_library().DDPMScheduler(
        **{key: config[key] for key in BETA_KEYS if key in config}
    )
    clips = kind in CLIPPING_SCHEDULERS and config.get("clip_sample", True)
    learned = str(config.get("variance_type")).startswith("learned")
    return NoiseSchedule(
        config={key: scheduler.config.get(key) for key in BETA_KEYS},
        prediction=prediction,
        clip=float(config.get("clip_sample_range", 1.0)) if clips else None,
        outputs=6 if learned else 3,
        log_sigma=_log_sigma(name, scheduler.alphas_cumprod.double().numpy()),
    )


def _log_sigma(name: str, alpha_bar: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln sigma(t); levels without any signal, at a zero terminal SNR, are left out."""
    alpha_bar = alpha_bar[alpha_bar > 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_sigma = 0.5 * np.log((1 - alpha_bar) / alpha_bar)
    if not log_sigma.size or not np.isfinite(log_sigma).all() or (np.diff(log_sigma) <= 0).any():
        raise unavailable(f"the noise of the pipeline {name} does not grow with its timestep")
    return np.asarray(log_sigma, dtype=np.float64)
