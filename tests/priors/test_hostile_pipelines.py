"""Folders of pipelines that were changed by hand or at random: a prior, or an error of ours."""

import copy
import json
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from priors.tiny_pipelines import PIPELINES, edit

from rdpcodec.errors import PriorError, RdpError, UsageError
from rdpcodec.priors.diffusers import load_pipeline
from rdpcodec.priors.diffusers.vae import DiffusersVae

pytestmark = pytest.mark.usefixtures("one_thread")
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 1, 3, 0.5, 1e308, float("nan"), 10**30, 2**31, "", "a", "x" * 200, [], [1],
    [[1]], {}, {"a": 1}, [None], "AutoencoderKL", ["diffusers", "UNet2DModel"], ["os", "system"],
    [1] * 300, "../../etc/passwd",
)  # fmt: skip
CHANGES = 25


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Some kinds, saved once."""
    root = tmp_path_factory.mktemp("hostile")
    for name in ("pixels", "LDM", "SD", "FLUX schnell"):
        PIPELINES[name]().save_pretrained(root / name)
    return {path.name: path for path in root.iterdir()}


@pytest.fixture
def mine(folders: dict[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of a kind that a test may change."""
    return shutil.copytree(folders[request.param], tmp_path / "mine")


def use(folder: Path) -> None:
    """Load a pipeline, tell it a prompt, and ask it for an estimate and a picture."""
    prior = load_pipeline(f"diffusers:{folder}")
    domain = prior.domain(3, 16, 16)
    with suppress(UsageError):  # kinds without text
        prior = prior.with_prompt("a b")
    assert len(prior.digest) > 0
    state = prior.denoise(torch.zeros(1, *domain.state.of(16, 16)), 1.0)
    domain.to_pixels(state)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything in a value of JSON."""
    if path:
        yield path
    if isinstance(value, list):
        value = dict(enumerate(value))
    for key, each in value.items() if isinstance(value, dict) else ():
        yield from _paths(each, (*path, key))


def _changed(rng: random.Random, value: Any) -> Any:
    """Return a value of JSON of which one part is gone or is something else."""
    value = copy.deepcopy(value)
    paths = list(_paths(value))
    if not paths:
        return rng.choice(JUNK)
    *way, last = rng.choice(paths)
    at = value
    for key in way:
        at = at[key]
    if rng.random() < 0.2:
        del at[last]
    else:
        at[last] = rng.choice(JUNK)
    return value


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pixels", "LDM", "SD", "FLUX schnell"])
def test_changed_settings(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    """Whatever stands in a JSON file: a prior, or an error of the project."""
    rng, used = random.Random(name), 0  # noqa: S311 - repeatable
    for k in range(CHANGES):
        folder = shutil.copytree(folders[name], tmp_path / str(k))
        path = rng.choice(sorted(folder.rglob("*.json")))
        path.write_text(json.dumps(_changed(rng, json.loads(path.read_text()))))
        try:
            use(folder)
            used += 1
        except RdpError:
            continue
    assert used < CHANGES


@pytest.mark.parametrize("mine", ["SD"], indirect=True)
def test_tokens_beyond_the_vocabulary(mine: Path) -> None:
    """A tokenizer of another encoder is refused before a device looks its tokens up."""
    path = mine / "tokenizer" / "tokenizer.json"
    found = json.loads(path.read_text())
    found["model"]["vocab"]["a</w>"] = 9999
    path.write_text(json.dumps(found))
    with pytest.raises(PriorError, match="knows tokens beyond the 5 there are"):
        load_pipeline(f"diffusers:{mine}").with_prompt("a").digest.hex()


@pytest.mark.parametrize("mine", ["SD"], indirect=True)
def test_a_tokenizer_that_fails(mine: Path) -> None:
    """Settings that make no sense to it are one sentence."""
    edit(mine / "tokenizer" / "tokenizer_config.json", model_max_length="a")
    with pytest.raises(PriorError, match=r"the text_encoder of the pipeline .* does not answer"):
        load_pipeline(f"diffusers:{mine}").with_prompt("a").digest.hex()


@pytest.mark.parametrize("mine", ["FLUX schnell"], indirect=True)
def test_tokens_by_the_thousand_million(mine: Path) -> None:
    """A count that transformers would take memory for is refused; a length without bound is not."""
    path = mine / "tokenizer_2" / "tokenizer_config.json"
    edit(path, model_max_length=10**30)
    load_pipeline(f"diffusers:{mine}")
    edit(path, extra_ids=2**31)
    with pytest.raises(PriorError, match="extra_ids = 2147483648, which is out of all range"):
        load_pipeline(f"diffusers:{mine}")


@pytest.mark.parametrize("mine", ["pixels"], indirect=True)
def test_a_network_that_fails(mine: Path) -> None:
    """A setting within its range that the network cannot compute with is one sentence."""
    edit(mine / "unet" / "config.json", mid_block_scale_factor=[1])
    with pytest.raises(PriorError, match="the network of the prior diffusers:mine does not answer"):
        use(mine)


def test_an_autoencoder_that_fails(folders: dict[str, Path]) -> None:
    """Whatever it raises is an error of the project, but for memory, which is told as such."""
    vae = DiffusersVae(PIPELINES["SD"]().vae, "cpu")
    with pytest.raises(PriorError, match="the autoencoder of the pipeline does not answer"):
        vae.decode(torch.zeros(1, 4, 2, 2, dtype=torch.complex64))
    with pytest.raises(PriorError, match="the autoencoder of the pipeline does not answer"):
        vae.encode(torch.zeros(1, 5, 16, 16))

    def full(*_args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    vae._module.decode = full
    with pytest.raises(torch.OutOfMemoryError):
        vae.decode(torch.zeros(1, 4, 2, 2))
    assert folders
