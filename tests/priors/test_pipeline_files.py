"""What pipelines of the world look like: odd indexes, shards, pointers, damage, and limits."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from priors.tiny_pipelines import PIPELINES, drop, edit, shard

from rdpcodec.errors import EXIT_PRIOR, ISSUE, PriorError
from rdpcodec.priors.diffusers import load_pipeline, tensors
from rdpcodec.priors.diffusers.load import load_parts
from rdpcodec.priors.diffusers.settings import KEYS

safetensors_torch: Any = pytest.importorskip("safetensors.torch", exc_type=ImportError)

pytestmark = pytest.mark.usefixtures("one_thread")
STEM = "diffusion_pytorch_model"
SPECIFICATION = Path(__file__).parents[2] / "spec" / "rdp.md"
UNET = f"unet/{STEM}.safetensors"


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what saves a kind, once."""
    root = tmp_path_factory.mktemp("kept")

    def saved(name: str) -> Path:
        directory = root / name.replace(" ", "-")
        if not directory.exists():
            PIPELINES[name]().save_pretrained(directory)
        return directory

    return saved


@pytest.fixture
def copied(kept: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return what makes a copy of a kind, called `mine`, that a test may change."""
    return lambda name: shutil.copytree(kept(name), tmp_path / "mine")


def refused(directory: Path, *words: str, invalid: bool = False) -> str:
    """Check that a pipeline is refused in one sentence that has these words."""
    with pytest.raises(PriorError) as caught:
        load_pipeline(f"diffusers:{directory}").digest  # noqa: B018 - this reads the prompt
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 800
    assert caught.value.exit_code == EXIT_PRIOR
    expected = ISSUE.PRIOR_INVALID if invalid else ISSUE.PRIOR_UNAVAILABLE
    assert caught.value.issue is expected, sentence
    assert all(word in sentence for word in words), sentence
    return sentence


@pytest.mark.parametrize(
    "change",
    [
        {"requires_safety_checker": False, "add_watermarker": None, "resolution": 512},
        {"safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"]},
        {
            "safety_checker": [None, None],
            "feature_extractor": ["transformers", "CLIPImageProcessor"],
        },
        {"_module": "modeling.py", "_class_name": ["pipeline", "OwnPipeline"]},
        {"note": "a text", "weights": [{"filename": "one.safetensors"}], "more": {"a": 1}},
        {"image_encoder": [None, None], "names": ["a", "b", "c"], "numbers": [1, 2]},
    ],
)
def test_the_index_is_read_with_patience(
    copied: Callable[[str], Path], kept: Callable[[str], Path], change: dict[str, Any]
) -> None:
    """What names no component is no component."""
    directory = copied("SD")
    edit(directory / "model_index.json", **change)
    found = load_pipeline(f"diffusers:{directory}")
    assert found.digest == load_pipeline(f"diffusers:{kept('SD')}").digest


INDEXES = [
    ("SD", {"unet": [None, None]}, ("no unet and no transformer", "SDXL")),
    ("SD", {"vae": [None, None]}, ("names 0 autoencoders",)),
    ("SD", {"vae": ["diffusers", "AsymmetricAutoencoderKL"]}, ("Asymmetric", "AutoencoderTiny")),
    ("SD", {"text_encoder": [None, None]}, ("lacks text_encoder or tokenizer",)),
    ("SD", {"text_encoder": ["transformers", "RobertaModel"]}, ("RobertaModel", "CLIPTextModel")),
    ("SD", {"text_encoder": ["my_code", "CLIPTextModel"]}, ("my_code CLIPTextModel",)),
    ("SD", {"tokenizer": ["transformers", "AutoTokenizer"]}, ("AutoTokenizer", "CLIPTokenizer")),
    ("SD", {"controlnet": ["diffusers", "ControlNetModel"]}, ("has controlnet",)),
    ("SD", {"text_encoder_2": ["transformers", "CLIPTextModel"]}, ("has text_encoder_2",)),
    ("SD", {"unet": ["diffusers", "MotionUNet"]}, ("MotionUNet", "FluxTransformer2DModel")),
    ("SD", {"unet": ["diffusers_modules.local.x", "UNet2DConditionModel"]}, ("local.x",)),
    ("SDXL", {"text_encoder": [None, None], "tokenizer": [None, None]}, ("lacks text_encoder",)),
    ("SD3", {"text_encoder_3": [None, None]}, ("lacks text_encoder_3 or tokenizer_3",)),
    ("FLUX dev", {"transformer": ["diffusers", "ChromaTransformer2DModel"]}, ("Chroma",)),
    ("FLUX dev", {"transformer": ["diffusers", "Flux2Transformer2DModel"]}, ("Flux2",)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "words"), INDEXES)
def test_components_beyond_the_list_are_refused_by_name(
    copied: Callable[[str], Path], name: str, change: dict[str, Any], words: tuple[str, ...]
) -> None:
    """What was found, what is expected, and what is supported."""
    directory = copied(name)
    edit(directory / "model_index.json", **change)
    refused(directory, *words)


CONFIGS = [
    ("SD", "unet", {"in_channels": 9}, "9 channels in and 4 out, expected 4 and 4: it reads a m"),
    ("SD", "unet", {"in_channels": 8}, "another picture beside the latents"),
    ("SD", "unet", {"in_channels": 5, "out_channels": 4}, "depth"),
    ("SD", "unet", {"num_class_embeds": 1000, "in_channels": 7}, "conditioned on a class"),
    ("SD", "unet", {"encoder_hid_dim_type": "text_proj", "encoder_hid_dim": 8}, "text_proj"),
    ("SD", "unet", {"addition_embed_type": "text"}, "reads text beside the text"),
    ("SD", "unet", {"time_cond_proj_dim": 8}, "scale of guidance"),
    ("SD", "unet", {"attention_type": "gated"}, "reads boxes"),
    ("SD", "unet", {"time_embedding_type": "fourier"}, "fourier"),
    ("SD", "unet", {"quantization_config": {"quant_method": "bitsandbytes",
                                            "bnb_4bit_quant_type": "nf4"}}, "bitsandbytes, nf4"),
    ("SD", "text_encoder", {"quantization_config": {"quant_method": "gptq"}}, "gptq"),
    ("SD", "text_encoder", {"architectures": ["RobertaModel"]}, "RobertaModel"),
    ("SD", "vae", {"_class_name": "AutoencoderTiny"}, "AutoencoderTiny by its config.json"),
    ("SD", "vae", {"in_channels": 4}, "4 channels in and 3 out, expected 3 and 3"),
    ("SD", "vae", {"latent_channels": 16}, "4 channels in and 4 out, expected 16 and 16"),
    ("SD", "unet", {"layers_per_block": 10**6}, "layers_per_block = 1000000"),
    ("SD", "unet", {"block_out_channels": [4] * 999}, "999 values of block_out_channels"),
    ("SD", "unet", {"block_out_channels": [4, 10**9]}, "block_out_channels = 1000000000"),
    ("SD", "unet", {"act_fn": "x" * 1000}, "act_fn = xxx"),
    ("SD", "unet", {"norm_eps": {"a": 1}}, "norm_eps = {'a': 1}"),
    ("LDM", "unet", {"in_channels": 6}, "6 channels in and 3 out, expected 3 and 3: it reads a sm"),
    ("SD3", "transformer", {"in_channels": 32}, "32 channels in and 16 out"),
    ("SD3", "transformer", {"patch_size": 1}, "patches of 1, expected 2"),
    ("FLUX dev", "transformer", {"in_channels": 384}, "384 channels in and 384 out"),
    ("FLUX dev", "transformer", {"in_channels": 128, "out_channels": 64}, "picture of control"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "part", "change", "words"), CONFIGS)
def test_networks_that_read_more_are_refused(
    copied: Callable[[str], Path], name: str, part: str, change: dict[str, Any], words: str
) -> None:
    """By what is unusual, and before their weights are looked for."""
    directory = copied(name)
    edit(directory / part / "config.json", **change)
    for weights in directory.glob("*/*.safetensors"):
        weights.unlink()
    refused(directory, words)


def test_settings_that_no_digest_knows_are_refused(
    copied: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A next version of a class may have more, and a pipeline may use it."""
    import diffusers  # noqa: PLC0415 - as the loader does

    class Newer(diffusers.AutoencoderKL):  # type: ignore[misc]
        def __init__(self, *, louder: float = 1.0, **settings: Any) -> None:  # noqa: ARG002
            super().__init__(**settings)

    monkeypatch.setattr(diffusers, "AutoencoderKL", Newer)
    directory = copied("SD")
    edit(directory / "vae/config.json", louder=1.0)
    load_parts(f"diffusers:{directory}")
    edit(directory / "vae/config.json", louder=2.0)
    refused(directory, "the vae", "has the setting louder, which is not supported")


def test_settings_that_a_class_does_not_take_are_refused(copied: Callable[[str], Path]) -> None:
    """In the words of the class, on one line."""
    directory = copied("SD")
    edit(directory / "unet/config.json", down_block_types=["NoBlock", "DownBlock2D"])
    refused(directory, "make no UNet2DConditionModel", "NoBlock", invalid=True)


@pytest.mark.parametrize(
    ("name", "scheduler", "word"),
    [
        ("SD3", "DDIMScheduler", "expected one of flows"),
        ("FLUX dev", "EulerDiscreteScheduler", "expected one of flows"),
        ("SD", "ScoreSdeVeScheduler", "ScoreSdeVeScheduler"),
    ],
)
def test_schedulers_of_other_networks_are_refused(
    copied: Callable[[str], Path], name: str, scheduler: str, word: str
) -> None:
    """Before their weights are looked for."""
    directory = copied(name)
    edit(directory / "scheduler/scheduler_config.json", _class_name=scheduler)
    for weights in directory.glob("*/*.safetensors"):
        weights.unlink()
    refused(directory, word)


def test_a_scale_that_cannot_be_undone_is_refused(copied: Callable[[str], Path]) -> None:
    """An autoencoder with one of two lists, or with a factor of 0."""
    directory = copied("SD")
    edit(directory / "vae/config.json", latents_mean=[0.0] * 4)
    refused(directory, "latents_mean and latents_std", invalid=True)
    edit(directory / "vae/config.json", latents_mean=None, scaling_factor=0.0)
    refused(directory, "factors above 0", invalid=True)


def test_single_files_and_lone_autoencoders_are_refused(tmp_path: Path) -> None:
    """A folder with a checkpoint alone, or with an autoencoder alone."""
    directory = tmp_path / "mine"
    directory.mkdir()
    (directory / "v1-5-pruned.safetensors").write_bytes(b"")
    refused(directory, "has no file model_index.json")
    (directory / "config.json").write_text('{"_class_name": "AutoencoderTiny"}')
    refused(directory, "AutoencoderTiny", "no network that denoises")


@pytest.mark.parametrize("part", ["vae", "unet", "text_encoder"])
def test_only_pickles_are_refused(copied: Callable[[str], Path], part: str) -> None:
    """Unread."""
    directory = copied("SD")
    for weights in (directory / part).glob("*.safetensors"):
        weights.with_suffix(".bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
        weights.unlink()
    refused(directory, f"no {part}/", ".safetensors", "pickles")


def test_pointers_of_git_lfs_are_told(copied: Callable[[str], Path]) -> None:
    """A clone without git-lfs has them in place of weights."""
    directory = copied("SD")
    oid = "0" * 64
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 3438167540\n"
    (directory / UNET).write_text(text)
    refused(directory, "pointer of Git LFS", "git lfs pull", f"{STEM}.safetensors of the unet")


BAD_SHARDS = [
    ("../outside.safetensors", "expected one beside it"),
    ("/etc/passwd", "expected one beside it"),
    ("..\\outside.safetensors", "expected one beside it"),
    ("a/b.safetensors", "expected one beside it"),
    ("model.bin", "expected one beside it"),
    (7, "expected one beside it"),
]


@pytest.mark.parametrize(("shard_name", "words"), BAD_SHARDS)
def test_shards_never_leave_their_folder(
    copied: Callable[[str], Path], tmp_path: Path, shard_name: object, words: str
) -> None:
    """Whatever an index says."""
    directory = copied("SD")
    shutil.copy(directory / UNET, tmp_path / "outside.safetensors")
    index = {"weight_map": {"conv_in.bias": shard_name}}
    (directory / f"unet/{STEM}.safetensors.index.json").write_text(json.dumps(index))
    refused(directory, words, f"unet/{STEM}.safetensors.index.json", invalid=True)


@pytest.mark.parametrize("weight_map", [None, [], {}, "x"])
def test_indexes_without_shards_are_refused(
    copied: Callable[[str], Path], weight_map: object
) -> None:
    """They name no file."""
    directory = copied("SD")
    path = directory / f"unet/{STEM}.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": weight_map}))
    refused(directory, "has no weight_map", invalid=True)


def test_shards_are_counted_found_and_whole(copied: Callable[[str], Path]) -> None:
    """Too many, missing, or two with the same tensor."""
    directory = copied("SD")
    path = directory / f"unet/{STEM}.safetensors.index.json"
    names = {str(k): f"{k}.safetensors" for k in range(65)}
    path.write_text(json.dumps({"weight_map": names}))
    refused(directory, "names 65 files, above 64", invalid=True)
    path.write_text(json.dumps({"weight_map": {"a": "gone.safetensors"}}))
    refused(directory, "names the file gone.safetensors, which is not there")
    shard(directory / UNET)
    second = directory / f"unet/{STEM}-00002-of-00002.safetensors"
    shutil.copy(directory / f"unet/{STEM}-00001-of-00002.safetensors", second)
    refused(directory, "a second time", invalid=True)


def _header(path: Path, entries: object) -> None:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(16))


ENTRY = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
HEADERS = [
    (b"{", "damaged header"),
    ([1], "damaged header"),
    ({"a": ENTRY | {"shape": [5]}}, "damaged header"),
    ({"a": ENTRY | {"shape": [-4]}}, "damaged header"),
    ({"a": ENTRY | {"shape": [2**40, 2**40]}}, "damaged header"),
    ({"a": ENTRY | {"data_offsets": [16, 32]}}, "overlap or leave gaps"),
    ({"a": ENTRY, "b": ENTRY}, "overlap or leave gaps"),
    ({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, "bytes, expected"),
    ({"a": {"dtype": "F32", "shape": [2**30], "data_offsets": [0, 2**32]}}, "bytes, expected"),
]


@pytest.mark.parametrize(("entries", "words"), HEADERS)
def test_damaged_headers_are_refused(
    copied: Callable[[str], Path], entries: object, words: str
) -> None:
    """Nothing is allocated for what the file does not hold."""
    directory = copied("SD")
    _header(directory / UNET, entries)
    refused(directory, words, f"{STEM}.safetensors of the unet", invalid=True)


def test_headers_have_a_limit(
    copied: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bytes, and within the file; the tensors have one too."""
    directory = copied("SD")
    with monkeypatch.context() as patch:
        patch.setattr(tensors, "HEADER_BYTES_MAX", 100)
        refused(directory, "has a header of", invalid=True)
    with monkeypatch.context() as patch:
        patch.setattr(tensors, "TENSORS_MAX", 5)
        refused(directory, "above 5", invalid=True)
    (directory / UNET).write_bytes((2**60).to_bytes(8, "little") + b"{}")
    refused(directory, "has a header of", invalid=True)
    (directory / UNET).write_bytes(b"123")
    refused(directory, "has a header of", invalid=True)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
@pytest.mark.parametrize("flaw", ["missing", "too many", "shape"])
def test_weights_that_do_not_fit_are_refused(
    copied: Callable[[str], Path], part: str, flaw: str
) -> None:
    """The libraries would fill them up with random numbers."""
    directory = copied("SD")
    (path,) = (directory / part).glob("*.safetensors")
    found = safetensors_torch.load_file(path)
    name = sorted(found)[0]
    if flaw == "missing":
        del found[name]
    elif flaw == "too many":
        found["one.more"] = torch.zeros(3)
    else:
        found[name] = torch.zeros(*found[name].shape, 2)
    safetensors_torch.save_file(found, path)
    refused(directory, f"the weights of the {part}", "do not fit its config.json", invalid=True)


@pytest.mark.parametrize(
    "file",
    ["model_index.json", "vae/config.json", "text_encoder/config.json",
     "scheduler/scheduler_config.json", "tokenizer/tokenizer_config.json"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<<<<<<< HEAD\n{}", "is not JSON"),
        ('{"a": NaN}', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not an object"),
        ('"' + "x" * (4 * 2**20) + '"', "too large"),
    ],
)
def test_damaged_json_is_refused(
    copied: Callable[[str], Path], file: str, text: str, words: str
) -> None:
    """With the name of the file."""
    directory = copied("SD")
    (directory / file).write_text(text)
    refused(directory, words, file, invalid=True)


def test_missing_configurations_are_named(copied: Callable[[str], Path]) -> None:
    """A model_index.json alone is no pipeline."""
    directory = copied("SD")
    shutil.rmtree(directory / "vae")
    refused(directory, "has no file vae/config.json")
    shutil.rmtree(directory / "unet")
    refused(directory, "has no file unet/config.json")


def test_tokenizers_without_words_are_refused(copied: Callable[[str], Path]) -> None:
    """And those that are damaged or too large."""
    directory = copied("SD")
    path = directory / "tokenizer/tokenizer.json"
    path.write_text("{}")
    refused(directory, "the tokenizer of the pipeline", invalid=True)
    with path.open("r+b") as file:
        file.truncate(64 * 2**20 + 1)
    refused(directory, "tokenizer/tokenizer.json", "too large", invalid=True)
    path.unlink()
    refused(directory, "has none of the files tokenizer.json, vocab.json")


def test_vocabularies_of_t5_in_another_format_are_refused(copied: Callable[[str], Path]) -> None:
    """A spiece.model takes two more libraries to read."""
    directory = copied("SD3")
    path = directory / "tokenizer_3/tokenizer.json"
    path.rename(path.with_name("spiece.model"))
    refused(directory, "the tokenizer_3", "has none of the files tokenizer.json")


def test_quantised_weights_without_a_word_are_refused(copied: Callable[[str], Path]) -> None:
    """Bytes in place of numbers are of no type that is read."""
    directory = copied("SD")
    edit(directory / "unet/config.json", quantization_config=None)
    drop(directory / "unet/config.json", "quantization_config")
    found = safetensors_torch.load_file(directory / UNET)
    name = sorted(found)[0]
    found[name] = found[name].to(torch.uint8)
    safetensors_torch.save_file(found, directory / UNET)
    refused(directory, "has tensors of type U8, expected BF16, F16, F32")


def test_the_example_of_the_specification(tmp_path: Path) -> None:
    """One tensor of two numbers: its entry, and the digest of weights that have nothing else."""
    path = tmp_path / "model.safetensors"
    safetensors_torch.save_file({"a": torch.tensor([1.0, 2.0])}, path)
    weights = tensors.Weights(tensors.find_tensors([path], "a test"), "a test")
    found = weights.digest()
    assert found == "99cff73078e314c8345d3217f4d46fb42e9a0d9a4fa013a18be2896664d525e8"
    text = SPECIFICATION.read_text("utf-8")
    assert found in text
    assert json.dumps(weights._entries, separators=(",", ":")) in text


@pytest.mark.parametrize("class_name", KEYS)
def test_the_specification_has_every_setting(class_name: str) -> None:
    """The table of settings is that of the code."""
    lines = SPECIFICATION.read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `") and line.count("|") == 3]
    (row,) = (line for line in rows if f"`{class_name}`" in line.split(" | ")[0])
    if "as `unet` above" in row:
        (row,) = (line for line in rows if line.startswith("| `unet` |"))
    listed = row.split(" | ")[1]
    assert all(f"`{key}`" in listed for key in KEYS[class_name])
    assert listed.count("`") == 2 * len(KEYS[class_name])


def test_a_tensor_under_two_names_is_refused(copied: Callable[[str], Path]) -> None:
    """An attention's old name and its new one."""
    directory = copied("SD")
    path = directory / f"vae/{STEM}.safetensors"
    found = safetensors_torch.load_file(path)
    name = next(name for name in found if ".to_q.weight" in name)
    found[name.replace(".to_q.", ".query.")] = found[name].clone() + 1
    safetensors_torch.save_file(found, path)
    refused(directory, "under two names", invalid=True)
