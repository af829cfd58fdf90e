"""The noise levels that a network was trained on, as its scheduler_config.json says (spec 10.5).

Our state is y = x_0 + sigma n. A network sees a multiple of it and is told a time; both follow from
sigma: each family below has `config`, what fixes its levels, `sigma_min` and `sigma_max`, those of
the training, `time`, what the network is told, and `scale`, the factor that makes its input of y.
The other settings of a scheduler (`shift`, `timestep_spacing`, `steps_offset`,
`use_karras_sigmas` ...) choose the steps of sampling, which a codec has no use for.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rdpcodec.priors.diffusers.source import unavailable

Config = dict[str, Any]

TIMESTEPS_MAX = 65_536
USUAL_BETAS, STABLE_BETAS = (0.0001, 0.02), (0.00085, 0.012)
# The first and the last beta where a configuration has none; else they differ only in how they
# sample.
BETA_SCHEDULERS = {
    "DDIMParallelScheduler": USUAL_BETAS,
    "DDIMScheduler": USUAL_BETAS,
    "DDPMParallelScheduler": USUAL_BETAS,
    "DDPMScheduler": USUAL_BETAS,
    "DEISMultistepScheduler": USUAL_BETAS,
    "DPMSolverMultistepScheduler": USUAL_BETAS,
    "DPMSolverSDEScheduler": STABLE_BETAS,
    "DPMSolverSinglestepScheduler": USUAL_BETAS,
    "EulerAncestralDiscreteScheduler": USUAL_BETAS,
    "EulerDiscreteScheduler": USUAL_BETAS,
    "HeunDiscreteScheduler": STABLE_BETAS,
    "KDPM2AncestralDiscreteScheduler": STABLE_BETAS,
    "KDPM2DiscreteScheduler": STABLE_BETAS,
    "LMSDiscreteScheduler": USUAL_BETAS,
    "PNDMScheduler": USUAL_BETAS,
    "UniPCMultistepScheduler": USUAL_BETAS,
}
FLOW_SCHEDULERS = ("FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler")
EDM_SCHEDULERS = ("EDMDPMSolverMultistepScheduler", "EDMEulerScheduler")
KNOWN = (*BETA_SCHEDULERS, *FLOW_SCHEDULERS, *EDM_SCHEDULERS)


@dataclass(frozen=True)
class VariancePreserving:
    """x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) n, with alpha_bar = 1 / (1 + sigma^2).

    Attributes:
        config: The keys of the scheduler that fix the betas.
        log_sigma: ln sigma(t) for t = 0, 1, ..., strictly increasing.
    """

    STATE: ClassVar[str] = "variance preserving, t linear in log sigma"

    config: Config
    log_sigma: NDArray[np.float64]

    @property
    def sigma_min(self) -> float:
        """The smallest sigma."""
        return math.exp(self.log_sigma[0])

    @property
    def sigma_max(self) -> float:
        """The largest sigma."""
        return math.exp(self.log_sigma[-1])

    def time(self, sigma: float) -> float:
        """Return the fractional t with sigma(t) = sigma, linear in log sigma; 0 below the range."""
        if sigma <= math.exp(self.log_sigma[0]):
            return 0.0
        return float(np.interp(math.log(sigma), self.log_sigma, np.arange(self.log_sigma.size)))

    def scale(self, sigma: float) -> float:
        """Return sqrt(alpha_bar)."""
        return 1 / math.sqrt(1 + sigma * sigma)


@dataclass(frozen=True)
class Flow:
    """x_tau = (1 - tau) x_0 + tau n, with tau = sigma / (1 + sigma): a straight path, to any sigma.

    Attributes:
        steps: Units of time for the whole path.
    """

    STATE: ClassVar[str] = "flow, tau = sigma / (1 + sigma)"
    sigma_min: ClassVar[float] = 0.0
    sigma_max: ClassVar[float] = math.inf

    steps: int

    @property
    def config(self) -> Config:
        """The number of steps."""
        return {"num_train_timesteps": self.steps}

    def time(self, sigma: float) -> float:
        """Return tau in steps."""
        return self.steps * sigma / (1 + sigma)

    def scale(self, sigma: float) -> float:
        """Return 1 - tau."""
        return 1 / (1 + sigma)


@dataclass(frozen=True)
class Edm:
    """y itself, made of unit variance where x_0 has the variance sigma_data^2.

    Source:
        Karras et al. 2022, arXiv:2206.00364, table 1.
    """

    STATE: ClassVar[str] = "EDM, time 0.25 ln sigma"

    sigma_min: float
    sigma_max: float
    sigma_data: float

    @property
    def config(self) -> Config:
        """The three numbers."""
        names = ("sigma_data", "sigma_max", "sigma_min")
        return {name: getattr(self, name) for name in names}

    def time(self, sigma: float) -> float:
        """Return c_noise, that of sigma_min below the range."""
        return 0.25 * math.log(max(sigma, self.sigma_min))

    def scale(self, sigma: float) -> float:
        """Return c_in."""
        return 1 / math.hypot(sigma, self.sigma_data)


NoiseLevels = VariancePreserving | Flow | Edm


def noise_levels(name: str, config: Config) -> NoiseLevels:
    """Return the noise levels of a scheduler_config.json.

    Args:
        name: The pipeline, for sentences.
        config: What the file holds.

    Raises:
        PriorUnavailableError: If the scheduler is none of `KNOWN`, or its levels are impossible.
    """
    kind = config.get("_class_name")
    if kind not in KNOWN or config.get("timestep_type", "discrete") != "discrete":
        continuous = " of continuous time" if kind in KNOWN else ""
        raise unavailable(
            f"the pipeline {name} has the scheduler {kind}{continuous}, "
            f"expected one of {', '.join(KNOWN)}"
        )
    if is_flow(config):
        return Flow(_steps(name, config))
    if kind in EDM_SCHEDULERS:
        return _edm(name, config)
    return _variance_preserving(name, config)


def is_flow(config: Config) -> bool:
    """Return whether a scheduler is one of straight paths."""
    return config.get("_class_name") in FLOW_SCHEDULERS or bool(config.get("use_flow_sigmas"))


def is_edm(config: Config) -> bool:
    """Return whether a scheduler is one of EDM's."""
    return config.get("_class_name") in EDM_SCHEDULERS


def _steps(name: str, config: Config) -> int:
    # `timesteps` is what the oldest pipelines of the hub call it.
    steps = config.get("num_train_timesteps", config.get("timesteps", 1000))
    if type(steps) is not int or not 0 < steps <= TIMESTEPS_MAX:
        raise unavailable(
            f"the pipeline {name} has {steps} timesteps, expected 1 to {TIMESTEPS_MAX}"
        )
    return steps


def _edm(name: str, config: Config) -> Edm:
    defaults = {"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5}
    found = {key: float(config.get(key, value)) for key, value in defaults.items()}
    if not 0 < found["sigma_min"] < found["sigma_max"] < math.inf or not found["sigma_data"] > 0:
        numbers = ", ".join(f"{key} {value}" for key, value in found.items())
        raise unavailable(f"the pipeline {name} has {numbers}, expected rising levels above 0")
    return Edm(**found)


def _variance_preserving(name: str, config: Config) -> VariancePreserving:
    first, last = BETA_SCHEDULERS[config["_class_name"]]
    known: Config = {
        "beta_end": config.get("beta_end", last),
        "beta_schedule": config.get("beta_schedule", "linear"),
        "beta_start": config.get("beta_start", first),
        "num_train_timesteps": _steps(name, config),
        "rescale_betas_zero_snr": bool(config.get("rescale_betas_zero_snr")),
        "trained_betas": config.get("trained_betas"),
    }
    betas = _betas(name, known)
    alpha_bar = np.cumprod(1 - betas, dtype=np.float64)
    if known["rescale_betas_zero_snr"]:
        alpha_bar = _without_signal_at_the_end(alpha_bar)
    return VariancePreserving(known, _log_sigma(name, alpha_bar))


def _betas(name: str, config: Config) -> NDArray[np.float64]:
    """Return the variance that each step adds, by the rules of diffusers, in float64."""
    if config["trained_betas"] is not None:
        return np.asarray(config["trained_betas"], dtype=np.float64).reshape(-1)
    kind, steps = config["beta_schedule"], config["num_train_timesteps"]
    first, last = float(config["beta_start"]), float(config["beta_end"])
    if kind == "linear":
        return np.linspace(first, last, steps)
    if kind == "scaled_linear":
        return np.linspace(math.sqrt(first), math.sqrt(last), steps) ** 2
    if kind == "squaredcos_cap_v2":
        left = np.cos((np.arange(steps + 1) / steps + 0.008) / 1.008 * math.pi / 2) ** 2
        return np.asarray(np.minimum(1 - left[1:] / left[:-1], 0.999))
    if kind == "sigmoid":
        return (last - first) / (1 + np.exp(-np.linspace(-6, 6, steps))) + first
    raise unavailable(
        f"the pipeline {name} has the beta_schedule {kind}, "
        f"expected linear, scaled_linear, sigmoid or squaredcos_cap_v2"
    )


def _without_signal_at_the_end(alpha_bar: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move and stretch sqrt(alpha_bar) so that the last is 0 and the first stays.

    Source:
        Lin et al. 2023, arXiv:2305.08891, algorithm 1.
    """
    root = np.sqrt(alpha_bar)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2)


def _log_sigma(name: str, alpha_bar: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln sigma(t); levels without any signal, at a zero terminal SNR, are left out."""
    alpha_bar = alpha_bar[alpha_bar > 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_sigma = 0.5 * np.log((1 - alpha_bar) / alpha_bar)
    if not log_sigma.size or not np.isfinite(log_sigma).all() or (np.diff(log_sigma) <= 0).any():
        raise unavailable(f"the noise of the pipeline {name} does not grow with its timestep")
    return np.asarray(log_sigma, dtype=np.float64)
