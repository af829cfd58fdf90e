"""`diffusers:...`: any unconditional pixel-space diffusers pipeline (spec 10.5).

A `UNet2DModel` trained on the variance-preserving state x_t = sqrt(alpha_bar) x_0 +
sqrt(1 - alpha_bar) n, which predicts epsilon, v or the sample. Only JSON and safetensors are
read: no pickle, and no code of the pipeline. Above its noise range `gaussian-1` answers.

diffusers is an optional dependency and slow to import, so it is imported where it is used.
"""

import hashlib
import importlib.util
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rdpcodec.errors import ISSUE, PriorError, RdpError
from rdpcodec.priors.base import Prior, PriorCard
from rdpcodec.priors.gaussian import GaussianPrior
from rdpcodec.priors.pipeline_source import (
    INDEX,
    PREFIX,
    Source,
    find_source,
    hub_library,
    reason,
    unavailable,
)

JSON_BYTES_MAX = 4 * 2**20

# The oldest pipelines of the hub keep everything at the root.
SCHEDULER = ("scheduler/scheduler_config.json", "scheduler_config.json")
UNET = ("unet/config.json", "config.json")
WEIGHTS = ("unet/diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors")

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
# Named here and not taken from diffusers, whose next version may know more keys: the digest of
# the same pipeline must not change with the version of a library.
UNET_KEYS = (
    "act_fn",
    "add_attention",
    "attention_head_dim",
    "attn_norm_num_groups",
    "block_out_channels",
    "center_input_sample",
    "down_block_types",
    "downsample_padding",
    "downsample_type",
    "flip_sin_to_cos",
    "freq_shift",
    "in_channels",
    "layers_per_block",
    "mid_block_scale_factor",
    "mid_block_type",
    "norm_eps",
    "norm_num_groups",
    "out_channels",
    "resnet_time_scale_shift",
    "time_embedding_dim",
    "time_embedding_type",
    "up_block_types",
    "upsample_type",
)

Config = dict[str, Any]


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


class PipelinePrior(Prior):
    """A diffusers UNet below the largest sigma of its schedule, the closed-form Gaussian above.

    The manifest holds no id: the same weights have the same digest wherever they lie.
    """

    def __init__(self, prior_id: str, network: nn.Module, schedule: NoiseSchedule, digest: str):
        """Keep the parts.

        Args:
            prior_id: The name for files.
            network: A `UNet2DModel`.
            schedule: Its noise levels and prediction type.
            digest: SHA-256 of the file of its weights, hexadecimal.
        """
        config: Any = network.config
        self._id = prior_id
        self._network = network
        self._schedule = schedule
        self.sigma_max = schedule.sigma_max
        self._above = GaussianPrior()
        self._factor = 2 ** (len(config["block_out_channels"]) - 1)
        self.manifest = {
            "parameterisation": schedule.prediction,
            "state": "variance preserving, t linear in log sigma",
            "x0_clip": schedule.clip,
            "unet": {key: config.get(key) for key in UNET_KEYS},
            "scheduler": schedule.config,
            "above": dict(self._above.manifest),
            "weights_sha256": digest,
        }
        self.card = PriorCard(
            summary=f"diffusers pipeline, {schedule.prediction}, "
            f"up to sigma {schedule.sigma_max:.4g}, gaussian-1 above",
            licence="that of the pipeline, see its own page",
            training_data="see the pipeline's own page",
            quality="not measured; tools/measure_prior.py measures it",
            parameters=sum(p.numel() for p in network.parameters()),
        )

    @property
    def id(self) -> str:
        """The readable name in the file; not part of the digest."""
        return self._id

    def denoise(self, y: Tensor, sigma: float) -> Tensor:
        """Return the network's estimate, or the Gaussian's above its range; see `Prior.denoise`."""
        if sigma > self._schedule.sigma_max:
            return self._above.denoise(y, sigma)
        height, width = y.shape[-2:]
        x_t = self._pad(y) / math.sqrt(1 + sigma * sigma)
        # A tensor: the model cuts a Python float down to an integer.
        t = torch.tensor(self._schedule.timestep(sigma), dtype=torch.float32, device=y.device)
        with torch.inference_mode():
            output = self._network.to(y.device)(x_t, t, return_dict=False)[0]
            output = output[:, :3, :height, :width]  # a learned variance comes behind
            return self._schedule.clean(output, y, sigma)

    def _pad(self, y: Tensor) -> Tensor:
        """Repeat the last row and column until the network can halve the picture.

        The smallest map is kept at 2x2: group norm has nothing to compare in a single value.
        """
        sides = [max(2, math.ceil(n / self._factor)) * self._factor - n for n in y.shape[-2:]]
        return functional.pad(y, (0, sides[1], 0, sides[0]), mode="replicate")


def load_pipeline(prior_id: str) -> Prior:
    """Return the prior of a diffusers pipeline.

    Args:
        prior_id: `diffusers:` and a local directory, or a hub id with an optional `@revision`.

    Returns:
        The prior; its id is safe to write into a file.

    Raises:
        PriorUnavailableError: If there is no such pipeline here or on the hub, or it is of a kind
            that cannot be a prior.
        PriorError: If its files are damaged.
    """
    if importlib.util.find_spec("diffusers") is None:
        raise unavailable(
            f"the prior {prior_id} needs diffusers; install it with: "
            f"pip install 'rdpcodec[diffusers]'"
        )
    name = prior_id.removeprefix(PREFIX)
    try:
        with _quiet():
            return _load(find_source(name))
    except RdpError:
        raise
    except Exception as exc:  # diffusers raises anything on a damaged pipeline
        raise PriorError(
            ISSUE.PRIOR_INVALID, f"the pipeline {name} cannot be loaded: {reason(exc)}"
        ) from exc


def _load(source: Source) -> Prior:
    _require_unconditional(source.name, _read_json(source, INDEX))
    schedule = _schedule(source.name, _read_json(source, SCHEDULER))
    _require_pixels(source.name, _read_json(source, UNET), schedule.outputs)
    weights = source.fetch(WEIGHTS)
    if weights is None:
        raise unavailable(
            f"the pipeline {source.name} has no {WEIGHTS[0]}, and other formats of weights, "
            f"such as .bin, are pickles, which are never read"
        )
    if weights.with_suffix(".safetensors.index.json").exists():
        raise unavailable(f"the weights of the pipeline {source.name} are split, expected one file")
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return PipelinePrior(source.prior_id, _network(source.name, weights), schedule, digest)


def _network(name: str, weights: Path) -> nn.Module:
    network, info = _diffusers().UNet2DModel.from_pretrained(
        str(weights.parent),
        use_safetensors=True,
        local_files_only=True,
        low_cpu_mem_usage=False,
        output_loading_info=True,
    )
    if info["missing_keys"] or info["mismatched_keys"] or info["unexpected_keys"]:
        # diffusers would fill the missing with random numbers
        raise PriorError(
            ISSUE.PRIOR_INVALID, f"the weights of the pipeline {name} do not fit its unet/config"
        )
    network.requires_grad_(requires_grad=False)
    ready: nn.Module = network.eval().float()
    return ready


def _require_unconditional(name: str, index: Config) -> None:
    """Refuse pipelines with more than a plain UNet and a scheduler."""
    parts = {k: v for k, v in index.items() if isinstance(v, list) and not k.startswith("_")}
    extra = sorted(k for k, v in parts.items() if k not in {"unet", "scheduler"} and any(v))
    if extra:
        raise unavailable(
            f"the pipeline {name} has {', '.join(extra)}, "
            f"but only unconditional pipelines on pixels can be priors"
        )
    if parts.get("unet") != ["diffusers", "UNet2DModel"]:
        raise unavailable(
            f"the pipeline {name} has the unet {parts.get('unet')}, expected diffusers UNet2DModel"
        )


def _require_pixels(name: str, config: Config, outputs: int) -> None:
    """Refuse networks that are conditional, not on RGB, or not of an integer time."""
    channels = (config.get("in_channels", 3), config.get("out_channels", 3))
    time = config.get("time_embedding_type", "positional")
    wrong = ""
    if config.get("_class_name", "UNet2DModel") != "UNet2DModel":
        wrong = f"is a {config['_class_name']}, expected UNet2DModel"
    elif config.get("class_embed_type") or config.get("num_class_embeds"):
        wrong = "is conditioned on a class, expected an unconditional one"
    elif channels != (3, outputs):
        wrong = f"has {channels[0]} channels in and {channels[1]} out, expected 3 and {outputs}"
    elif time != "positional":
        wrong = f"has the time embedding {time}, expected positional"
    elif config.get("quantization_config"):
        wrong = "is quantised, expected plain weights"
    if wrong:
        raise unavailable(f"the network of the pipeline {name} {wrong}")


def _schedule(name: str, config: Config) -> NoiseSchedule:
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
    scheduler = _diffusers().DDPMScheduler(
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


def _read_json(source: Source, names: tuple[str, ...]) -> Config:
    path = source.fetch(names)
    if path is None:
        raise unavailable(f"the pipeline {source.name} has no file {names[0]}")
    if path.stat().st_size > JSON_BYTES_MAX:
        raise PriorError(
            ISSUE.PRIOR_INVALID, f"{names[0]} of the pipeline {source.name} is too large"
        )
    value = json.loads(path.read_bytes())
    if not isinstance(value, dict):
        raise PriorError(
            ISSUE.PRIOR_INVALID, f"{names[0]} of the pipeline {source.name} is not an object"
        )
    return value


def _diffusers() -> Any:
    import diffusers  # noqa: PLC0415 - optional and slow

    return diffusers


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep both libraries from logging and drawing while they load."""
    logs = [_diffusers().utils.logging, hub_library().utils.logging]
    levels = [log.get_verbosity() for log in logs]
    bars = not hub_library().utils.are_progress_bars_disabled()
    for log in logs:
        log.set_verbosity_error()
    hub_library().utils.disable_progress_bars()
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.set_verbosity(level)
        if bars:
            hub_library().utils.enable_progress_bars()
