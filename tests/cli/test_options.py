"""Options that several commands share."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from cli.shell import COMPRESS, Shell
from numpy.typing import NDArray

from rdpcodec import codec, threads
from rdpcodec.cli import options
from rdpcodec.compute import Compute
from rdpcodec.layers import CODERS
from rdpcodec.options import PRECISIONS, RECONSTRUCTIONS
from rdpcodec.priors.gaussian import GaussianPrior

Floats = NDArray[np.float32]


@pytest.mark.parametrize("args", [("-q", "decompress"), ("decompress", "-q")])
def test_quiet_works_before_and_after_the_command(
    run: Shell, rdp: Path, args: tuple[str, ...]
) -> None:
    """`-q` silences stderr wherever it stands."""
    result = run(*args, rdp, "out.png")
    assert (result.code, result.out, result.err) == (0, b"", "")


def test_names_in_options_are_those_of_the_codec() -> None:
    """The command line knows the reconstructions and coders without loading them."""
    assert set(get_args(options.ReconstructionName)) == set(RECONSTRUCTIONS)
    assert set(get_args(options.CoderName)) == set(CODERS)
    assert get_args(options.PrecisionName) == PRECISIONS


@pytest.mark.parametrize(
    "command",
    [
        ("compress", "in.png", "x"),
        ("decompress", "in.rdp", "x.png"),
        ("view", "in.rdp", "-o", "x.png"),
    ],
)
def test_a_device_that_is_not_there_is_a_usage_error(run: Shell, command: tuple[str, ...]) -> None:
    """Exit code 1, one line with the id, and nothing is written."""
    result = run(*command, "--device", "cuda:99")
    assert (result.code, result.issue) == (1, "RDP-701")
    assert "device is cuda:99, expected" in result.err
    assert not Path("x").exists()
    assert not Path("x.png").exists()


def test_device_and_precision_reach_the_codec(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The options of all three commands arrive as they were given."""
    seen: list[Compute] = []
    kept = codec.Compute
    monkeypatch.setattr(codec, "Compute", lambda *args: seen.append(kept(*args)) or seen[-1])
    given = ("--device", "cpu", "--precision", "bfloat16")
    assert run(*COMPRESS, "--t", 2300, *given).code == 0
    assert run("view", "out.rdp", "-o", "view.png", *given).code == 0
    assert run("decompress", "out.rdp", "out.png", *given).code == 0
    assert seen == 3 * [Compute("cpu", "bfloat16")]


@pytest.mark.parametrize("command", ["compress", "decompress", "view"])
@pytest.mark.parametrize("threads", ["0", "-1", "1025"])
def test_threads_are_a_number_from_1(run: Shell, command: str, threads: str) -> None:
    """Another number is refused by one line that says what is expected."""
    files = {"compress": ("in.png", "x"), "decompress": ("in.rdp", "x.png")}
    result = run(command, *files.get(command, ("in.rdp", "-o", "x.png")), "--threads", threads)
    assert (result.code, result.issue) == (1, "RDP-701")
    assert f"threads is {threads}, expected 1..1024" in result.err


def test_threads_reach_the_network(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the prior computes it has the threads that were asked for; afterwards its own."""
    seen, plain = set(), GaussianPrior.denoise
    before = threads.count(), torch.get_num_threads()

    def denoise(self: GaussianPrior, y: Floats, sigma: float) -> Floats:
        seen.add((threads.count(), torch.get_num_threads()))
        return plain(self, y, sigma)

    monkeypatch.setattr(GaussianPrior, "denoise", denoise)
    assert run(*COMPRESS, "--t", 2300, "--threads", 3).code == 0
    assert seen == {(3, 3)}
    seen.clear()
    assert run("decompress", "out.rdp", "out.png", "--threads", 5).code == 0
    assert seen == {(5, 5)}
    assert (threads.count(), torch.get_num_threads()) == before
