"""`priors`, and priors that are missing."""

from pathlib import Path

import pytest
from cli.shell import ERROR, Shell

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
