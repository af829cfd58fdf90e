"""Our files and the baselines, under measurement."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import codec
from rdpcodec.bench import catalogue
from rdpcodec.bench.base import Pixels
from rdpcodec.bench.own import BaselineUnderTest, OwnCodec
from rdpcodec.bench.ways import parse_way
from rdpcodec.priors import load_prior
from rdpcodec.priors.memo import Memo, MemoPrior

MakePhoto = Callable[..., Pixels]
SIZE = 48, 40


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


@pytest.mark.parametrize("name", [n for n in catalogue.OURS if not n.startswith("rdpcodec")])
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
