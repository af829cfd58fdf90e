"""Measures that need the `bench` extra: identities, order, and weights that are not trusted."""

import hashlib
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from rdpcodec.metrics.features import load_arrays
from rdpcodec.metrics.frechet import PatchFrechet, frechet
from rdpcodec.metrics.lpips import Lpips
from rdpcodec.metrics.ms_ssim import ms_ssim
from rdpcodec.metrics.ssimulacra2 import ssimulacra2

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
Compare = Callable[[Pixels, Pixels], float]
NAMES = ("ms_ssim", "ssimulacra2", "lpips", "vgg", "frechet")
EQUAL = {"ms_ssim": 1.0, "ssimulacra2": 100.0, "lpips": 0.0, "vgg": 0.0, "frechet": 0.0}


def load(name: str) -> Compare:
    """Return a measure; skips where its package is not installed."""
    if name in {"ms_ssim", "ssimulacra2"}:
        pytest.importorskip({"ms_ssim": "pytorch_msssim"}.get(name, name))
        return {"ms_ssim": ms_ssim, "ssimulacra2": ssimulacra2}[name]
    try:
        return {"lpips": Lpips, "vgg": lambda: Lpips("vgg16"), "frechet": PatchFrechet}[name]()
    except ImportError as error:
        pytest.skip(str(error))


def blurred(pixels: Pixels, radius: float) -> Pixels:
    """Return the picture out of focus."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def noisy(pixels: Pixels, level: float) -> Pixels:
    """Return the picture with noise."""
    noise = np.random.default_rng(5).normal(0, level, pixels.shape)
    return (pixels + noise).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_equal_pictures(name: str, photo: MakePhoto) -> None:
    """A copy that is the original has the best score."""
    picture = photo(200, 176)
    assert load(name)(picture, picture) == pytest.approx(EQUAL[name], abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("harm", [(blurred, (0.6, 1.2, 3.0)), (noisy, (4.0, 12.0, 40.0))])
def test_more_harm_is_a_worse_score(
    name: str, harm: tuple[Callable[[Pixels, float], Pixels], tuple[float, ...]], photo: MakePhoto
) -> None:
    """Blur and noise count, and more of them counts more."""
    measure, picture, (spoil, amounts) = load(name), photo(200, 176), harm
    distances = [abs(measure(picture, spoil(picture, a)) - EQUAL[name]) for a in amounts]
    assert 0 < distances[0] < distances[1] < distances[2]


def test_the_original_is_not_remembered_for_another(photo: MakePhoto) -> None:
    """The features that are kept are those of the present original."""
    measure, a, b = load("lpips"), photo(96, 64), photo(96, 64, seed=2)
    first = measure(a, b)
    assert measure(b, b) == 0.0
    assert measure(a, b) == first > 0.01


@pytest.mark.parametrize("name", ["ms_ssim", "lpips", "frechet"])
def test_pictures_that_are_too_small_are_refused(name: str) -> None:
    """In a sentence that names what was found."""
    tiny = np.zeros((16, 20, 3), np.uint8)
    with pytest.raises(ValueError, match="the shorter side is 16, expected"):
        load(name)(tiny, tiny)


def test_frechet_of_known_gaussians() -> None:
    """Commuting covariances: the distance is that of the standard deviations and the means."""
    a, b = np.diag([1.0, 4.0, 9.0]), np.diag([4.0, 4.0, 1.0])
    found = frechet(np.zeros(3), a, np.array([1.0, 0.0, 2.0]), b)
    assert found == pytest.approx(5.0 + 1.0 + 0.0 + 4.0)


def test_another_weights_file_is_refused() -> None:
    """By digest, before anything in it is interpreted."""
    with pytest.raises(ValueError, match=r"digest .* expected 0000"):
        load_arrays(pickle.dumps({"Conv_0": np.zeros(3)}), "0000")


def test_a_pickle_that_calls_something_is_refused() -> None:
    """The unpickler knows arrays and nothing else."""

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.getcwd, ()

    stored = pickle.dumps(Trap())
    digest = hashlib.sha256(stored).hexdigest()
    with pytest.raises(ValueError, match=r"posix\.getcwd|nt\.getcwd"):
        load_arrays(stored, digest)


@pytest.mark.parametrize(("quality", "expected"), [(10, 0.2438), (30, 0.0922)])
def test_lpips_of_a_jpeg(quality: int, expected: float) -> None:
    """The value of a Kodak picture; the mean over all of them is that of other implementations."""
    path = Path(__file__).parents[3] / "shared/data/kodak/kodim01.webp"
    if not path.is_file():
        pytest.skip("the Kodak pictures are not beside this checkout")
    picture, stream = Image.open(path).convert("RGB"), io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    found = load("lpips")(np.asarray(picture), np.asarray(Image.open(stream)))
    assert found == pytest.approx(expected, abs=2e-3)
