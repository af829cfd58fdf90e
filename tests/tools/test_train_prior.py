"""The training tool: a run starts, is resumed from its checkpoints, and is shipped."""

import importlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from rdpcodec.priors.photo_1 import four_scales

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


SMALL = (
    "data.crop=48", "data.crops=2", "data.sizes=[1.0, 0.5]", "data.coarse=[0.5, 0.5]",
    "data.fine=[0.0, 1.0]", "network.compile=false", "run.steps_between_looks=1",
)  # fmt: skip


def train(photos: Path, run: Path, minutes: float) -> str:
    """Train for some minutes and return what the tool printed."""
    command = [sys.executable, str(TOOL / "train.py"), str(photos), str(photos), str(run)]
    for setting in (f"run.minutes={minutes}", *SMALL):
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
    """The second call adds steps, every scale moves, and the average follows."""
    run = tmp_path / "run"
    printed = train(photos, run, 0.05)
    first, before = progress(run), state(run, "weights")
    assert first["step"] > 0
    assert '"psnr"' in printed
    train(photos, run, 0.1)
    second, after = progress(run), state(run, "weights")
    assert second["step"] > first["step"]
    for key in ("head.weight", "scales.below.below.below.before.0.second.weight", "tail.bias"):
        assert not torch.equal(before[key], after[key]), key
    average = state(run, "average")
    assert not torch.equal(average["tail.weight"], after["tail.weight"])


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool's main script as a module."""
    monkeypatch.syspath_prepend(str(TOOL))
    return importlib.import_module("train")


def test_shipped_weights_suit_the_network(script: ModuleType) -> None:
    """A run can start from what the package holds; FFDNet's tensors are none of its business."""
    shipped = script.shipped_weights()
    assert {name: tuple(value.shape) for name, value in shipped.items()} == (
        four_scales.graph().shapes()
    )
    script.new_network().load_state_dict(shipped)


def test_a_new_network_begins_with_blocks_that_add_nothing(script: ModuleType) -> None:
    """The second convolution of each of the 18 blocks is zero; nothing else is."""
    values = dict(script.new_network().named_parameters())
    zero = {name for name, value in values.items() if not value.any()}
    assert len(zero) == 2 * 18
    assert zero == {name for name in values if ".second." in name}


def test_one_step_reaches_every_layer_that_is_not_behind_a_zero(script: ModuleType) -> None:
    """Gradients go through the scaling by the noise, in place as it is, to the first layer."""
    network = script.new_network()
    clean, s = torch.full((2, 3, 32, 32), 0.3), torch.tensor([0.1, 0.5]).view(-1, 1, 1, 1)
    noisy = clean + s * torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    (four_scales.estimate(network, noisy, s) - clean).square().mean().backward()
    for name, value in network.named_parameters():
        assert value.grad is not None, name
        assert bool(value.grad.any()) == (".first." not in name), name


def batches(tool: ModuleType, photos: Path, **changes: object) -> Any:
    """Return a source of batches of the test's picture, with the settings of the tool."""
    settings = tomllib.loads((TOOL / "config.toml").read_text())
    settings["data"] |= {"crop": 48, "crops": 16, "sizes": [1.0, 0.5]}
    settings["data"] |= {"coarse": [0.5, 0.5], "fine": [0.0, 1.0], **changes}
    torch.manual_seed(7)
    return tool.Batches(tool.read_pictures(photos), settings, 7, torch.device("cpu"))


def test_batches_are_seeded_and_in_range(tool: ModuleType, photos: Path) -> None:
    """One seed gives the same batch twice; pixels in [0, 1], noise in the configured range."""
    source = batches(tool, photos)
    first = source.draw()
    for batch in (first, *(source.draw() for _ in range(10))):
        assert batch.clean.shape == (16, 3, 48, 48)
        assert 0 <= float(batch.clean.min()) <= float(batch.clean.max()) <= 1
        assert 0.4 / 255 <= float(batch.sigma.min()) <= float(batch.sigma.max()) <= 160 / 255
    again = batches(tool, photos).draw()
    assert torch.equal(again.clean, first.clean)
    assert torch.equal(again.sigma, first.sigma)


def test_crops_are_the_photo_turned(tool: ModuleType) -> None:
    """Every crop is a piece of its picture, turned in one of eight ways; all ways occur."""
    rng = np.random.default_rng(2)
    picture = torch.from_numpy(rng.integers(0, 256, (3, 20, 31), dtype=np.uint8))
    store = tool.Store(torch.device("cpu"))
    store.add(picture[:, :12, :12], 0)
    store.add(picture, 0)
    store.close()
    torch.manual_seed(0)
    crops = (store.crops(torch.full((200,), 1), 12) * 255).round().to(torch.uint8)
    pieces = picture.unfold(1, 12, 1).unfold(2, 12, 1).flatten(1, 2).transpose(0, 1)
    seen = set()
    for crop in crops:
        for turn in range(8):
            turned = torch.rot90(crop, turn % 4, (1, 2))
            turned = turned.flip(2) if turn > 3 else turned
            same = (turned.sort(dim=0).values == pieces.sort(dim=1).values).flatten(1).all(dim=1)
            if bool(same.any()):
                seen.add(turn)
                break
        else:
            pytest.fail("a crop is no piece of its picture")
    assert seen == set(range(8))


def test_reduced_pictures_are_means(tool: ModuleType) -> None:
    """Half the size is the mean of 2 x 2 pixels; an odd last row is left out."""
    picture = torch.arange(3 * 5 * 4, dtype=torch.uint8).view(3, 5, 4)
    halved = tool.reduced(picture, 0.5)
    assert halved.shape == (3, 2, 2)
    assert int(halved[0, 0, 0]) == 2  # of 0, 1, 4, 5, halves to even
    assert tool.reduced(picture, 0.75).shape == (3, 4, 3)


def test_an_empty_folder_is_named(tool: ModuleType, tmp_path: Path) -> None:
    """Without pictures the tool says which folder has none."""
    with pytest.raises(SystemExit, match=str(tmp_path)):
        tool.read_pictures(tmp_path)
