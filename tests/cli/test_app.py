"""The commands put together: version, help, completion."""

import os
import subprocess
import sys

import pytest
from cli.shell import ENVIRONMENT, Shell

from rdpcodec import __version__

COMMANDS = (
    "compress",
    "view",
    "decompress",
    "inspect",
    "trim",
    "verify",
    "compare",
    "priors",
    "conform",
    "bench",
)


def test_version_and_help(run: Shell) -> None:
    """Every command explains itself with an example; without a command the help is shown."""
    assert run("--version").out.decode() == f"rdpcodec {__version__}\n"
    overview = run("--help")
    assert overview.code == 0
    for command in COMMANDS:
        assert command in overview.out.decode()
        text = run(command, "--help").out.decode()
        assert f"Example: rdpcodec {command}" in text
    bare = run()
    assert bare.code == 1
    assert b"Usage" in bare.out


def test_shell_completion_stays_on() -> None:
    """The completion script of a shell can be had."""
    done = subprocess.run(
        [sys.executable, "-m", "rdpcodec", "--show-completion", "bash"],
        env=ENVIRONMENT | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        check=False,
    )
    assert b"rdpcodec" in done.stdout


def test_huge_pages_are_asked_for_unless_the_user_has_chosen(
    run: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line turns on PyTorch's huge pages, and leaves a value that is there."""
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    run("--version")
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0"
    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE")
    run("--version")
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "1"
