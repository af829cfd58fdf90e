"""The adapter for diffusers pipelines, on tiny pipelines that the tests build and save."""

import errno
import hashlib
import json
import math
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch
from priors.tiny_pipelines import PIPELINES, shard
from torch import Tensor

from rdpcodec.chain import Estimator
from rdpcodec.domains import pixel_domain
from rdpcodec.errors import ISSUE, PriorError, PriorUnavailableError
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.diffusers import load_pipeline
from rdpcodec.priors.diffusers import source as pipeline_source
from rdpcodec.priors.gaussian import GaussianPrior

diffusers: Any = pytest.importorskip("diffusers", exc_type=ImportError)
hub: Any = pytest.importorskip("huggingface_hub", exc_type=ImportError)
safetensors_torch: Any = pytest.importorskip("safetensors.torch", exc_type=ImportError)

pytestmark = pytest.mark.usefixtures("one_thread")
PREDICTIONS = ["epsilon", "v_prediction", "sample"]
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILE_ID = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]{0,63}")


def estimate(prior: Prior, y: Tensor, sigma: float) -> Tensor:
    """Return a prior's estimate of a grey or RGB state."""
    return Estimator(prior, pixel_domain(*y.shape[1:]))(y, sigma)


def _save(directory: Path, *, unet: Any = None, **scheduler: Any) -> Path:
    """Save a pipeline with a seeded network of a few thousand weights."""
    torch.manual_seed(0)
    sizes = {"block_out_channels": (4, 8, 8), "layers_per_block": 1, "norm_num_groups": 4}
    blocks = {"down_block_types": ["DownBlock2D"] * 3, "up_block_types": ["UpBlock2D"] * 3}
    network = diffusers.UNet2DModel(
        **{"sample_size": 16, "attention_head_dim": 4, **sizes, **blocks, **(unet or {})}
    )
    parts = {"unet": network, "scheduler": diffusers.DDPMScheduler(**scheduler)}
    diffusers.DDPMPipeline(**parts).save_pretrained(directory)
    return directory


def _edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _refused(directory: Path | str) -> PriorError:
    with pytest.raises(PriorError) as caught:
        load_pipeline(f"diffusers:{directory}")
    text = str(caught.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return caught.value


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A saved pipeline with diffusers' own defaults."""
    return _save(tmp_path / "tiny")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache."""
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def fake_hub(
    tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ThreadingHTTPServer]:
    """A hub on this machine that holds the tiny pipeline as `owner/tiny`."""
    assert not cache.exists()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(tiny))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _use_hub(monkeypatch, server.server_port)
    yield server
    server.shutdown()
    server.server_close()


def _use_hub(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Do what HF_ENDPOINT does before the library is imported."""
    url = f"http://127.0.0.1:{port}"
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(hub.constants, "ENDPOINT", url)
    monkeypatch.setattr(hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def _response(root: Path, path: str) -> tuple[int, bytes, str]:
    """Return status, body and the hub's error code."""
    found = re.fullmatch(r"/owner/tiny/resolve/([^/]+)/(.+)", path)
    if path.startswith("/api/models/owner/tiny/commits/"):
        date = "2024-01-01T00:00:00.000Z"
        entry = {"id": COMMIT, "title": "", "message": "", "authors": [], "date": date}
        return 200, json.dumps([entry]).encode(), ""
    if found is None:
        return 404, b"", "RepoNotFound"
    if found[1] not in {"main", COMMIT}:
        return 404, b"", "RevisionNotFound"
    if not (root / found[2]).is_file():
        return 404, b"", "EntryNotFound"
    return 200, (root / found[2]).read_bytes(), ""


def _handler(root: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, code = _response(root, self.path.split("?")[0])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Error-Code", code)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the base class calls it so

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize(("kind", "clip"), [("DDPMScheduler", False), ("DDIMScheduler", True)])
def test_agrees_with_diffusers(tmp_path: Path, prediction: str, kind: str, clip: bool) -> None:
    """At integer timesteps x0_hat is what diffusers' own scheduler computes."""
    directory = _save(tmp_path / "tiny", prediction_type=prediction, clip_sample=clip)
    _edit(directory / "scheduler/scheduler_config.json", _class_name=kind)
    prior = load_pipeline(f"diffusers:{directory}")
    scheduler = getattr(diffusers, kind).from_pretrained(directory / "scheduler")
    scheduler.set_timesteps(1000)
    network = diffusers.UNet2DModel.from_pretrained(directory / "unet", low_cpu_mem_usage=False)
    for t in (0, 1, 37, 500, 999):
        alpha_bar = scheduler.alphas_cumprod[t].double().item()
        x_t = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(t))
        with torch.no_grad():
            output = network(x_t, t).sample
        expected = scheduler.step(output, t, x_t).pred_original_sample
        sigma = math.sqrt((1 - alpha_bar) / alpha_bar) * (1 - 1e-12)
        found = prior.denoise(x_t / math.sqrt(alpha_bar), sigma)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 5), (16, 16), (33, 18)])
def test_any_size(tiny: Path, size: tuple[int, int]) -> None:
    """Any size gives a finite float32 picture of the same size, grey or colour."""
    prior = load_pipeline(f"diffusers:{tiny}")
    for channels in (1, 3):
        y = torch.randn(2, channels, *size)
        found = estimate(prior, y, 0.5)
        assert found.shape == y.shape
        assert found.dtype == torch.float32
        assert found.isfinite().all()


def test_one_pixel_with_single_channel_groups(tmp_path: Path) -> None:
    """One picture of 1x1 pixels works where each group of the norm is one channel."""
    directory = _save(tmp_path / "tiny", unet={"block_out_channels": (4, 4, 4)})
    found = load_pipeline(f"diffusers:{directory}").denoise(torch.randn(1, 3, 1, 1), 0.5)
    assert found.isfinite().all()


def test_time_is_fractional(tiny: Path) -> None:
    """Between two timesteps t is interpolated in log sigma and reaches the network uncut."""
    prior: Any = load_pipeline(f"diffusers:{tiny}")
    log_sigma = prior._schedule.levels.log_sigma
    middle = math.exp((log_sigma[300] + log_sigma[301]) / 2)
    assert prior._schedule.levels.time(middle) == pytest.approx(300.5)
    seen: list[Any] = []
    prior._network.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    prior.denoise(torch.zeros(1, 3, 8, 8), middle)
    assert seen[0].item() == pytest.approx(300.5)


def test_below_the_range(tmp_path: Path) -> None:
    """Below the smallest sigma t is 0, x0_hat uses the true sigma, and sigma 0 returns y."""
    directory = _save(tmp_path / "tiny", clip_sample=False)
    prior: Any = load_pipeline(f"diffusers:{directory}")
    y = torch.rand(1, 3, 8, 8)
    sigma = math.exp(prior._schedule.levels.log_sigma[0]) / 4
    with torch.no_grad():
        eps = prior._network(y / math.sqrt(1 + sigma**2), torch.tensor(0.0)).sample
    torch.testing.assert_close(prior.denoise(y, sigma), y - sigma * eps, rtol=0, atol=1e-6)
    assert prior.denoise(y, 0.0).equal(y)


@pytest.mark.parametrize("zero_snr", [False, True])
def test_above_the_range(tmp_path: Path, zero_snr: bool) -> None:
    """Above the largest finite sigma gaussian-1 answers."""
    directory = _save(tmp_path / "tiny", rescale_betas_zero_snr=zero_snr)
    prior: Any = load_pipeline(f"diffusers:{directory}")
    sigma = prior._schedule.levels.sigma_max * 1.01
    assert math.isfinite(sigma)
    y = sigma * torch.randn(1, 3, 9, 7)
    assert estimate(prior, y, sigma).equal(GaussianPrior().denoise(y, sigma))


def test_digest_follows_the_weights_only(tiny: Path, tmp_path: Path) -> None:
    """A copy elsewhere has the same digest; one changed weight gives another."""
    digest = load_pipeline(f"diffusers:{tiny}").digest
    copy = shutil.copytree(tiny, tmp_path / "somewhere else")
    assert load_pipeline(f"diffusers:{copy}").digest == digest
    weights = safetensors_torch.load_file(copy / WEIGHTS)
    weights["conv_in.bias"] = weights["conv_in.bias"] + torch.tensor([1e-6, 0, 0, 0])
    safetensors_torch.save_file(weights, copy / WEIGHTS, metadata={"format": "pt"})
    assert load_pipeline(f"diffusers:{copy}").digest != digest


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("scheduler/scheduler_config.json", {"prediction_type": "sample"}),
        ("scheduler/scheduler_config.json", {"beta_end": 0.03}),
        ("scheduler/scheduler_config.json", {"clip_sample": False}),
        ("unet/config.json", {"flip_sin_to_cos": False}),
    ],
)
def test_digest_follows_the_configuration(tiny: Path, file: str, change: dict[str, Any]) -> None:
    """Whatever changes the output changes the digest."""
    digest = load_pipeline(f"diffusers:{tiny}").digest
    _edit(tiny / file, **change)
    assert load_pipeline(f"diffusers:{tiny}").digest != digest


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("scheduler/scheduler_config.json", {"_diffusers_version": "0.1", "steps_offset": 1}),
        ("unet/config.json", {"_diffusers_version": "0.1", "sample_size": 64}),
        ("model_index.json", {"_class_name": "DDIMPipeline", "_name_or_path": "/home/me"}),
    ],
)
def test_digest_ignores_the_rest(tiny: Path, file: str, change: dict[str, Any]) -> None:
    """Versions, paths and sampling options do not change the digest."""
    digest = load_pipeline(f"diffusers:{tiny}").digest
    _edit(tiny / file, **change)
    assert load_pipeline(f"diffusers:{tiny}").digest == digest


@pytest.mark.parametrize("name", ["tiny", "Späte Bilder: v2", "x" * 90, "---", "a@b"])
def test_id_holds_no_path(tiny: Path, name: str) -> None:
    """The id of a local pipeline is short, plain and says nothing of where it lies."""
    directory = tiny.rename(tiny.parent / name)
    prior = load_prior(f"diffusers:{directory}")
    assert FILE_ID.fullmatch(prior.id)
    assert "/" not in prior.id
    assert str(tiny.parent) not in json.dumps(dict(prior.identity.manifest))
    assert load_pipeline(f"diffusers:{directory}").id == prior.id


def test_long_ids_stay_distinct() -> None:
    """Long names are cut the same way each time, and differ when the names do."""
    ids = {
        pipeline_source._fit("owner/" + "n" * 80 + end, "@0123456789ab") for end in ("1", "2", "1")
    }
    assert len(ids) == 2
    assert all(FILE_ID.fullmatch(i) and i.endswith("@0123456789ab") for i in ids)


def test_flat_layout(tiny: Path, tmp_path: Path) -> None:
    """The oldest pipelines, with all files at the root, have the digest of the new layout."""
    flat = tmp_path / "flat"
    flat.mkdir()
    for file in (*tiny.glob("*.json"), *tiny.glob("*/*")):
        shutil.copy(file, flat / file.name)
    assert load_pipeline(f"diffusers:{flat}").digest == load_pipeline(f"diffusers:{tiny}").digest


def test_learned_variance(tmp_path: Path) -> None:
    """Of six outputs, the last three of them a variance, the first three are used."""
    directory = _save(tmp_path / "six", unet={"out_channels": 6}, variance_type="learned_range")
    assert (
        load_pipeline(f"diffusers:{directory}").denoise(torch.zeros(1, 3, 8, 8), 1.0).shape[1] == 3
    )


def test_pickles_are_refused(tiny: Path) -> None:
    """A pipeline that has only .bin weights is refused unread."""
    (tiny / WEIGHTS).unlink()
    (tiny / "unet/diffusion_pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    error = _refused(tiny)
    assert error.issue is ISSUE.PRIOR_UNAVAILABLE
    assert "pickle" in str(error)


@pytest.mark.parametrize(
    ("unet", "word"),
    [
        ({"num_class_embeds": 10}, "class"),
        ({"class_embed_type": "timestep"}, "class"),
        ({"in_channels": 6}, "6 channels in"),
        ({"in_channels": 1, "out_channels": 1}, "1 channels in"),
        ({"out_channels": 6}, "6 out"),
        ({"time_embedding_type": "fourier"}, "fourier"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, unet: dict[str, Any], word: str) -> None:
    """Conditional networks and those not from RGB to RGB are refused by name."""
    error = _refused(_save(tmp_path / "other", unet=unet))
    assert error.issue is ISSUE.PRIOR_UNAVAILABLE
    assert word in str(error)


@pytest.mark.parametrize(
    ("file", "change", "word"),
    [
        ("model_index.json", {"vqvae": ["diffusers", "VQModel"]}, "vqvae"),
        ("model_index.json", {"unet": ["diffusers", "UNet2DConditionModel"]}, "ConditionModel"),
        ("model_index.json", {"unet": ["my_code", "MyUNet"]}, "MyUNet"),
        ("scheduler/scheduler_config.json", {"_class_name": "ScoreSdeVeScheduler"}, "ScoreSdeVe"),
        ("scheduler/scheduler_config.json", {"prediction_type": "flow"}, "flow"),
        ("scheduler/scheduler_config.json", {"beta_start": 0.0, "beta_end": 0.0}, "noise"),
        ("unet/config.json", {"_class_name": "UNet2DConditionModel"}, "ConditionModel"),
        ("unet/config.json", {"quantization_config": {"load_in_8bit": True}}, "quantised"),
    ],
)
def test_other_pipelines_are_refused(
    tiny: Path, file: str, change: dict[str, Any], word: str
) -> None:
    """Latent, foreign and non-diffusing pipelines are refused by name."""
    _edit(tiny / file, **change)
    error = _refused(tiny)
    assert error.issue is ISSUE.PRIOR_UNAVAILABLE
    assert word in str(error)


@pytest.mark.parametrize(
    "file", ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", WEIGHTS]
)
def test_missing_and_damaged_files(tiny: Path, file: str) -> None:
    """A damaged or missing file is one sentence that names the pipeline."""
    (tiny / file).write_bytes((tiny / file).read_bytes()[:30])
    error = _refused(tiny)
    assert error.issue is ISSUE.PRIOR_INVALID
    assert "tiny" in str(error)
    (tiny / file).unlink()
    error = _refused(tiny)
    assert error.issue is ISSUE.PRIOR_UNAVAILABLE
    assert file in str(error)


def test_incomplete_weights_are_refused(tiny: Path) -> None:
    """A missing tensor is refused, where diffusers fills in random numbers."""
    weights = safetensors_torch.load_file(tiny / WEIGHTS)
    del weights["conv_in.bias"]
    safetensors_torch.save_file(weights, tiny / WEIGHTS, metadata={"format": "pt"})
    assert _refused(tiny).issue is ISSUE.PRIOR_INVALID


def test_quiet(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Loading writes nothing to stdout or stderr."""
    load_pipeline(f"diffusers:{tiny}").denoise(torch.zeros(1, 3, 8, 8), 1.0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("missing", ["diffusers", "torch"])
def test_diffusers_not_installed(tiny: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Without the optional dependencies the error says how to install them."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(PriorUnavailableError, match=r"pip install 'rdpcodec\[diffusers\]'"):
        load_prior(f"diffusers:{tiny}")


@pytest.mark.parametrize("name", ["/no/such/directory", "./missing", "", "a b", "a/b/c"])
def test_unknown_directory(name: str) -> None:
    """A name that is neither a directory nor a hub id is refused without asking the hub."""
    error = _refused(name)
    assert isinstance(error, PriorUnavailableError)
    assert "neither a local directory" in str(error)


@pytest.mark.parametrize("name", ["google/ddpm", "google/ddpm@v1", f"google/ddpm@{COMMIT}"])
@pytest.mark.parametrize("reason", ["offline", "refused", "silent"])
@pytest.mark.usefixtures("cache")
def test_unreachable_hub(
    name: str, reason: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An unreachable hub is one sentence, once, within seconds."""
    monkeypatch.setattr(pipeline_source, "HUB_TIMEOUT_S", 0.3)
    _use_hub(monkeypatch, 9)
    if reason == "offline":
        monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as listens_only:
        if reason == "silent":
            _use_hub(monkeypatch, listens_only.server_port)
        start = time.monotonic()
        error = _refused(name)
    assert time.monotonic() - start < 5
    assert error.issue is ISSUE.PRIOR_UNAVAILABLE
    assert "cannot be had from the model hub" in str(error)
    assert error.__cause__ is not None
    assert capfd.readouterr() == ("", "")


def test_hub_download_then_cache(
    tiny: Path, fake_hub: ThreadingHTTPServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A hub model has the local digest, its id loads it again, and offline the cache serves."""
    prior = load_pipeline("diffusers:owner/tiny")
    assert prior.id == f"diffusers:owner/tiny@{COMMIT[:12]}"
    assert prior.digest == load_pipeline(f"diffusers:{tiny}").digest
    fake_hub.shutdown()
    fake_hub.server_close()
    for name in (prior.id, "diffusers:owner/tiny", f"diffusers:owner/tiny@{COMMIT}"):
        assert load_pipeline(name).id == prior.id
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("fake_hub")
def test_hub_finds_the_commit_of_an_id() -> None:
    """The shortened commit in a file's id is found on the hub, which knows only whole ones."""
    assert load_pipeline(f"diffusers:owner/tiny@{COMMIT[:12]}").id.endswith(COMMIT[:12])


@pytest.mark.usefixtures("fake_hub")
def test_hub_refusals(tiny: Path) -> None:
    """An unknown model, revision or file of the hub is one sentence that names it."""
    assert "nobody/none" in str(_refused("nobody/none"))
    assert "no revision v9" in str(_refused("owner/tiny@v9"))
    assert "no revision fffffff" in str(_refused("owner/tiny@fffffff"))
    (tiny / WEIGHTS).unlink()
    assert "pickle" in str(_refused("owner/tiny"))
    (tiny / "model_index.json").unlink()
    assert "model_index.json" in str(_refused("owner/tiny@main"))


def test_hub_serves_whole_pipelines(
    tiny: Path, fake_hub: ThreadingHTTPServer, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Shards too, nothing beyond what is read, and nothing is asked a second time."""
    shutil.rmtree(tiny)
    PIPELINES["SDXL"]().save_pretrained(tiny)
    capfd.readouterr()
    local = load_pipeline(f"diffusers:{tiny}").digest
    shard(tiny / WEIGHTS)
    for name in ("model.ckpt", "unet/diffusion_pytorch_model.bin", "vae_1_0/config.json"):
        (tiny / name).parent.mkdir(exist_ok=True)
        (tiny / name).write_bytes(b"not for us")
    assert load_pipeline("diffusers:owner/tiny").digest == local
    kept = {path.name for path in cache.rglob("snapshots/*/**/*") if not path.is_dir()}
    assert not kept & {"model.ckpt", "diffusion_pytorch_model.bin", "README.md"}
    assert not list(cache.rglob("vae_1_0"))
    fake_hub.shutdown()
    fake_hub.server_close()
    assert load_pipeline("diffusers:owner/tiny").with_prompt("a").digest != local
    assert load_pipeline("diffusers:owner/tiny").digest == local
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("fake_hub")
def test_hub_serves_networks_without_an_index(tiny: Path) -> None:
    """The root config.json tells the commit, as the index does."""
    before = load_pipeline(f"diffusers:{tiny}").digest
    for file in (*tiny.glob("unet/*"), *tiny.glob("scheduler/*")):
        file.rename(tiny / file.name)
    (tiny / "model_index.json").unlink()
    prior = load_pipeline("diffusers:owner/tiny")
    assert (prior.id, prior.digest) == (f"diffusers:owner/tiny@{COMMIT[:12]}", before)


@pytest.mark.usefixtures("fake_hub")
def test_a_full_disk_is_one_sentence(
    tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the download where its size is known, else when it happens."""
    size = (tiny / WEIGHTS).stat().st_size
    usage = shutil.disk_usage(tiny)._replace(free=size - 1)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage)
        sentence = str(_refused("owner/tiny"))
    assert f"has {size:,} bytes and there are {size - 1:,}" in sentence
    cached = hub.hf_hub_download

    def download(*args: Any, local_files_only: bool = False, **options: Any) -> str:
        if local_files_only:
            return str(cached(*args, local_files_only=True, **options))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hub, "hf_hub_download", download)
    shutil.rmtree(cache)
    assert "does not fit on the disk of the cache: it is full" in str(_refused("owner/tiny"))


@pytest.mark.usefixtures("fake_hub")
def test_a_gated_model_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """SD 3 and FLUX.1 dev ask for consent first."""
    gated = hub.errors.GatedRepoError("Access is restricted.", response=Mock())
    monkeypatch.setattr(hub, "get_hf_file_metadata", Mock(side_effect=gated))
    assert "only for accounts it was granted to" in str(_refused("owner/tiny"))
