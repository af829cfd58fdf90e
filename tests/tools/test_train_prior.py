"""The training tool: a run starts, is resumed from its checkpoints, and is shipped."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

TOOL = Path(__file__).parents[2] / "tools" / "train_prior"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool's data module, imported as its scripts import it."""
    monkeypatch.syspath_prepend(str(TOOL))
    return importlib.import_module("data")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with one picture of smooth noise, large enough for every scale."""
    folder = tmp_path / "photos"
    folder.mkdir()
    small = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(small).resize((512, 512), Image.Resampling.BICUBIC).save(folder / "a.png")
    return folder


def train(photos: Path, run: Path, minutes: float) -> str:
    """Train for some minutes and return what the tool printed."""
    command = [sys.executable, str(TOOL / "train.py"), str(photos), str(photos), str(run)]
    settings = [f"run.minutes={minutes}", "run.trunk_from_minute=0.0001", "data.crop=[64,64,64,64]"]
    settings += ["data.pixels_per_batch=4096"]
    for setting in settings:
        command += ["--set", setting]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def state(run: Path, name: str) -> dict[str, torch.Tensor]:
    """Return one part of the one checkpoint that a run keeps."""
    (folder,) = run.iterdir()
    parts = [load_file(path) for path in sorted(folder.glob(f"{name}-*.safetensors"))]
    assert all(path.stat().st_size <= 16 * 2**20 for path in folder.iterdir())
    return {key: value for part in parts for key, value in part.items()}


def progress(run: Path) -> dict[str, float]:
    """Return the progress that a run's checkpoint holds."""
    (folder,) = run.iterdir()
    return json.loads((folder / "progress.json").read_text())


@pytest.mark.slow
@pytest.mark.weights
def test_a_run_goes_on_from_its_checkpoint(photos: Path, tmp_path: Path) -> None:
    """The second call adds steps, the branch and then the trunk move, and the average follows."""
    run = tmp_path / "run"
    printed = train(photos, run, 0.05)
    first, before = progress(run), state(run, "weights")
    assert first["step"] > 0
    assert '"psnr"' in printed
    train(photos, run, 0.1)
    second, after = progress(run), state(run, "weights")
    assert second["step"] > first["step"]
    assert second["trunk_since"] == first["trunk_since"] is not None
    for key in ("trunk.0.weight", "context.up.weight", "context.below.down.bias"):
        assert not torch.equal(before[key], after[key]), key
    average = state(run, "average")
    assert not torch.equal(average["context.up.weight"], after["context.up.weight"])


def test_batches_are_seeded_and_in_range(tool: ModuleType, photos: Path) -> None:
    """One seed gives the same batches twice; pixels in [0, 1], sigma in the range of its kind."""
    settings = {
        "data": {
            "scale_chance": [0.4, 0.2, 0.2, 0.2], "crop": [128, 128, 64, 64],
            "pixels_per_batch": 16384, "shrink_chance": 0.5, "shrink": [0.5, 0.8],
            "always_shrink_below_sigma": 0.08, "graphics_chance": 0.2, "grey_chance": 0.2,
        },
        "noise": {"coarse": [0.05, 1.2], "fine": [0.005, 0.05], "fine_chance": 0.5},
    }  # fmt: skip
    pictures = tool.read_pictures(photos)
    one, two = (iter(tool.Batches(pictures, settings, 7)) for _ in range(2))
    kinds = set()
    for _ in range(20):
        batch, again = next(one), next(two)
        assert torch.equal(batch.clean, again.clean)
        assert torch.equal(batch.sigma, again.sigma)
        assert batch.clean.shape[0] * batch.clean.shape[2] ** 2 == 16384
        assert 0 <= float(batch.clean.min()) <= float(batch.clean.max()) <= 1
        low, high = (0.005, 0.05) if batch.fine else (0.05, 1.2)
        assert low <= float(batch.sigma.min()) <= float(batch.sigma.max()) <= high
        kinds.add((batch.fine, batch.clean.shape[2]))
    assert kinds >= {(True, 128), (False, 128), (False, 64)}


def test_halving_is_the_mean_of_four(tool: ModuleType) -> None:
    """A reduced picture has the mean of 2 x 2 pixels; an odd last row is left out."""
    picture = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
    halved = tool.halve(picture)
    assert halved.shape == (2, 2, 3)
    assert halved[0, 0, 0] == round((0 + 3 + 12 + 15) / 4)


def test_an_empty_folder_is_named(tool: ModuleType, tmp_path: Path) -> None:
    """Without pictures the tool says which folder has none."""
    with pytest.raises(SystemExit, match=str(tmp_path)):
        tool.read_pictures(tmp_path)
