"""One file at any rho: hints, maps, layers; received once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import codec, container
from rdpcodec.codec import decode, encode
from rdpcodec.decoder.reconstruction import RECONSTRUCTIONS
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.images import to_samples
from rdpcodec.priors.gaussian import GaussianPrior

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}


def test_rho_moves_from_fidelity_to_detail(photo: MakePhoto) -> None:
    """A larger rho has more fine detail, for both reconstructions, from one and the same file."""
    data = encode(photo(64, 48), t=2000, **GAUSSIAN)
    for reconstruction in RECONSTRUCTIONS:
        energy = []
        for rho in (0.0, 0.5, 1.0):
            pixels = decode(data, rho=rho, reconstruction=reconstruction).pixels.astype(float)
            energy.append(float(np.square(np.diff(pixels, axis=1)).mean()))
        assert energy[0] < energy[1] < energy[2]


def test_the_hint_is_the_default_rho(photo: MakePhoto) -> None:
    """Without --rho the hint of the file counts, and without a hint 0.5; a given rho wins."""
    picture = photo(32, 24)
    plain = encode(picture, t=2100, **GAUSSIAN)
    hinted = encode(picture, t=2100, rho_hint=1.0, **GAUSSIAN)
    assert np.array_equal(decode(plain).pixels, decode(plain, rho=0.5).pixels)
    assert np.array_equal(decode(hinted).pixels, decode(plain, rho=1.0).pixels)
    assert np.array_equal(decode(hinted, rho=0.0).pixels, decode(plain, rho=0.0).pixels)
    assert not np.array_equal(decode(hinted).pixels, decode(plain).pixels)
    with_hint = encode(picture, target_bytes=200, rho_hint=0.25, **GAUSSIAN)
    assert 190 <= len(with_hint) <= 200


def test_progress_of_decoding(file_of: bytes) -> None:
    """Progress counts the layers, then the reconstruction's evaluations, each to its end."""
    calls: list[tuple[str, int, int]] = []
    decode(file_of, rho=1.0, evaluations=3, progress=lambda *call: calls.append(call))
    count = len(container.parse(file_of).header.layers)
    assert calls[:count] == [("decoding", k + 1, count) for k in range(count)]
    assert calls[count:] == [("reading", k + 1, 3) for k in range(3)]


def test_a_map_gives_every_pixel_its_rho(photo: MakePhoto) -> None:
    """Black reads as rho = 0 and white as rho = 1; half of each lies between, side by side."""
    picture = photo(24, 16)
    data = encode(picture, t=2000, **GAUSSIAN)
    low, high = (decode(data, rho=rho).pixels for rho in (0.0, 1.0))
    mask = np.zeros((16, 24), np.uint8)
    assert np.array_equal(decode(data, rho=mask).pixels, low)
    assert np.array_equal(decode(data, rho=mask + 255).pixels, high)
    assert np.array_equal(decode(data, rho=np.ones((16, 24))).pixels, high)
    mask[:, 12:] = 255
    mixed = decode(data, rho=mask).pixels.astype(int)
    assert np.abs(mixed - low)[:, :12].mean() < np.abs(mixed - high)[:, :12].mean()
    assert np.abs(mixed - high)[:, 12:].mean() < np.abs(mixed - low)[:, 12:].mean()


@pytest.mark.parametrize(
    ("rho", "said"),
    [
        (np.zeros((24, 16)), r"shape \(24, 16\), expected \(16, 24\)"),
        (np.zeros((16, 24), np.int64), "a map of int64, expected floats in 0..1, or uint8"),
        (np.full((16, 24), 1.5), "values out of range"),
        (np.full((16, 24), np.nan), "values out of range"),
    ],
)
def test_a_map_of_another_kind_is_refused(photo: MakePhoto, rho: np.ndarray, said: str) -> None:
    """Another shape, other integers and numbers out of range are each named."""
    data = encode(photo(24, 16), t=2100, **GAUSSIAN)
    with pytest.raises(UsageError, match=said):
        decode(data, rho=rho)


def test_a_map_belongs_to_geodesic(photo: MakePhoto) -> None:
    """The ode has one rho for the whole state, so a map of it is refused by name."""
    data = encode(photo(9, 7), t=2200, **GAUSSIAN)
    with pytest.raises(UsageError, match="rho is a map") as caught:
        decode(data, rho=np.zeros((7, 9)), reconstruction="ode")
    assert caught.value.issue == ISSUE.INVALID_OPTION


def test_a_picture_is_received_once(photo: MakePhoto) -> None:
    """Layers and both ends are found once: every further rho costs no evaluation of the prior."""
    prior, calls = GaussianPrior(), []
    denoise = prior.denoise
    prior.denoise = lambda y, level: (calls.append(level), denoise(y, level))[1]  # type: ignore[method-assign]
    data = encode(photo(24, 16), t=1850, prior=prior)
    calls.clear()
    received = codec.open(data, prior=prior)
    assert received.info["bytes"]["file"] == len(data)
    assert not calls
    low, high = received.endpoints()
    spent = len(calls)
    for rho in (0.0, 0.3, 1.0):
        blend = to_samples(low + np.float32(rho) * (high - low))
        assert np.array_equal(received.at(rho).pixels, blend)
        assert np.array_equal(decode(data, rho=rho).pixels, blend)
    assert len(calls) == spent


def test_layers_are_walked_once_from_coarse_to_fine(photo: MakePhoto) -> None:
    """Coarser pictures of one file, asked for in order, decode each layer once."""
    data = encode(photo(24, 16), t=1850, **GAUSSIAN)
    decoded: list[int] = []
    received = codec.open(
        data, progress=lambda what, k, _: decoded.append(k) if what == "decoding" else None
    )
    count = received.file.layers_whole
    for layers in (1, 2, count):
        alone = codec.open(data, layers=layers).at(0.0)
        assert np.array_equal(received.layers(layers).at(0.0).pixels, alone.pixels)
    assert decoded == list(range(1, count + 1))
