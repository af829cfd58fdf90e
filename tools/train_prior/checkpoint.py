"""Checkpoints: folders of safetensors files that hold all a run needs to go on."""

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

# Files small enough for any way of moving them between machines.
SHARD_BYTES = 15 * 2**20
PROGRESS = "progress.json"

Tensors = dict[str, Tensor]


@dataclass
class Progress:
    """How far a run is; written into its checkpoints."""

    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


def save(
    run: Path,
    network: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write `RUN/step-N` whole, then remove the checkpoint before it."""
    moments = {
        f"{index}.{name}": value
        for index, state in optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }
    before, partial = newest(run), run / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _write(partial, "weights", network.state_dict())
    _write(partial, "average", average.state_dict())
    _write(partial, "optimiser", moments)
    (partial / PROGRESS).write_text(json.dumps(asdict(progress)))
    target = run / f"step-{progress.step:08}"
    if before == target:
        shutil.rmtree(partial)
        return
    partial.rename(target)
    if before is not None:
        shutil.rmtree(before)


def load(
    run: Path, network: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer
) -> Progress:
    """Return the progress of a run, its state restored; a new one if there is no checkpoint.

    Without the files of the optimiser, the largest, its moments start again.
    """
    folder = newest(run)
    if folder is None:
        return Progress()
    network.load_state_dict(read(folder, "weights"))
    average.load_state_dict(read(folder, "average"))
    state: dict[int, Tensors] = {}
    for key, value in read(folder, "optimiser").items():
        index, name = key.split(".")
        state.setdefault(int(index), {})[name] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    return Progress(**json.loads((folder / PROGRESS).read_text()))


def newest(run: Path) -> Path | None:
    """Return the last checkpoint of a run."""
    return max(run.glob("step-*"), default=None)


def read(folder: Path, name: str) -> Tensors:
    """Return the tensors of one part of a checkpoint: weights, average or optimiser."""
    tensors: Tensors = {}
    for path in sorted(folder.glob(f"{name}-*.safetensors")):
        tensors |= load_file(path)
    return tensors


def _write(folder: Path, name: str, tensors: Tensors) -> None:
    """Write tensors in files of at most `SHARD_BYTES`, but for a larger single tensor."""
    shards: list[Tensors] = [{}]
    size = 0
    for key, value in tensors.items():
        if size + value.nbytes > SHARD_BYTES and shards[-1]:
            shards.append({})
            size = 0
        shards[-1][key] = value.contiguous()
        size += value.nbytes
    for number, shard in enumerate(shards):
        save_file(shard, folder / f"{name}-{number}.safetensors")
