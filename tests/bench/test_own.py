"""Our files and the baselines, under measurement."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import codec, container
from rdpcodec.bench import catalogue
from rdpcodec.bench.base import Pixels
from rdpcodec.bench.own import BaselineUnderTest, OwnCodec
from rdpcodec.bench.ways import parse_way
from rdpcodec.errors import UsageError
from rdpcodec.metrics import psnr
from rdpcodec.priors import load_prior
from rdpcodec.priors.latents import LatentsPrior
from rdpcodec.priors.memo import Memo, MemoPrior

MakePhoto = Callable[..., Pixels]
SIZE = 48, 40
READINGS = ("rho=0", "rho=0.5", "rho=1")


def test_readings_are_those_of_the_public_decoder(photo: MakePhoto, one_thread: None) -> None:
    """Each reading of a file is bit for bit what `decode` gives; ancestral has no such twin."""
    del one_thread
    prior, pixels = load_prior("gaussian-1"), photo(*SIZE)
    names = ["rho=0", "rho=0.5", "rho=1", "ode rho=0", "ancestral"]
    under_test = OwnCodec("rdpcodec", prior, "trellis")
    coded = under_test.encode(pixels, 400)
    assert len(coded.data) <= 400
    assert coded.facts["coded_over_kl"] > 0.9
    readings = {r.name: r for r in under_test.decode(coded.data, names)}
    for name in names[:-1]:
        way = parse_way(name)
        expected = codec.decode(
            coded.data, rho=way.rho, reconstruction=way.reconstruction, prior=prior
        )
        np.testing.assert_array_equal(readings[name].pixels, expected.pixels)
    assert readings["ancestral"].pixels.shape == pixels.shape
    assert all(r.spent is not None and r.spent.seconds > 0 for r in readings.values())


@pytest.mark.parametrize(
    "name", [n for n in catalogue.OURS if n in {"ddcm", "turbo-ddcm", "dithered"}]
)
def test_baselines_run_under_the_benchmark(name: str, photo: MakePhoto, one_thread: None) -> None:
    """A baseline codes, decodes at the rho it has, and is named after its class."""
    del one_thread
    under_test = catalogue.OURS[name](load_prior("gaussian-1"))
    assert isinstance(under_test, BaselineUnderTest)
    coded = under_test.encode(photo(*SIZE), 300)
    names = under_test.readings(["rho=0", "rho=1", "ode rho=0", "ancestral"])
    readings = list(under_test.decode(coded.data, names))
    assert [r.name for r in readings] == ["rho=0", "rho=1"]
    assert under_test.name == name


def test_shared_answers_leave_seconds_out(photo: MakePhoto, one_thread: None) -> None:
    """With a remembering prior the file is the same, but no seconds are given."""
    del one_thread
    prior, pixels = load_prior("gaussian-1"), photo(*SIZE)
    plain = OwnCodec("rdpcodec", prior, "trellis").encode(pixels, 300)
    shared = OwnCodec("rdpcodec", MemoPrior(prior), "trellis")
    coded = shared.encode(pixels, 300)
    assert coded.data == plain.data
    assert coded.spent is None
    assert [r.spent for r in shared.decode(coded.data, ["rho=0"])] == [None]


def test_memo_evaluates_once_and_counts_what_it_saves() -> None:
    """What was evaluated before comes from memory, with the seconds it took at first."""
    levels: list[float] = []

    def denoise(y: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        levels.append(sigma)
        return y * 2

    memo = Memo(denoise)
    ones = np.ones((1, 3, 4, 4), dtype=np.float32)
    for sigma in (1.0, 1.0, 2.0):
        assert np.array_equal(memo(ones, sigma), 2 * ones)
    assert levels == [1.0, 2.0]
    assert memo.recalled_seconds > 0
    prior = load_prior("gaussian-1")
    assert MemoPrior(prior).digest == prior.digest


def test_diffc_evaluates_in_every_layer(photo: MakePhoto, one_thread: None) -> None:
    """With the paper's coder at its own setting, all of the state, and another file than ours."""
    del one_thread
    prior = load_prior("latents-1")
    assert prior.refresh > 0
    under_test, pixels = catalogue.OURS["diffc"](prior), photo(*SIZE)
    assert isinstance(under_test, OwnCodec)
    coded = under_test.encode(pixels, 900)
    header = container.parse(coded.data).header
    assert (header.coder, header.coder_parameter) == ("pfr", 14)
    report = codec.encode_with_report(
        pixels, prior=under_test.model, target_bytes=900, coder="pfr", coder_parameter=14, rdo=0
    ).report
    assert report.network_evaluations >= len(header.layers)
    assert under_test.encode(pixels, 900).data == coded.data
    assert load_prior("latents-1").refresh > 0
    (reading,) = under_test.decode(coded.data, ["rho=0"])
    assert psnr(reading.pixels, pixels) > 20


class _Curved(LatentsPrior):
    """Latents with a decoder that is not linear, so that it matters what is mixed."""

    def domain(self, channels: int, height: int, width: int) -> Any:
        """Return the domain with that decoder."""
        domain = super().domain(channels, height, width)
        straight = domain.to_pixels
        domain.to_pixels = lambda x_0: np.tanh(3 * straight(x_0))  # type: ignore[method-assign]
        return domain


@pytest.mark.parametrize("size", [SIZE, (37, 21)])
@pytest.mark.parametrize("name", ["photo-1", "latents"])
def test_files_are_read_as_by_the_public_decoder(
    name: str, size: tuple[int, int], photo: MakePhoto, one_thread: None
) -> None:
    """The end of least error is the decoder's, and pictures are mixed, never latents."""
    del one_thread
    prior, pixels = _Curved() if name == "latents" else load_prior(name), photo(*size)
    under_test = OwnCodec("rdpcodec", prior, "trellis")
    coded = under_test.encode(pixels, 700)
    for reading in under_test.decode(coded.data, ["rho=0", "rho=0.5", "rho=1"]):
        rho = parse_way(reading.name).rho
        expected = codec.decode(coded.data, rho=rho, prior=prior).pixels
        np.testing.assert_array_equal(reading.pixels, expected)


@pytest.mark.parametrize("name", ["ddcm", "turbo-ddcm"])
def test_baselines_code_latents(name: str, photo: MakePhoto, one_thread: None) -> None:
    """Of any picture; more bytes are better, and what is mixed at rho = 0.5 are pictures."""
    del one_thread
    prior, pixels, found = _Curved(), photo(37, 21), []
    under_test = catalogue.OURS[name](prior)
    for target in (120, 500):
        coded = under_test.encode(pixels, target)
        assert len(coded.data) <= target
        shown = [r.pixels.astype(float) for r in under_test.decode(coded.data, list(READINGS))]
        assert shown[0].shape == pixels.shape
        assert np.abs(shown[1] - (shown[0] + shown[2]) / 2).max() <= 1
        straight = catalogue.OURS[name](LatentsPrior())
        found += [psnr(r.pixels, pixels) for r in straight.decode(coded.data, ["rho=0"])]
    assert found[1] > found[0] + 1


def test_dithered_codes_pixels_only(photo: MakePhoto) -> None:
    """Its transform is one of colours."""
    with pytest.raises(UsageError, match="dithered codes pixels, and latents-1 has states of"):
        catalogue.OURS["dithered"](load_prior("latents-1")).encode(photo(*SIZE), 300)
