"""Where and how finely a run computes; never a matter of the file."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from rdpcodec import container, threads
from rdpcodec.arrays import host, place
from rdpcodec.codec import decode, encode
from rdpcodec.compute import Compute, neutral
from rdpcodec.domains import pixel_domain
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.memo import MemoPrior
from rdpcodec.priors.photo_1.prior import BFLOAT16_FROM, NETWORK_SIGMA_MAX, PhotoPrior

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
MakePhoto = Callable[..., Pixels]
PRECISIONS = ("float32", "bfloat16")
FAST: dict[str, Any] = {"precision": "bfloat16"}


def psnr(found: object, truth: object) -> float:
    """Return the PSNR in dB of 8-bit pixels."""
    error = np.square(np.asarray(found).astype(float) - np.asarray(truth)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def state(pixels: Pixels) -> Floats:
    """Return (H, W, 3) pixels as a state."""
    return pixel_domain(3, *pixels.shape[:2]).to_state(pixels)


def noise(shape: tuple[int, ...], seed: int) -> Floats:
    """Return standard normal noise."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def denoised(prior: Prior, y: Floats, sigma: float) -> Floats:
    """Return the estimate as numpy has it, wherever the prior computes."""
    return host(prior.denoise(place(y, prior.device), sigma))


def test_the_default_is_float32_on_the_cpu() -> None:
    """Who says nothing gets what every machine has."""
    compute = Compute()
    assert (compute.device, compute.precision) == ("cpu", "float32")
    with pytest.raises(FrozenInstanceError):
        compute.device = "cuda"  # type: ignore[misc]


@pytest.mark.parametrize("device", ["cuda:99", "meta", "tpu", "", "CPU", "cuda:-1"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    """The refusal names what was asked for and what there is."""
    with pytest.raises(UsageError, match=f"device is {device}, expected .* cpu") as caught:
        Compute(device=device)
    assert caught.value.issue == ISSUE.INVALID_OPTION == "RDP-701"


def test_what_torch_finds_is_what_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices are accepted with and without a number, as many as there are."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert [Compute(device).device for device in ("cuda", "cuda:1")] == ["cuda", "cuda:1"]
    with pytest.raises(UsageError, match=r"device is mps, .*: cpu or cuda or cuda:0 or cuda:1"):
        Compute("mps")


@pytest.mark.parametrize("option", [{"device": "cuda:99"}, {"precision": "float8"}])
def test_both_directions_refuse_before_they_work(photo: MakePhoto, option: dict[str, Any]) -> None:
    """An option that is out of range has its id, in `encode` and in `decode`."""
    for call in (
        lambda: encode(photo(8, 8), prior="gaussian-1", **option),
        lambda: decode(b"not even a file", **option),
    ):
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.issue == ISSUE.INVALID_OPTION


def test_naming_the_default_changes_nothing(photo: MakePhoto) -> None:
    """`device` cpu and `precision` float32 are what everybody had before there was a choice."""
    picture, same = photo(24, 16), {"device": "cpu", "precision": "float32"}
    data = encode(picture, prior="gaussian-1", t=2100)
    assert encode(picture, prior="gaussian-1", t=2100, **same) == data
    assert np.array_equal(decode(data, **same).pixels, decode(data).pixels)


def test_a_prior_is_loaded_once_for_each_device_and_precision() -> None:
    """What is loaded for one precision is not touched by another; both remember what they are."""
    exact, fast = load_prior("gaussian-1"), load_prior("gaussian-1", precision="bfloat16")
    assert exact is load_prior("gaussian-1", "cpu", "float32")
    assert fast is not exact
    assert (exact.compute.precision, fast.compute.precision) == ("float32", "bfloat16")
    assert MemoPrior(fast).compute is fast.compute


@pytest.mark.weights
def test_the_precision_is_no_part_of_the_prior() -> None:
    """The digest is the same, and the estimates differ."""
    exact, fast = load_prior("photo-1"), load_prior("photo-1", precision="bfloat16")
    assert fast.digest == exact.digest
    y = noise((1, 3, 32, 32), 0)
    assert np.abs(denoised(fast, y, 0.5) - denoised(exact, y, 0.5)).max() > 1e-3


@pytest.mark.weights
def test_bfloat16_is_left_to_large_noise(photo: MakePhoto) -> None:
    """Below the bound the bits are those of float32; above it the loss is 0.03 dB at most."""
    x_0 = state(photo(96, 96))
    exact, fast = (PhotoPrior(Compute(engine="torch", precision=p)) for p in PRECISIONS)
    drawn = noise(x_0.shape, 1)
    for sigma in (0.03, 0.99 * BFLOAT16_FROM):
        y = x_0 + sigma * drawn
        assert np.array_equal(denoised(fast, y, sigma), denoised(exact, y, sigma))
    for sigma in (1.2 * BFLOAT16_FROM, NETWORK_SIGMA_MAX, 2 * NETWORK_SIGMA_MAX):
        y = x_0 + sigma * drawn
        estimates = denoised(fast, y, sigma), denoised(exact, y, sigma)
        assert estimates[0].dtype == np.float32
        assert not np.array_equal(*estimates)
        errors = [float(np.square(estimate - x_0).mean()) for estimate in estimates]
        assert 10 * np.log10(errors[0] / errors[1]) < 0.03


@pytest.mark.weights
@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.1])
def test_bfloat16_keeps_the_mean_colour(photo: MakePhoto, sigma: float) -> None:
    """The mean moves by under 0.2 of 255, since a chain of estimates would add it up."""
    x_0 = state(photo(96, 96, seed=3))
    y = x_0 + sigma * noise(x_0.shape, 2)
    exact, fast = load_prior("photo-1"), load_prior("photo-1", precision="bfloat16")
    moved = denoised(fast, y, sigma) - denoised(exact, y, sigma)
    assert np.abs(moved.mean(axis=(0, 2, 3))).max() * 127.5 < 0.2


@pytest.mark.weights
def test_precisions_read_each_other(photo: MakePhoto, one_thread: None) -> None:
    """A file of either precision is read in the other, a little off the picture it means."""
    del one_thread
    picture = photo(64, 48)
    files = [encode(picture, t=2300), encode(picture, t=2300, **FAST)]
    headers = [container.parse(data).header for data in files]
    assert headers[0].prior_digest == headers[1].prior_digest
    for data in files:
        exact, fast = decode(data, rho=0).pixels, decode(data, rho=0, **FAST).pixels
        assert psnr(exact, fast) > 40
        assert abs(psnr(exact, picture) - psnr(fast, picture)) < 0.3


@pytest.mark.gpu
@pytest.mark.parametrize("prior", ["photo-1", "gaussian-1"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_made_on_a_gpu_is_read_on_the_cpu(
    photo: MakePhoto, prior: str, channels: int
) -> None:
    """What cuda wrote reads on both sides alike, at one rho and with a map of it."""
    if not torch.cuda.is_available():
        pytest.skip("torch finds no cuda here")
    picture = photo(96, 64, channels)
    data = encode(picture, prior=prior, t=2100, device="cuda")
    for rho in (0.0, 1.0, np.linspace(0, 1, 96 * 64, dtype=np.float32).reshape(64, 96)):
        here, there = decode(data, rho=rho), decode(data, rho=rho, device="cuda")
        assert psnr(here.pixels, there.pixels) > 40
        assert psnr(here.pixels, picture) > 20


@pytest.fixture
def float64_default() -> Iterator[None]:
    """Make float64 the default of torch, as scientific programs do."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    "prior", ["gaussian-1", pytest.param("photo-1", marks=pytest.mark.weights)]
)
def test_what_a_caller_has_set_in_torch_changes_nothing(
    photo: MakePhoto, prior: str, float64_default: None
) -> None:
    """A default dtype, autocast, a default device and gradient modes: the same bytes and pixels."""
    del float64_default
    picture = photo(40, 32)
    torch.set_default_dtype(torch.float32)
    data = encode(picture, prior=prior, t=2200)
    pixels = decode(data, rho=1.0).pixels
    torch.set_default_dtype(torch.float64)
    settings: list[Any] = [
        nullcontext(),
        torch.autocast("cpu", dtype=torch.bfloat16),
        torch.device("meta"),
        torch.inference_mode(),
        torch.enable_grad(),
    ]
    for setting in settings:
        with setting:
            assert encode(picture, prior=prior, t=2200) == data
            assert np.array_equal(decode(data, rho=1.0).pixels, pixels)


def test_float32_is_float32() -> None:
    """TF32 and bfloat16, which torch or a caller allows in its place, are off for a while."""
    if not hasattr(torch.backends.cudnn, "conv"):
        pytest.skip("this torch has the settings of test_older_torch_has_no_tf32_either")
    owners = [torch.backends.cudnn.conv, torch.backends.cuda.matmul, torch.backends.mkldnn.conv]
    before = [owner.fp32_precision for owner in owners]
    try:
        torch.backends.cuda.matmul.fp32_precision = "tf32"
        torch.backends.mkldnn.conv.fp32_precision = "bf16"
        with neutral():
            assert [owner.fp32_precision for owner in owners] == ["ieee"] * 3
        assert [owner.fp32_precision for owner in owners] == [before[0], "tf32", "bf16"]
    finally:
        for owner, value in zip(owners, before, strict=True):
            owner.fp32_precision = value


def test_older_torch_has_no_tf32_either() -> None:
    """The settings of torch before 2.9, which are fewer, are off for a while too."""
    if hasattr(torch.backends.cudnn, "conv"):
        pytest.skip("this torch has the settings of test_float32_is_float32")
    owners = [torch.backends.cudnn, torch.backends.cuda.matmul]
    before = [owner.allow_tf32 for owner in owners]
    try:
        torch.backends.cuda.matmul.allow_tf32 = True
        with neutral():
            assert [owner.allow_tf32 for owner in owners] == [False] * 2
        assert [owner.allow_tf32 for owner in owners] == [before[0], True]
    finally:
        for owner, value in zip(owners, before, strict=True):
            owner.allow_tf32 = value


def test_threads_are_given_back() -> None:
    """`neutral` sets the number of threads for a while, also when what it encloses fails."""
    before = threads.count(), torch.get_num_threads()
    more = max(before) + 2

    def fail() -> None:
        with neutral(more):
            assert threads.count() == torch.get_num_threads() == more
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (threads.count(), torch.get_num_threads()) == before
    with neutral():
        assert (threads.count(), torch.get_num_threads()) == before


def test_the_innermost_number_of_threads_counts() -> None:
    """Nested, the inner number holds inside, the outer one again behind it; None keeps it."""
    before = threads.count()
    with neutral(3):
        with neutral(5), neutral():
            assert threads.count() == torch.get_num_threads() == 5
        with neutral():
            assert threads.count() == torch.get_num_threads() == 3
    assert threads.count() == before


def blas_threads() -> list[int]:
    """Return the number of threads of every library of linear algebra."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_linear_algebra_has_one_thread_for_a_while() -> None:
    """Inside `neutral`, nested or not, and afterwards the number that the caller has set."""
    with threadpool_limits(3, "blas"):
        before = blas_threads()
        assert before
        with neutral(4):
            assert set(blas_threads()) == {1}
            with neutral(2):
                assert set(blas_threads()) == {1}
            assert set(blas_threads()) == {1}
        assert blas_threads() == before


FORKING = """
import multiprocessing, sys
import numpy as np, torch
from rdpcodec import encode
torch.set_num_threads(2)
picture = (np.indices((96, 128)).sum(0) % 256).astype(np.uint8)
picture = np.stack((picture, 255 - picture, picture), axis=-1)
data = encode(picture, t=2300)
with multiprocessing.get_context("fork").Pool(1) as pool:
    assert pool.apply_async(encode, (picture,), {"t": 2300}).get(timeout=60) == data
print("same")
"""


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_encodes_too() -> None:
    """After the parent has encoded with two threads a child writes the same bytes, and ends."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "same\n", done.stderr


def test_float16_is_left_to_pipelines() -> None:
    """photo-1 refuses it in one sentence, before it reads any weights."""
    with pytest.raises(UsageError, match="photo-1 computes in float32 or bfloat16, not in float16"):
        load_prior("photo-1", precision="float16")
