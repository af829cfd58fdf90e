"""A whole process: its seconds and its peak memory."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")
# The packages of this installation are not those of another one.
_ENVIRONMENT_OMITS = "PYTHONPATH"


class FailedError(Exception):
    """A command failed; the message is one sentence that says which, and what it said last."""


@dataclass(frozen=True)
class Run:
    """What one process took.

    Attributes:
        seconds: From its start to its end.
        peak_bytes: The most memory it had resident at once.
    """

    seconds: float
    peak_bytes: int


def measured(command: Sequence[str]) -> Run:
    """Run a command to its end; standard input is empty, and its output goes nowhere.

    Args:
        command: The path of a program, and its arguments.

    Returns:
        What it took.

    Raises:
        FailedError: If it cannot be started, or its exit code is not 0.
    """
    environment = {key: value for key, value in os.environ.items() if key != _ENVIRONMENT_OMITS}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(_LAUNCH), *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        env=environment,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        sentence = f"`{shlex.join(command)}` failed with exit code {done.returncode}: {said[-1]}"
        raise FailedError(sentence)
    return Run(**json.loads(done.stdout))
