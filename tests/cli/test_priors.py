"""`priors`, and priors that are missing."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from cli.shell import ERROR, Shell
from PIL import Image

from rdpcodec.priors import load_prior


def test_priors_lists_what_is_installed(run: Shell) -> None:
    """Every built-in prior appears with digest, licence and training data."""
    result = run("priors")
    assert result.code == 0
    text = result.out.decode()
    for word in (
        "photo-1",
        "gaussian-1",
        "one-step PSNR",
        "digest",
        "licence",
        "training data",
        "parameters",
        "engine",
        load_prior("photo-1").engine,
    ):
        assert word in text


@pytest.mark.parametrize("prior", ["gaussian-2", "diffusers:./nowhere"])
def test_a_missing_prior_is_exit_code_3(run: Shell, rdp: Path, prior: str) -> None:
    """A prior that is not installed is named, for compressing, viewing and verifying."""
    for args in (
        ("compress", "in.png", "out.rdp", "--prior", prior),
        ("view", rdp, "-o", "view.png", "--prior", prior),
        ("verify", rdp, "--prior", prior),
    ):
        result = run(*args)
        assert result.code == 3
        assert ERROR.search(result.err)


def test_a_prior_is_tried_on_a_photo(run: Shell) -> None:
    """Digest, levels and a verdict; all in range is exit code 0."""
    result = run("priors", "--check", "photo-1", "in.png")
    assert result.code == 0
    text = result.out.decode()
    digest = load_prior("photo-1").digest.hex()
    for word in (digest[:40], "32 x 24", "One step", "0.02", "nothing is lost", "All in range"):
        assert word in text


def test_a_check_prints_json(run: Shell) -> None:
    """With the numbers of each level, and of the drawn picture where none is given."""
    result = run("priors", "--check", "gaussian-1", "--json", "-q")
    assert (result.code, result.err) == (0, "")
    found = json.loads(result.out)
    assert found["digest"] == load_prior("gaussian-1").digest.hex()
    assert (found["width"], found["findings"], len(found["levels"])) == (512, [], 5)


def test_what_is_out_of_range_is_exit_code_3(run: Shell) -> None:
    """The drawn picture is no draw of latents-1: one sentence says so, and a mark in the table."""
    noise = np.random.default_rng(1).integers(0, 256, (32, 32), dtype=np.uint8)
    Image.fromarray(noise).save("noise.png")
    result = run("priors", "--check", "latents-1", "noise.png")
    assert result.code == 3
    assert " !" in result.out.decode()
    assert "All in range" not in result.out.decode()
    assert re.search(r"rdpcodec: warning: the estimate is worse than .*scaling_factor", result.err)


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("in.png",), "in.png is for --check"),
        (("--json",), "--json is for --check"),
        (("--check", "gaussian-9"), "gaussian-9"),
        (("--check", "gaussian-1", "gone.png"), "gone.png"),
        (("--check", "photo-1", "--precision", "float16"), "float16"),
    ],
)
def test_checks_that_cannot_be_made_are_refused(
    run: Shell, args: tuple[str, ...], word: str
) -> None:
    """In one sentence."""
    result = run("priors", *args)
    assert result.code in {1, 2, 3}
    assert word in result.err
    assert ERROR.fullmatch(result.err)
