"""Networks built from their class, their settings and their tensors, in memory once (spec 10.5)."""

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rdpcodec.errors import ISSUE, PriorError, lacks_memory
from rdpcodec.priors.diffusers.noise_levels import Config
from rdpcodec.priors.diffusers.settings import known_settings, require_no_others, settings_of
from rdpcodec.priors.diffusers.source import diffusers_library
from rdpcodec.priors.diffusers.tensors import Weights

# As attention was called until diffusers 0.12; the oldest checkpoints still are.
OLD_ATTENTION = re.compile(r"(.+)\.(query|key|value|proj_attn)\.(weight|bias)")
NEW_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Plan:
    """A network that has a shape but no weights yet.

    Attributes:
        module: On torch's device `meta`.
        class_name: Its class.
        name: The component that it is.
        where: Whose it is, for sentences.
    """

    module: nn.Module
    class_name: str
    name: str
    where: str

    @property
    def settings(self) -> Config:
        """What the digest holds of it, but the weights."""
        config: Any = self.module.config
        return {"class": self.class_name, **settings_of(self.class_name, config)}


def plan(class_name: str, config: Config, name: str, where: str) -> Plan:
    """Return a network of some settings, its defaults filled in by its class.

    Args:
        class_name: A class of diffusers in `settings.KEYS`.
        config: What its `config.json` holds.
        name: The component that it is.
        where: Whose it is, for sentences.

    Raises:
        PriorUnavailableError: If a setting is not supported.
        PriorError: If the class does not take the settings.
    """
    cls = getattr(diffusers_library(), class_name)
    settings = known_settings(class_name, config, where)
    require_no_others(class_name, cls, config, where)
    try:
        with torch.device("meta"):
            module = cls(**{key: _tuples(value) for key, value in settings.items()})
    except Exception as exc:  # the classes check little, and each in its own way
        if lacks_memory(exc):
            raise
        sentence = " ".join(str(exc).split())[:200]
        message = f"the settings of {where} make no {class_name}: {sentence or type(exc).__name__}"
        raise PriorError(ISSUE.PRIOR_INVALID, message) from exc
    return Plan(module, class_name, name, where)


def fill(planned: Plan, weights: Weights, precision: str, device: str) -> Config:
    """Give a network its weights, each tensor straight from its file.

    Args:
        planned: The network; ready to be evaluated afterwards.
        weights: Its tensors.
        precision: What they are rounded to, a key of `DTYPES`.
        device: Where they go.

    Returns:
        What a manifest holds of it: its class, its settings and the digest of its weights.

    Raises:
        PriorError: If tensors are missing, too many or of another shape; nothing is read then.
    """
    module, dtype = planned.module, DTYPES[precision]
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    weights = weights.renamed(lambda name: _current(name, expected))
    _require_same(planned.where, expected, {k: v.shape for k, v in weights.stored.items()})
    for name, values in weights.read():
        kept = values.to(device, dtype if values.is_floating_point() else values.dtype)
        _put(module, name, kept)
    if lost := [name for name, value in _tensors(module) if value.is_meta]:
        raise PriorError(ISSUE.PRIOR_INVALID, f"{planned.where} has no values for {lost[0]}")
    module.requires_grad_(requires_grad=False).eval()
    return {**planned.settings, "weights_sha256": weights.digest()}


def _current(name: str, expected: dict[str, tuple[int, ...]]) -> str:
    """Return what a tensor is called today."""
    old = OLD_ATTENTION.fullmatch(name)
    if old is None or name in expected:
        return name
    new = f"{old[1]}.{NEW_NAMES[old[2]]}.{old[3]}"
    return new if new in expected else name


def _require_same(
    where: str, expected: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]
) -> None:
    """Refuse weights that do not fit, which diffusers would fill up with random numbers."""
    message = ""
    if missing := sorted(expected.keys() - found.keys()):
        message = f"{len(missing)} tensors are missing, {missing[0]} for one"
    elif extra := sorted(found.keys() - expected.keys()):
        message = f"{len(extra)} tensors are too many, {extra[0]} for one"
    elif other := sorted(name for name in found if found[name] != expected[name]):
        name = other[0]
        message = f"{name} has the shape {found[name]}, expected {expected[name]}"
    if message:
        raise PriorError(
            ISSUE.PRIOR_INVALID, f"the weights of {where} do not fit its config.json: {message}"
        )


def _put(module: nn.Module, name: str, value: torch.Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    owner = module.get_submodule(path)
    if leaf in owner._parameters:  # noqa: SLF001 - as `load_state_dict(assign=True)` does
        owner.register_parameter(leaf, nn.Parameter(value, requires_grad=False))
    else:
        owner.register_buffer(leaf, value)


def _tensors(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [*module.named_parameters(), *module.named_buffers()]


def _tuples(value: Any) -> Any:
    """Return a value as a signature has it; lists in lists are lists of layers."""
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
