"""The JSON files of real pipelines, beside this repository where there are any; never weights."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from priors.tiny_pipelines import clip_tokenizer, t5_tokenizer

from rdpcodec.errors import ISSUE, PriorError
from rdpcodec.priors.diffusers import load_pipeline
from rdpcodec.priors.diffusers.modules import plan
from rdpcodec.priors.diffusers.settings import KEYS

transformers: Any = pytest.importorskip("transformers", exc_type=ImportError)

ROOT = Path(__file__).parents[3] / "shared" / "data" / "model_configs"
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the configurations are not here")
NO_WEIGHTS = "other formats of weights, such as .bin, are pickles"
# As far as each goes without weights: the first component whose weights are looked for.
WHOLE = {
    "sd14": "text_encoder",
    "sd15": "text_encoder",
    "sd21": "text_encoder",
    "sd21-base": "text_encoder",
    "sdxl": "text_encoder",
    "sdxl-turbo": "text_encoder",
    "playground-v25": "text_encoder",
    "flux-dev": "text_encoder",
    "flux-schnell": "text_encoder",
    "sd35-large": "text_encoder",
    "sd3-medium": "text_encoder",
    "ldm-celebahq-256": "vqvae",
    "ddpm-butterflies-128": "unet",
    "ddpm-cat-256-flat": "unet",
}
REFUSED = {
    "sdxl-refiner": "lacks text_encoder or tokenizer, which Stable Diffusion XL has",
    "flux-schnell-nf4": "quantised (bitsandbytes, nf4)",
    "ldm-sr-4x": "6 channels in and 3 out, expected 3 and 3: it reads a small picture",
    "taesd": "that of a AutoencoderTiny",
    "odd/stablematerials": "has processor, vision_encoder, which its kind has not",
    "odd/v1becheck": "names no unet and no transformer",
    "odd/sd3-medium-cn": "diffusers_sd3_control SD3Transformer2DModel",
    "odd/chroma-as-flux": "diffusers ChromaTransformer2DModel",
    "odd/lgm": "mv_unet MultiViewUNetModel",
    "odd/ddpm-osteosarcoma": "has no file scheduler/scheduler_config.json",
    "odd/tardis-fusion": "has no file unet/config.json",
}
# True sizes of the files of weights at the sources, in bytes, and the bytes of a number there.
SIZES = {
    ("sd14", "unet"): (3_438_167_534, 4),
    ("sd15", "unet"): (3_438_167_540, 4),
    ("sd15", "vae"): (334_643_276, 4),
    ("sd15", "text_encoder"): (492_265_874, 4),
    ("sd21", "unet"): (3_463_726_498, 4),
    ("sd21", "text_encoder"): (1_361_597_018, 4),
    ("sdxl", "unet"): (10_270_077_736, 4),
    ("sdxl", "vae"): (334_643_268, 4),
    ("sdxl", "text_encoder_2"): (2_778_702_264, 4),
    ("sdxl-turbo", "unet"): (5_135_149_760, 2),
    ("flux-schnell-nf4", "vae"): (167_666_654, 2),
    ("ldm-sr-4x", "unet"): (454_611_821, 4),
    ("ldm-sr-4x", "vqvae"): (110_668_188, 2),
    ("ddpm-butterflies-128", "unet"): (454_741_132, 4),
}
HEADER_MAX = 400_000


def sentence_of(directory: Path) -> str:
    """Return why a pipeline is refused."""
    with pytest.raises(PriorError) as caught:
        load_pipeline(f"diffusers:{directory}")
    assert caught.value.issue is ISSUE.PRIOR_UNAVAILABLE
    return str(caught.value)


def configured(name: str, part: str) -> Any:
    """Return the network of a configuration, without weights."""
    config = json.loads((ROOT / name / part / "config.json").read_text())
    class_name = config.get("_class_name") or config["architectures"][0]
    if not class_name.startswith(("CLIP", "T5")):
        return plan(class_name, config, part, name).module
    kind = transformers.T5Config if class_name[0] == "T" else transformers.CLIPTextConfig
    settings = kind(**{key: config[key] for key in KEYS[class_name] if key in config})
    with torch.device("meta"):
        return getattr(transformers, class_name)(settings)


@pytest.mark.parametrize("name", WHOLE)
def test_real_configurations_go_as_far_as_their_weights(name: str, tmp_path: Path) -> None:
    """Settings, scheduler and, with words of their own, tokenizers are accepted."""
    directory = shutil.copytree(ROOT / name, tmp_path / name)
    for file in directory.glob("tokenizer*/tokenizer_config.json"):
        t5 = "T5" in json.loads(file.read_text())["tokenizer_class"]
        words = (t5_tokenizer if t5 else clip_tokenizer)()
        words.backend_tokenizer.save(str(file.parent / "tokenizer.json"))
    for index in directory.glob("*/*.index*.json"):
        index.unlink()  # it was cut, and names files that are not there
    sentence = sentence_of(directory)
    assert NO_WEIGHTS in sentence
    assert f" has no {WHOLE[name]}/" in sentence


@pytest.mark.parametrize("name", REFUSED)
def test_real_pipelines_of_other_kinds_are_refused_by_name(name: str) -> None:
    """By what is unusual about them."""
    assert REFUSED[name] in sentence_of(ROOT / name)


def test_every_folder_is_looked_at() -> None:
    """None of the configurations is left out."""
    found = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"odd"}
    found |= {f"odd/{path.name}" for path in (ROOT / "odd").iterdir()}
    assert found == {*WHOLE, *REFUSED}


@pytest.mark.parametrize(("name", "part"), SIZES)
def test_networks_have_the_size_of_their_files(name: str, part: str) -> None:
    """The numbers of the network and a header make the file, to the byte."""
    size, width = SIZES[name, part]
    numbers = sum(each.numel() for each in configured(name, part).state_dict().values())
    assert 0 < size - width * numbers < HEADER_MAX


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/*/*.safetensors.index*.json")), ids=str)
def test_networks_have_the_tensors_of_their_indexes(path: Path) -> None:
    """Names agree, and, where nothing is quantised or left out, the total."""
    index = json.loads(path.read_text())
    if any(re.search("quant|absmax", key) for key in index["weight_map"]):
        pytest.skip("quantised")
    state = configured(path.parent.parent.name, path.parent.name).state_dict()
    assert index["weight_map"].keys() <= state.keys()
    state.pop("encoder.embed_tokens.weight", None)  # T5's is `shared.weight`
    numbers = sum(each.numel() for each in state.values())
    total = index["metadata"]["total_size"]
    assert total in (2 * numbers, 4 * numbers)
