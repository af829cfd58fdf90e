"""The fuzzer starts, counts, and tells a find."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "fuzz.py"
FIXTURE = Path(__file__).parents[2] / "fixtures" / "valid" / "one-layer" / "stream.rdp"


def _fuzz(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_one_input_is_repeated() -> None:
    """A file that a run has kept is run again, without atheris."""
    done = _fuzz("inspect", "--repeat", FIXTURE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"inspect: {FIXTURE.stat().st_size} bytes, no find\n"


@pytest.mark.slow
def test_a_round_counts_its_executions(tmp_path: Path) -> None:
    """A line a target, from what libFuzzer says, and the inputs that reached new code are kept."""
    pytest.importorskip("atheris", reason="the group fuzz is not installed")
    done = _fuzz("inspect", "--runs", 500, "--out", tmp_path)
    assert done.returncode == 0, (tmp_path / "inspect.log").read_text("utf-8", "replace")
    assert "inspect: executions 500, peak_rss_mb " in done.stdout
    assert done.stdout.endswith("no find\n")
    assert list((tmp_path / "corpus-inspect").iterdir())
