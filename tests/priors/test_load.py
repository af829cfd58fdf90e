"""Whole pipelines as priors: every kind, from saved files to pictures, and what makes a digest."""

import gc
import json
import shutil
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from priors.tiny_pipelines import PIPELINES, WORDS, drop, edit, flatten, shard
from torch import Tensor

from rdpcodec import codec
from rdpcodec.compute import Compute
from rdpcodec.errors import UsageError
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.diffusers import load_pipeline, text
from rdpcodec.priors.diffusers.load import load_parts
from rdpcodec.priors.diffusers.source import find_source

diffusers: Any = pytest.importorskip("diffusers", exc_type=ImportError)
safetensors_torch: Any = pytest.importorskip("safetensors.torch", exc_type=ImportError)

pytestmark = pytest.mark.usefixtures("one_thread")
LATENT = [name for name in PIPELINES if name != "pixels"]
WITH_TEXT = [name for name in LATENT if name != "LDM"]
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every kind, saved once."""
    root = tmp_path_factory.mktemp("pipelines")
    found = {}
    for name, make in PIPELINES.items():
        found[name] = root / name.replace(" ", "-")
        make().save_pretrained(found[name])
    return found


@pytest.fixture
def mine(saved: dict[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of a kind that a test may change."""
    return shutil.copytree(saved[request.param], tmp_path / "mine")


def load(directory: Path, **compute: Any) -> Prior:
    """Return the prior of a directory."""
    return load_pipeline(f"diffusers:{directory}", Compute(**compute))


def digest(directory: Path) -> bytes:
    """Return the digest of the prior of a directory."""
    return load(directory).digest


def _plain(pipeline: Any, prompt: str) -> Tensor:
    found: Tensor = pipeline.encode_prompt(
        prompt, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=False
    )[0]
    return found


def prompted(pipeline: Any, prompt: str) -> tuple[Tensor, Tensor | None]:
    """Return states and pooled vector of a prompt by the pipeline's own code."""
    with torch.no_grad():
        if isinstance(pipeline, diffusers.StableDiffusionPipeline):
            return _plain(pipeline, prompt), None
        if isinstance(pipeline, diffusers.FluxPipeline):
            states, pooled, _ = pipeline.encode_prompt(prompt, None, device="cpu")
            return states, pooled
        others = {"prompt_2": None} | (
            {"prompt_3": None} if isinstance(pipeline, diffusers.StableDiffusion3Pipeline) else {}
        )
        found = pipeline.encode_prompt(
            prompt, **others, device="cpu", do_classifier_free_guidance=False
        )
        return found[0], found[2]


@pytest.mark.parametrize("name", WITH_TEXT)
@pytest.mark.parametrize("prompt", ["", "a b a"])
def test_prompts_are_read_as_the_pipeline_reads_them(
    saved: dict[str, Path], name: str, prompt: str
) -> None:
    """States and pooled vector are those of the pipeline's own code."""
    parts = load_parts(f"diffusers:{saved[name]}")
    assert parts.text is not None
    found = parts.text.read(prompt).conditioning
    states, pooled = prompted(PIPELINES[name](), prompt)
    torch.testing.assert_close(found.states, states)
    assert (found.pooled is None) == (pooled is None)
    if pooled is not None:
        torch.testing.assert_close(found.pooled, pooled)


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("channels", [1, 3])
def test_files_are_written_and_read(saved: dict[str, Path], name: str, channels: int) -> None:
    """A picture of an odd size is coded and read, at both ends, with a prior loaded anew."""
    shape = (21, 35, 3) if channels == 3 else (21, 35)
    picture = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    data = codec.encode(picture, prior=load(saved[name]), t=2700)
    received = codec.open(data, prior=load(saved[name]))
    for rho in (0, 1):
        assert received.at(rho, evaluations=3).pixels.shape == shape


@pytest.mark.parametrize("name", PIPELINES)
def test_the_network_is_the_saved_one(saved: dict[str, Path], name: str) -> None:
    """Weights arrive where the library puts them, in the type asked for."""
    part = "unet" if (saved[name] / "unet").is_dir() else "transformer"
    cls = getattr(diffusers, load_parts(f"diffusers:{saved[name]}").manifest["network"]["class"])
    expected = cls.from_pretrained(saved[name] / part).state_dict()
    for precision, kept in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        parts = load_parts(f"diffusers:{saved[name]}", Compute(precision=precision))
        found = parts.network.state_dict()
        assert found.keys() == expected.keys()
        dtype = kept if parts.kind.latent else torch.float32
        assert all(found[key].equal(expected[key].to(dtype)) for key in expected)
        assert not any(each.is_meta for each in parts.network.buffers())
        assert not parts.network.training


@pytest.mark.parametrize("name", LATENT)
def test_the_autoencoder_is_in_float32_whatever_the_precision(
    saved: dict[str, Path], name: str
) -> None:
    """Half precision gives NaN in SDXL's; the state is the same for every precision."""
    picture = np.random.default_rng(2).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    states = [
        load(saved[name], precision=precision).domain(3, 16, 16).to_state(picture)
        for precision in ("float32", "bfloat16")
    ]
    assert np.array_equal(*states)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_digest_is_of_the_content_alone(
    saved: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """Neither where the files lie, nor how they are cut or called, nor who saved them counts."""
    expected = digest(saved[name])
    copy = shutil.copytree(saved[name], tmp_path / "elsewhere")
    assert digest(copy) == expected
    for weights in sorted(copy.glob("*/*.safetensors")):
        shard(weights)
    assert digest(copy) == expected
    again = tmp_path / "again"
    PIPELINES[name]().save_pretrained(again, max_shard_size="4KB")
    assert len(list(again.glob("*/*-of-*.safetensors"))) > 1
    assert digest(again) == expected
    for file in sorted(again.glob("*/*.safetensors*")):
        stem, _, rest = file.name.partition(".safetensors")
        variant = f"{stem}.safetensors.index.fp16.json" if rest else f"{stem}.fp16.safetensors"
        if not rest and "-of-" in stem:
            continue
        file.rename(file.with_name(variant))
    assert digest(again) == expected


@pytest.mark.parametrize("name", WITH_TEXT)
def test_the_prompt_and_its_encoders_make_the_digest(
    saved: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """Each weight of each text encoder, and each word."""
    prior = load(saved[name])
    told = prior.with_prompt("a")
    assert len({prior.digest, told.digest, prior.with_prompt("b").digest}) == 3
    assert told.with_prompt("").digest == prior.digest
    for encoder in sorted(saved[name].glob("text_encoder*")):
        copy = shutil.copytree(saved[name], tmp_path / encoder.name)
        path = copy / encoder.name / "model.safetensors"
        tensors = safetensors_torch.load_file(path)
        last = tensors[max(tensors)].flatten()
        last[-1] += 1e-3
        safetensors_torch.save_file(tensors, path, metadata={"format": "pt"})
        assert digest(copy) != prior.digest


@pytest.mark.parametrize("mine", ["SD"], indirect=True)
def test_tokens_make_the_digest_and_files_of_tokenizers_do_not(mine: Path) -> None:
    """Another id for a word is another prior; another way to write the same words is not."""
    before = load(mine).with_prompt("a").digest
    tokenizer = mine / "tokenizer/tokenizer.json"
    text_of = tokenizer.read_text()
    tokenizer.write_text(text_of.replace("\n", "  \n"))
    assert load(mine).with_prompt("a").digest == before
    swapped = text_of.replace('"a</w>": 3', '"a</w>": 4').replace('"b</w>": 4', '"b</w>": 3')
    assert swapped != text_of
    tokenizer.write_text(swapped)
    assert load(mine).with_prompt("a").digest != before


@pytest.mark.parametrize("mine", ["SD"], indirect=True)
def test_words_and_merges_are_read_as_well(mine: Path) -> None:
    """What SD 1 and SDXL have in place of a tokenizer.json."""
    before = load(mine).with_prompt("a b").digest
    (mine / "tokenizer/tokenizer.json").unlink()
    (mine / "tokenizer/vocab.json").write_text(json.dumps(WORDS))
    (mine / "tokenizer/merges.txt").write_text("#version: 0.2\n")
    assert load(mine).with_prompt("a b").digest == before


SETTINGS = [
    ("SD", "unet", {"flip_sin_to_cos": False}),
    ("SD", "unet", {"freq_shift": 1}),
    ("SD", "unet", {"act_fn": "relu"}),
    ("SD", "unet", {"norm_eps": 1e-6}),
    ("SD", "unet", {"norm_num_groups": 4}),
    ("SD", "unet", {"attention_head_dim": 1}),
    ("SD", "unet", {"upcast_attention": True}),
    ("SD", "unet", {"resnet_out_scale_factor": 2.0}),
    ("SD", "unet", {"mid_block_scale_factor": 2.0}),
    ("SD", "vae", {"scaling_factor": 0.2}),
    ("SD", "vae", {"shift_factor": 0.1}),
    ("SD", "vae", {"latents_mean": [0.0] * 4, "latents_std": [2.0] * 4}),
    ("SD", "vae", {"norm_num_groups": 4}),
    ("SD", "vae", {"act_fn": "relu"}),
    ("SD", "text_encoder", {"hidden_act": "gelu"}),
    ("SD", "text_encoder", {"layer_norm_eps": 1e-3}),
    ("SD", "text_encoder", {"num_attention_heads": 1}),
    ("SD", "scheduler", {"beta_end": 0.013}),
    ("SD", "scheduler", {"prediction_type": "v_prediction"}),
    ("SDXL", "unet", {"attention_head_dim": [2, 2]}),
    ("SDXL", "text_encoder_2", {"hidden_act": "gelu"}),
    ("SD with TAESD", "vae", {"scaling_factor": 0.5}),
    ("SD with TAESD", "vae", {"upsample_fn": "bilinear"}),
    ("LDM", "vqvae", {"scaling_factor": 1.0}),
    ("LDM", "vqvae", {"lookup_from_codebook": True}),
    ("SD3", "transformer", {"num_attention_heads": 1, "attention_head_dim": 16}),
    ("SD3", "vae", {"shift_factor": 0.0}),
    ("SD3", "text_encoder_3", {"layer_norm_epsilon": 1e-3}),
    ("SD3", "text_encoder_3", {"relative_attention_max_distance": 64}),
    ("FLUX dev", "transformer", {"axes_dims_rope": [4, 2, 2]}),
    ("FLUX dev", "text_encoder_2", {"feed_forward_proj": "gelu"}),
]


@pytest.mark.parametrize(("name", "part", "change"), SETTINGS)
def test_every_setting_that_matters_makes_the_digest(
    saved: dict[str, Path], tmp_path: Path, name: str, part: str, change: dict[str, Any]
) -> None:
    """One by one, in every component."""
    copy = shutil.copytree(saved[name], tmp_path / "copy")
    file = "scheduler_config.json" if part == "scheduler" else "config.json"
    edit(copy / part / file, **change)
    found = digest(copy)
    assert found != digest(saved[name])


IDLE = [
    ("unet/config.json", {"sample_size": 96, "dropout": 0.1, "_name_or_path": "/home/me"}),
    ("vae/config.json", {"sample_size": 768, "force_upcast": False}),
    ("text_encoder/config.json", {"attention_dropout": 0.5, "initializer_factor": 2.0}),
    ("text_encoder/config.json", {"torch_dtype": "float16", "transformers_version": "4.0"}),
    ("scheduler/scheduler_config.json", {"steps_offset": 7, "clip_sample": True}),
    ("scheduler/scheduler_config.json", {"timestep_spacing": "trailing", "sigmas": [1.0]}),
    ("model_index.json", {"_class_name": "AnyPipeline", "requires_safety_checker": True}),
]


@pytest.mark.parametrize(("file", "change"), IDLE)
@pytest.mark.parametrize("mine", ["SD"], indirect=True)
def test_training_and_sampling_do_not_make_the_digest(
    mine: Path, file: str, change: dict[str, Any]
) -> None:
    """Nor versions, nor paths."""
    before = digest(mine)
    edit(mine / file, **change)
    assert digest(mine) == before


@pytest.mark.parametrize("mine", ["SD"], indirect=True)
def test_absent_settings_are_those_of_the_class(mine: Path) -> None:
    """SD 1.5's autoencoder does not say its scale; what is said is the same as what is not."""
    before = digest(mine)
    drop(mine / "vae/config.json", "scaling_factor", "shift_factor", "use_quant_conv")
    drop(mine / "unet/config.json", "mid_block_type", "upcast_attention", "time_cond_proj_dim")
    assert digest(mine) == before
    assert load_parts(f"diffusers:{mine}").manifest["autoencoder"]["scaling_factor"] == 0.18215


def test_old_names_of_attention_are_read(saved: dict[str, Path], tmp_path: Path) -> None:
    """The checkpoints of SD 1 and of the first pipelines of pixels have them."""
    for name, part in (("SD", "vae"), ("pixels", "unet")):
        copy = shutil.copytree(saved[name], tmp_path / name)
        path = copy / part / WEIGHTS
        old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
        tensors = {}
        for key, value in safetensors_torch.load_file(path).items():
            for new, was in old.items():
                key = key.replace(f".{new}.", f".{was}.")  # noqa: PLW2901 - one name after another
            tensors[key] = value
        assert any(".query." in key for key in tensors)
        safetensors_torch.save_file(tensors, path)
        assert digest(copy) == digest(saved[name])


@pytest.mark.parametrize("mine", ["SD"], indirect=True)
def test_old_text_encoders_are_read(mine: Path) -> None:
    """Those of CLIP with their positions as a tensor, and with a prefix or without."""
    path, before = mine / "text_encoder/model.safetensors", digest(mine)
    tensors = safetensors_torch.load_file(path)
    plain = {key.removeprefix("text_model."): value for key, value in tensors.items()}
    for prefix in ("", "text_model."):
        told = {f"{prefix}{key}": value for key, value in plain.items()}
        told[f"{prefix}embeddings.position_ids"] = torch.arange(77)[None]
        safetensors_torch.save_file(told, path)
        assert digest(mine) == before


def test_t5_with_its_embedding_twice_is_read(saved: dict[str, Path], tmp_path: Path) -> None:
    """Or once, under either name."""
    copy = shutil.copytree(saved["FLUX schnell"], tmp_path / "copy")
    path, before = copy / "text_encoder_2/model.safetensors", digest(saved["FLUX schnell"])
    tensors = safetensors_torch.load_file(path)
    shared = tensors.pop("shared.weight")
    for names in (
        ("shared.weight", "encoder.embed_tokens.weight"),
        ("encoder.embed_tokens.weight",),
    ):
        told = tensors | {name: shared.clone() for name in names}
        safetensors_torch.save_file(told, path)
        assert digest(copy) == before


def test_the_oldest_layout_is_read(saved: dict[str, Path], tmp_path: Path) -> None:
    """All in the root, with an index or without."""
    flat = flatten(saved["pixels"], tmp_path / "flat")
    assert digest(flat) == digest(saved["pixels"])
    (flat / "model_index.json").unlink()
    assert digest(flat) == digest(saved["pixels"])


def test_a_variant_is_taken_where_it_is_asked_for(saved: dict[str, Path], tmp_path: Path) -> None:
    """Behind the name; components without it are taken as they are."""
    copy = shutil.copytree(saved["SD"], tmp_path / "copy")
    tensors = safetensors_torch.load_file(copy / "unet" / WEIGHTS)
    half = {key: value.half() for key, value in tensors.items()}
    safetensors_torch.save_file(half, copy / "unet/diffusion_pytorch_model.fp16.safetensors")
    plain, variant = load(copy), load_pipeline(f"diffusers:{copy}:fp16")
    assert plain.digest == digest(saved["SD"])
    assert variant.digest != plain.digest
    assert (plain.id, variant.id) == ("diffusers:copy", "diffusers:copy:fp16")
    (copy / "unet" / WEIGHTS).unlink()
    assert digest(copy) == variant.digest
    assert find_source(str(copy)).variant is None


@pytest.mark.parametrize("name", WITH_TEXT)
def test_text_encoders_are_let_go(
    saved: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other; they are loaded again for another prompt."""
    alive: list[weakref.ref[Any]] = []
    most: list[int] = []
    built = text._built

    def watched(encoder: Any) -> Any:
        gc.collect()
        most.append(sum(each() is not None for each in alive))
        model = built(encoder)
        alive.append(weakref.ref(model))
        return model

    monkeypatch.setattr(text, "_built", watched)
    prior = load(saved[name])
    assert not alive
    prior.digest, prior.with_prompt("a").digest
    gc.collect()
    encoders = len(list(saved[name].glob("text_encoder*")))
    assert len(alive) == 2 * encoders
    assert all(each() is None for each in alive)
    assert max(most) == 0


def test_prompts_beyond_what_is_read_are_refused(saved: dict[str, Path]) -> None:
    """77 tokens for CLIP, two of which frame the text; where T5 reads more, that counts."""
    prior = load(saved["SD"])
    prior.with_prompt("a " * 75).digest  # noqa: B018 - this reads the prompt
    with pytest.raises(UsageError, match="more than the 77 tokens"):
        prior.with_prompt("a " * 76).digest  # noqa: B018 - the same
    load(saved["FLUX dev"]).with_prompt("a " * 100).digest  # noqa: B018 - the same


def test_pipelines_without_text_take_no_prompt(saved: dict[str, Path]) -> None:
    """In one sentence."""
    for name in ("LDM", "pixels"):
        with pytest.raises(UsageError, match="takes no prompt"):
            load(saved[name]).with_prompt("a")


def test_loading_is_silent(saved: dict[str, Path], capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing of what three libraries say reaches the terminal."""
    for name in ("SD", "SD3"):
        prior = load_prior(f"diffusers:{saved[name]}")
        assert prior.with_prompt("a").digest
    assert capfd.readouterr() == ("", "")


MEASURE = r"""
import re, sys
from pathlib import Path
from rdpcodec.compute import Compute
from rdpcodec.priors.diffusers.load import load_parts
peak = lambda: int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
small, large, precision = sys.argv[1:]
load_parts(f"diffusers:{small}", Compute(precision=precision))
before = peak()
load_parts(f"diffusers:{large}", Compute(precision=precision))
print((peak() - before) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count otherwise")
@pytest.mark.parametrize(("precision", "share"), [("float32", 1.0), ("bfloat16", 0.5)])
def test_a_network_is_in_memory_once(
    saved: dict[str, Path], tmp_path: Path, precision: str, share: float
) -> None:
    """Loading takes its own size in the type asked for, and a tensor or two."""
    large = tmp_path / "large"
    pipeline = PIPELINES["LDM"]()
    torch.manual_seed(1)
    width = {"block_out_channels": (256, 512, 512), "layers_per_block": 3}
    blocks = {"down_block_types": ["DownBlock2D"] * 3, "up_block_types": ["UpBlock2D"] * 3}
    pipeline.register_modules(unet=diffusers.UNet2DModel(**width, **blocks))
    pipeline.save_pretrained(large)
    size = (large / "unet" / WEIGHTS).stat().st_size
    assert size > 300e6
    arguments = [sys.executable, "-c", MEASURE, str(saved["LDM"]), str(large), precision]
    found = subprocess.run(arguments, capture_output=True, check=True, text=True)
    assert share * size < int(found.stdout) < (share + 0.25) * size
