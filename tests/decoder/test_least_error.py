"""rho = 0 of `geodesic`: never worse than what was paid for, nor than a little of the flow."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import arrays, codec
from rdpcodec.chain import Estimator
from rdpcodec.decoder.least_error import evaluations, lessen
from rdpcodec.domains import pixel_domain
from rdpcodec.domains.gaussian import COLOUR_BASIS, spectrum
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.images import read_picture
from rdpcodec.priors import load_prior
from rdpcodec.transforms import symmetries
from rdpcodec.transforms.cosine import from_coefficients

pytestmark = pytest.mark.usefixtures("one_thread")
MakePhoto = Callable[..., NDArray[np.uint8]]
Floats = NDArray[np.float32]
PHOTO = Path(__file__).parents[2] / "docs" / "images" / "photo.webp"
RHOS = [i / 10 for i in range(11)]


def noise(seed: int, *shape: int) -> Floats:
    """Return standard normal noise."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def rms(a: Floats, b: Floats) -> float:
    """Return the root mean square of the difference."""
    return float(np.sqrt(np.square(a.astype(np.float64) - b).mean()))


def checkerboard(side: int) -> Floats:
    """Return a state of one black and one white pixel, repeated."""
    board = np.float32(2) * (np.indices((side, side)).sum(axis=0) % 2) - 1
    return np.tile(board.astype(np.float32), (1, 3, 1, 1))


def test_symmetries_are_the_eight_of_the_square() -> None:
    """All differ, each is undone, and they are those of the specification."""
    x = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3)
    seen = {symmetries.moved(x, k).tobytes() + bytes(x.shape) for k in range(symmetries.COUNT)}
    assert len(seen) == symmetries.COUNT
    for k in range(symmetries.COUNT):
        assert np.array_equal(symmetries.moved_back(symmetries.moved(x, k), k), x)
    assert symmetries.moved(x, 1)[0, 0].tolist() == [[5, 4, 3], [2, 1, 0]]
    assert symmetries.moved(x, 2)[0, 0].tolist() == [[2, 5], [1, 4], [0, 3]]
    assert symmetries.moved(x, 4)[0, 0].tolist() == [[2, 1, 0], [5, 4, 3]]
    assert symmetries.moved(x, 6)[0, 0].tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("count", [2, 3, 8])
def test_what_a_network_makes_of_orientation_averages_out(count: int) -> None:
    """An error that turns with the picture is less in the mean, and gone from that over a pair.

    What is left of it there is the share of the flow, which is not averaged.
    """
    slant = np.tile(np.linspace(-0.2, 0.2, 24, dtype=np.float32), (1, 3, 24, 1))

    def slanted(state: Floats, _sigma: float) -> Floats:
        return state + slant

    y = np.zeros_like(slant)
    found = rms(lessen(slanted, y, 1e-3, slant, COLOUR_BASIS, count), y)
    assert found < (0.6 if count == 3 else 0.11) * rms(slant, y)


@pytest.mark.parametrize("sigma", [0.02, 0.2])
def test_an_estimate_that_is_right_is_left_alone(sigma: float) -> None:
    """On a Gaussian source with its own prior the steps cost at most 1 % of the error."""
    x_0 = from_coefficients(np.sqrt(spectrum(96, 128)) * noise(3, 1, 3, 96, 128), COLOUR_BASIS)
    prior = load_prior("gaussian-1")
    y = x_0 + np.float32(sigma) * noise(4, *x_0.shape)
    exact = prior.denoise(y, sigma)
    sharper = prior.denoise(exact + np.float32(0.5) * (y - exact), sigma / 2)

    def without_flow(state: Floats, level: float) -> Floats:
        return exact if level == 0.5 * sigma else prior.denoise(state, level)

    assert rms(sharper, exact) > 0
    found = lessen(without_flow, y, sigma, exact, COLOUR_BASIS, 2)
    assert rms(found, x_0) < 1.01 * rms(exact, x_0)


@pytest.mark.parametrize("level", [1, 8, 32])
def test_a_prior_that_erases_everything_does_no_harm(level: int) -> None:
    """Where an estimate is grey whatever the state is, the state is kept."""
    sigma, x_0 = 2 * level / 255, 0.8 * checkerboard(64)
    y = x_0 + np.float32(sigma) * noise(5, *x_0.shape)

    def grey(state: Floats, _sigma: float) -> Floats:
        return 0 * state

    found = lessen(grey, y, sigma, grey(y, sigma), COLOUR_BASIS, 4)
    assert rms(found, x_0) < rms(y, x_0)


@pytest.mark.parametrize("level", [2, 8, 32])
def test_noise_passed_on_by_a_prior_is_known(level: int) -> None:
    """An estimate that follows the state, and errs besides, is told by its divergence."""
    sigma, x_0 = 2 * level / 255, np.clip(0.4 * noise(6, 1, 3, 64, 64), -0.7, 0.7)
    y = x_0 + np.float32(sigma) * noise(7, *x_0.shape)
    error = np.float32(0.5 * sigma) * noise(8, *x_0.shape)

    def off(state: Floats, _sigma: float) -> Floats:
        return np.float32(0.98) * state + error

    first = off(y, sigma)
    assert rms(first, x_0) > 1.05 * rms(y, x_0)
    assert rms(lessen(off, y, sigma, first, COLOUR_BASIS, 2), x_0) < 1.01 * rms(y, x_0)


def test_both_kinds_of_arrays_give_the_same() -> None:
    """Torch and numpy, through one code."""
    prior = load_prior("gaussian-1")
    other = load_prior("gaussian-1", engine="torch")
    y = noise(9, 1, 3, 20, 30)
    found = [
        lessen(p.denoise, placed, 0.5, p.denoise(placed, 0.5), COLOUR_BASIS, 8)
        for p, placed in ((prior, y), (other, arrays.place(y, "cpu")))
    ]
    np.testing.assert_allclose(arrays.host(found[1]), found[0], rtol=0, atol=2e-5)


@pytest.mark.weights
def test_evaluations_are_counted(photo: MakePhoto) -> None:
    """What progress is told is what is evaluated, and every further rho is free."""
    asked: list[tuple[int, int]] = []
    data = codec.encode(photo(32, 24), t=2200)
    for count in (1, 2, 4):
        received = codec.open(data, progress=lambda _, k, n: asked.append((k, n)))
        asked.clear()
        received.at(0, symmetries=count)
        wanted = 1 + evaluations(count)
        assert wanted == (1 if count == 1 else count + 2)
        assert [pair for pair in asked if pair[1] == wanted][-1] == (wanted, wanted)
    spent = len(asked)
    received.at(0, symmetries=4)
    assert len(asked) == spent


def test_latents_have_no_symmetries(photo: MakePhoto) -> None:
    """A turned picture has other latents than turned ones: more than one is refused."""
    data = codec.encode(photo(20, 12), t=2600, prior="latents-1")
    with pytest.raises(UsageError, match="symmetries is 2, expected 1") as caught:
        codec.decode(data, rho=0, symmetries=2)
    assert caught.value.issue == ISSUE.INVALID_OPTION
    codec.decode(data, rho=0, symmetries=1)


def test_the_ode_averages_nothing(photo: MakePhoto) -> None:
    """Its pictures are those of one solve."""
    data = codec.encode(photo(9, 7), t=2200, prior="gaussian-1")
    with pytest.raises(UsageError, match="symmetries is 4, expected 1"):
        codec.decode(data, reconstruction="ode", symmetries=4)


@pytest.mark.weights
@pytest.mark.parametrize("name", ["noise", "checkerboard", "grain"])
@pytest.mark.parametrize("level", [1, 4, 16])
def test_what_was_paid_for_is_kept(photo: MakePhoto, name: str, level: int) -> None:
    """At rho = 0 `photo-1` is not worse than the state on what it takes for noise."""
    sigma = 2 * level / 255
    picture = photo(64, 64).astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
    x_0 = {
        "noise": np.random.default_rng(1).uniform(-1, 1, (1, 3, 64, 64)).astype(np.float32),
        "checkerboard": checkerboard(64),
        "grain": picture + np.float32(16 / 255) * noise(2, 1, 3, 64, 64),
    }[name]
    y = x_0 + np.float32(sigma) * noise(3, *x_0.shape)
    estimator = Estimator(load_prior("photo-1"), pixel_domain(3, 64, 64))
    found = lessen(estimator, y, sigma, estimator(y, sigma), estimator.domain.basis, 4)
    assert rms(found, x_0) <= 1.01 * rms(y, x_0)


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.parametrize("corner", [(0, 192), (144, 0), (144, 192)])
@pytest.mark.parametrize("bpp", [0.1, 0.25, 0.5, 1.0])
def test_error_rises_with_rho(corner: tuple[int, int], bpp: float) -> None:
    """PSNR falls with rho within 0.005 dB, and rho = 0 is better than the estimate alone."""
    top, left = corner
    picture = read_picture(PHOTO)[0].pixels[top : top + 144, left : left + 192]
    received = codec.open(codec.encode(np.ascontiguousarray(picture), bpp=bpp))
    x_0 = picture / 127.5 - 1
    ends, alone = received.endpoints(), received.endpoints(symmetries=1)[0]

    def decibels(shown: Floats) -> float:
        return -20 * float(np.log10(rms(np.clip(shown, -1, 1), x_0) / 2))

    found = [decibels((1 - rho) * ends[0] + rho * ends[1]) for rho in np.float32(RHOS)]
    assert np.diff(found).max() <= 0.005
    assert found[0] > decibels(alone) + 0.02
