"""`photo-1` evaluated by ncnn and by torch: the same numbers, the same files."""

import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rdpcodec.arrays import host, place
from rdpcodec.codec import decode, encode, encode_with_report
from rdpcodec.compute import Compute, neutral
from rdpcodec.engines import ncnn_network
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.photo_1 import prior as photo_1
from rdpcodec.priors.photo_1.prior import PhotoPrior
from rdpcodec.transforms.tiles import Tiling

HAS_NCNN = ncnn_network.version() is not None
pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(not HAS_NCNN, reason="ncnn is not here"),
]
Floats = NDArray[np.float32]
MakePhoto = Callable[..., NDArray[np.uint8]]
TORCH = f"torch {version('torch')}"
# Each network, both sides of every change between them, and two octaves.
SIGMAS = (0.004, 0.03, 0.0315, 0.2, 0.501, 0.503, 1.1, 1.5, 4.0)


def noisy(size: tuple[int, int], sigma: float, batch: int = 1) -> Floats:
    """Return a ramp of grey under noise, (batch, 3, H, W)."""
    noise = np.random.default_rng(3).standard_normal((batch, 3, *size), dtype=np.float32)
    ramp = np.linspace(-0.8, 0.8, size[0] * size[1], dtype=np.float32).reshape(1, 1, *size)
    return ramp + sigma * noise


def denoised(prior: Prior, y: Floats, sigma: float) -> Floats:
    """Return the estimate as numpy has it, wherever the prior computes."""
    return host(prior.denoise(place(y, prior.device), sigma))


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("size", [(16, 16), (64, 48), (272, 160), (37, 90)])
def test_engines_agree(size: tuple[int, int], sigma: float) -> None:
    """Estimates differ by less than 1e-4 of [-1, 1], at every noise level and in octaves."""
    y = noisy(size, sigma)
    ours, other = load_prior("photo-1"), load_prior("photo-1", engine="torch")
    assert np.abs(denoised(ours, y, sigma) - denoised(other, y, sigma)).max() < 1e-4


def test_the_engine_is_no_part_of_the_prior() -> None:
    """The digest is the same; the name of the engine is not, and says its version."""
    ours, other = load_prior("photo-1"), load_prior("photo-1", engine="torch")
    assert ours.digest == other.digest
    assert ours.engine == f"ncnn {ncnn_network.version()}"
    assert other.engine == TORCH


@pytest.mark.parametrize("sigma", [0.02, 0.3])
def test_threads_change_no_bit(sigma: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """1, 2 and 3 threads and a second run give the same bits, in one piece and in tiles."""
    prior, found = load_prior("photo-1"), []
    for count in (1, 2, 3, 3):
        found.append(b"")
        for size in ((1, 1), (13, 22), (101, 67), (90, 130)):
            for tiling in (Tiling(1024, 64), Tiling(64, 16)):
                for name in ("TILING", "FFDNET_TILING"):
                    monkeypatch.setattr(photo_1, name, tiling)
                with neutral(count):
                    found[-1] += prior.denoise(noisy(size, sigma), sigma).tobytes()
    assert len(set(found)) == 1


def test_a_batch_is_its_pictures() -> None:
    """Pictures denoised together come out as each alone."""
    y, prior = noisy((32, 48), 0.3, batch=3), load_prior("photo-1")
    alone = np.concatenate([prior.denoise(one[None], 0.3) for one in y])
    assert np.array_equal(prior.denoise(y, 0.3), alone)


@pytest.mark.slow
def test_files_and_pictures_are_the_same_for_every_number_of_threads(photo: MakePhoto) -> None:
    """Same bytes and same pixels with one, two and three threads, and torch keeps its number."""
    picture, before = photo(121, 97), torch.get_num_threads()
    data = encode(picture, t=2200, threads=1)
    pixels = decode(data, rho=0.5, threads=1).pixels
    for count in (2, 3):
        assert encode(picture, t=2200, threads=count) == data
        assert np.array_equal(decode(data, rho=0.5, threads=count).pixels, pixels)
    assert torch.get_num_threads() == before


def test_engines_read_each_other(photo: MakePhoto) -> None:
    """What one engine wrote the other reads as the same picture, but for single steps of 255."""
    picture = photo(64, 48)
    engines = [load_prior("photo-1"), load_prior("photo-1", engine="torch")]
    for writer, reader in (engines, engines[::-1]):
        encoded = encode_with_report(picture, t=2300, prior=writer)
        assert encoded.report.engine == writer.engine
        meant, found = (decode(encoded.data, rho=1, prior=p).pixels for p in (writer, reader))
        difference = np.abs(meant.astype(int) - found)
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.01


def test_bfloat16_is_left_to_torch() -> None:
    """Whoever asks for it has torch, also for what stays in float32."""
    fast = load_prior("photo-1", precision="bfloat16")
    assert (fast.engine, fast.device) == (TORCH, "cpu")


def test_without_ncnn_torch_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that cannot load ncnn computes the same picture, and names torch."""
    monkeypatch.setattr(ncnn_network, "ncnn", None)
    prior = PhotoPrior()
    assert prior.engine == TORCH
    y = noisy((32, 32), 0.3)
    other = PhotoPrior(Compute(engine="torch"))
    assert np.array_equal(denoised(prior, y, 0.3), denoised(other, y, 0.3))


@pytest.mark.parametrize("error", [ImportError, OSError])
def test_an_ncnn_that_does_not_load_is_none(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Neither a missing package nor a library that does not fit the machine stops the import."""

    class Failing:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "ncnn":
                raise error

    monkeypatch.delitem(sys.modules, "ncnn", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Failing(), *sys.meta_path])
    spec = spec_from_file_location("another", ncnn_network.__file__)
    assert spec is not None
    assert spec.loader is not None
    fresh = module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert fresh.version() is None
