"""`photo-1`: the default prior, its network, its budget and its weights."""

import importlib.resources
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pack_weights import packed
from PIL import Image
from safetensors.numpy import load_file
from torch import nn

from rdpcodec import container
from rdpcodec.chain import Estimator
from rdpcodec.codec import decode, encode_with_report
from rdpcodec.domains import pixel_domain
from rdpcodec.engines.torch_network import TorchNetwork
from rdpcodec.errors import ISSUE, PriorError
from rdpcodec.options import DEFAULT_PRIOR
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.photo_1 import prior as photo_1
from rdpcodec.priors.photo_1.network import FFDNET_FROM, FFDNET_TO, MULTIPLE, PARTS, PhotoNetwork
from rdpcodec.priors.photo_1.prior import FFDNET_TILING, NETWORK_SIGMA_MAX, PhotoPrior
from rdpcodec.priors.photo_1.stored import unpacked
from rdpcodec.transforms.tiles import Tiling

pytestmark = pytest.mark.weights
KODAK = Path(__file__).parents[3] / "shared" / "data" / "kodak"
WEIGHTS = Path(photo_1.__file__).with_name("weights.safetensors")
Floats = NDArray[np.float32]
MakePhoto = Callable[..., NDArray[np.uint8]]
LEVELS = (5, 15, 25, 50, 75)


def estimate(prior: Prior, y: Floats, sigma: float) -> Floats:
    """Return a prior's estimate of a grey or RGB state."""
    return Estimator(prior, pixel_domain(*y.shape[1:]))(y, sigma)


def state(pixels: NDArray[np.uint8]) -> Floats:
    """Return pixels as a state, (1, 3, H, W) in [-1, 1]."""
    return pixel_domain(3, *pixels.shape[:2]).to_state(pixels)


def noisy(x_0: Floats, sigma: float, seed: int = 0) -> Floats:
    """Return y = x_0 + sigma n."""
    return x_0 + sigma * np.random.default_rng(seed).standard_normal(x_0.shape, dtype=np.float32)


def psnr(found: Floats, x_0: Floats) -> float:
    """Return the PSNR in dB, of pixels in [-1, 1]."""
    return float(10 * np.log10(4 / np.square(found - x_0).mean()))


def kodak(number: int, side: int) -> Floats:
    """Return the middle of a Kodak picture; skips where there is none."""
    path = KODAK / f"kodim{number:02}.webp"
    if not path.is_file():
        pytest.skip("the Kodak pictures are not beside this checkout")
    pixels = np.asarray(Image.open(path).convert("RGB"))
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return state(pixels[top : top + side, left : left + side])


def test_it_is_the_default() -> None:
    """Files are written with photo-1 unless asked otherwise."""
    assert DEFAULT_PRIOR == "photo-1"
    assert load_prior("photo-1").id == "photo-1"


def test_weights_are_small_float16_and_safetensors() -> None:
    """At most 20 MB and 10 million parameters, every one finite and of half precision."""
    assert WEIGHTS.stat().st_size <= 20_000_000
    tensors = load_file(WEIGHTS).values()
    assert {value.dtype for value in tensors} == {np.dtype(np.float16)}
    assert all(bool(np.isfinite(value).all()) for value in tensors)
    parameters = sum(value.size for value in tensors)
    assert load_prior("photo-1").card.parameters == parameters <= 10_000_000


@pytest.mark.parametrize("level", [3, 25, 100])
def test_an_evaluation_is_within_the_budget(level: float) -> None:
    """At most 0.6 million floating-point operations for each pixel, counted as they run."""
    operations = 0

    def count(layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal operations
        # A stride-2 transposed convolution uses its weights once for each *input* position.
        grid = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        operations += 2 * grid.shape[2] * grid.shape[3] * layer.weight.numel()

    networks = {name: TorchNetwork(part.graph()) for name, part in PARTS.items()}
    for network in networks.values():
        for layer in network.graph.convolutions:
            network.module(layer.name).register_forward_hook(count)
    PhotoNetwork(networks)(torch.zeros(1, 3, 64, 96), level / 255)
    assert 400_000 < operations / (64 * 96) <= 600_000


@pytest.mark.parametrize("level", [FFDNET_FROM, FFDNET_TO])
def test_nothing_jumps_where_the_network_changes(level: float) -> None:
    """Where one network takes over from the other, both estimate a photo equally well."""
    x_0 = kodak(23, 256)
    prior = load_prior("photo-1")
    y = noisy(x_0, 2 * level)
    below, above = (prior.denoise(y, 2 * level * factor) for factor in (0.9999, 1.0))
    assert not np.array_equal(below, above)
    assert abs(psnr(below, x_0) - psnr(above, x_0)) < 0.25


def test_little_noise_costs_little(photo: MakePhoto) -> None:
    """Where there is hardly any noise, grain of the picture is kept: the error is about sigma."""
    grain = np.random.default_rng(3).standard_normal((1, 3, 192, 256), dtype=np.float32)
    x_0 = (state(photo(256, 192)) + grain * 16 / 255).clip(-1, 1)
    for level in (0.5, 1, 2, 3):
        sigma = 2 * level / 255
        found = load_prior("photo-1").denoise(noisy(x_0, sigma), sigma)
        assert np.sqrt(np.square(found - x_0).mean()) < 1.5 * sigma, level


@pytest.mark.parametrize("sigma", [0.01, 0.5, 1.0, 2.0, 9.0, 60.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 5), (13, 22), (50, 70)])
def test_any_size_is_denoised_at_any_noise(size: tuple[int, int], sigma: float) -> None:
    """Odd and tiny pictures come back in their size, nearer to the flat picture than they were."""
    flat = np.full((2, 3, *size), 0.3, dtype=np.float32)
    y = noisy(flat, sigma)
    found = load_prior("photo-1").denoise(y, sigma)
    assert found.shape == y.shape
    assert found.dtype == np.float32
    assert np.square(found - flat).mean() < max(0.02, np.square(y - flat).mean())


def test_every_noise_level_is_better_than_the_gaussian() -> None:
    """Below its range and in each octave above, the estimate of a photo beats gaussian-1's."""
    x_0 = kodak(7, 512)
    for sigma in (0.05, 0.2, 0.59, 1.1, 1.3, 2.5, 5.0, 9.0):
        y = noisy(x_0, sigma)
        ours, closed = (load_prior(p).denoise(y, sigma) for p in ("photo-1", "gaussian-1"))
        assert psnr(ours, x_0) > psnr(closed, x_0), sigma


def test_nothing_jumps_where_the_network_changes_its_scale() -> None:
    """Across the limit between two octaves the estimates of a photo have the same quality."""
    x_0 = kodak(23, 256)
    prior = load_prior("photo-1")
    for k in (1, 2, 4):
        below, above = k * NETWORK_SIGMA_MAX, 1.0001 * k * NETWORK_SIGMA_MAX
        found = [psnr(prior.denoise(noisy(x_0, s), s), x_0) for s in (below, above)]
        assert abs(found[0] - found[1]) < 0.5, k


def test_a_picture_is_padded_by_its_edge(photo: MakePhoto) -> None:
    """Sides that are no multiples of 16 are denoised with the last row and column repeated."""
    prior = load_prior("photo-1")
    y = noisy(state(photo(40, 23)), 0.1)
    whole = np.pad(y, ((0, 0), (0, 0), (0, -23 % MULTIPLE), (0, -40 % MULTIPLE)), mode="edge")
    expected = prior.denoise(whole, 0.1)[..., :23, :40]
    np.testing.assert_allclose(prior.denoise(y, 0.1), expected, rtol=1.3e-6, atol=1e-5)


def test_seams_between_tiles_are_invisible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut into tiles of 128 with the shipped overlap, a photo loses less than 0.05 dB at any noise.

    The pixels beside the seams, looked at alone, lose no more than 0.05 dB either.
    """
    x_0 = kodak(5, 384)
    prior = load_prior("photo-1")
    for sigma in (0.02, 0.55, 1.1):  # FFDNet sees less than the overlap: it cannot have seams
        y = noisy(x_0, sigma)
        whole = prior.denoise(y, sigma)
        with monkeypatch.context() as patch:
            patch.setattr(photo_1, "TILING", Tiling(128, photo_1.TILING.overlap))
            tiled = prior.denoise(y, sigma)
        assert not np.array_equal(tiled, whole)
        assert psnr(tiled, x_0) > psnr(whole, x_0) - 0.05
        beside = [126, 127, 128, 129, 254, 255, 256, 257]
        assert psnr(tiled[..., beside], x_0[..., beside]) > (
            psnr(whole[..., beside], x_0[..., beside]) - 0.05
        )


@pytest.mark.parametrize(("overlap", "seams"), [(FFDNET_TILING.overlap, False), (16, True)])
def test_ffdnet_has_no_seams(
    photo: MakePhoto, monkeypatch: pytest.MonkeyPatch, overlap: int, seams: bool
) -> None:
    """It sees less than the overlap of its own tiles; less overlap would show."""
    y = noisy(state(photo(150, 90)), 0.2)
    prior = load_prior("photo-1")
    whole = prior.denoise(y, 0.2)
    monkeypatch.setattr(photo_1, "FFDNET_TILING", Tiling(64, overlap))
    assert (np.abs(prior.denoise(y, 0.2) - whole).max() > 1e-4) == seams


def test_grey_is_denoised(photo: MakePhoto) -> None:
    """A grey state has one channel out, much nearer to the picture."""
    x_0 = state(photo(96, 64))[:, 1:2]
    y = noisy(x_0, 0.2)
    found = estimate(load_prior("photo-1"), y, 0.2)
    assert found.shape == x_0.shape
    assert psnr(found, x_0) > psnr(y, x_0) + 6


def test_calibration_is_what_the_prior_does() -> None:
    """The shipped curve falls with sigma, and a photo's error is of its size."""
    prior = load_prior("photo-1")
    assert prior.calibration is not None
    sigmas = (0.01, 0.05, 0.2, 0.5, 1.0, 2.0, 8.0)
    errors = [prior.calibration.mse(sigma) for sigma in sigmas]
    assert errors == sorted(errors)
    x_0 = kodak(4, 512)
    for sigma, expected in zip(sigmas, errors, strict=True):
        found = np.square(prior.denoise(noisy(x_0, sigma), sigma) - x_0).mean()
        assert expected / 3 < found < expected * 3


def test_packages_hold_the_weights_in_another_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the build writes is read to the byte, and is the same prior."""
    expected = load_prior("photo-1").digest
    stored = WEIGHTS.read_bytes()
    for data in (b"", b"a", b"abc", stored):
        assert unpacked(packed(data)) == data
    (tmp_path / "weights.packed").write_bytes(packed(stored))
    shutil.copy(WEIGHTS.with_name("calibration.json"), tmp_path)
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path)
    assert PhotoPrior().digest == expected


@pytest.mark.parametrize("stored", [b"", b"\0" * 100, None])
def test_weights_that_cannot_be_read_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: bytes | None
) -> None:
    """A missing or broken weights file is one sentence with the file's name, RDP-503."""
    if stored is not None:
        (tmp_path / "weights.safetensors").write_bytes(stored)
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path)
    with pytest.raises(PriorError, match=r"weights\.safetensors") as caught:
        PhotoPrior()
    assert caught.value.issue == ISSUE.PRIOR_INVALID


@pytest.mark.parametrize("stored", [b"", b"{}", b'{"sigma": 3}', b"\xff", None])
def test_a_calibration_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: bytes | None
) -> None:
    """The same for the calibration, which both sides compute with."""
    shutil.copy(WEIGHTS, tmp_path)
    if stored is not None:
        (tmp_path / "calibration.json").write_bytes(stored)
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path)
    with pytest.raises(PriorError, match=r"calibration\.json") as caught:
        PhotoPrior()
    assert caught.value.issue == ISSUE.PRIOR_INVALID


def test_the_network_is_evaluated_once_a_quarter_of_an_octave(photo: MakePhoto) -> None:
    """Files have several layers an evaluation, and decode to what the encoder saw."""
    picture = photo(96, 64)
    encoded = encode_with_report(picture, t=1900)
    layers = container.parse(encoded.data).header.layers
    short = sum(a.t - b.t < load_prior("photo-1").refresh for a, b in pairwise(layers))
    assert short > 5
    evaluations = encoded.report.network_evaluations
    assert isinstance(evaluations, int)
    assert evaluations < len(layers) - short // 3
    decoded = decode(encoded.data, rho=0)
    assert psnr(state(decoded.pixels), state(picture)) > 26
