"""`diffusers:...`: any unconditional pixel-space diffusers pipeline (spec 10.5).

A `UNet2DModel` trained on the variance-preserving state x_t = sqrt(alpha_bar) x_0 +
sqrt(1 - alpha_bar) n, which predicts epsilon, v or the sample. Only JSON and safetensors are
read: no pickle, and no code of the pipeline. Above its noise range `gaussian-1` answers.

diffusers is an optional dependency and slow to import, so it is imported where it is used.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import nn

from rdpcodec.compute import HOST, Compute
from rdpcodec.errors import ISSUE, PriorError, RdpError
from rdpcodec.priors.base import Prior
from rdpcodec.priors.diffusers.parameterisation import Config, noise_schedule
from rdpcodec.priors.diffusers.prior import Parts, PipelinePrior
from rdpcodec.priors.diffusers.source import (
    INDEX,
    PREFIX,
    Source,
    diffusers_library,
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


def load_pipeline(prior_id: str, compute: Compute = HOST) -> Prior:
    """Return the prior of a diffusers pipeline.

    Args:
        prior_id: `diffusers:` and a local directory, or a hub id with an optional `@revision`.
        compute: Where it computes; always in float32.

    Returns:
        The prior; its id is safe to write into a file.

    Raises:
        PriorUnavailableError: If there is no such pipeline here or on the hub, or it is of a kind
            that cannot be a prior.
        PriorError: If its files are damaged.
    """
    name = prior_id.removeprefix(PREFIX)
    try:
        with _quiet():
            return PipelinePrior(_load(find_source(name)), compute)
    except RdpError:
        raise
    except Exception as exc:  # diffusers raises anything on a damaged pipeline
        raise PriorError(
            ISSUE.PRIOR_INVALID, f"the pipeline {name} cannot be loaded: {reason(exc)}"
        ) from exc


def _load(source: Source) -> Parts:
    _require_unconditional(source.name, _read_json(source, INDEX))
    schedule = noise_schedule(source.name, _read_json(source, SCHEDULER))
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
    return Parts(source.prior_id, _network(source.name, weights), schedule, digest)


def _network(name: str, weights: Path) -> nn.Module:
    network, info = diffusers_library().UNet2DModel.from_pretrained(
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


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep both libraries from logging and drawing while they load."""
    logs = [diffusers_library().utils.logging, hub_library().utils.logging]
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
