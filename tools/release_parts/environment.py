"""Commands, and environments of their own to run them in."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class FailedError(Exception):
    """Something keeps the release back; the message is for the one who releases."""


def say(text: str) -> None:
    """Tell what is going on."""
    print(f"== {text}", file=sys.stderr)


def run(command: Sequence[object], folder: Path, **environment: str) -> str:
    """Return what a command prints.

    Args:
        command: Its words.
        folder: Where it runs.
        environment: What it is told beside what a clean shell has; nothing leads to a checkout.

    Raises:
        FailedError: If it fails, with the last lines that it said.
    """
    words = [str(word) for word in command]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    started = time.perf_counter()
    done = subprocess.run(
        words, cwd=folder, env=kept | environment, capture_output=True, text=True, check=False
    )
    line = " ".join([Path(words[0]).name, *words[1:]])
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise FailedError(f"`{line}` ended with {done.returncode}:\n{last}")
    say(f"{time.perf_counter() - started:5.1f} s  {line}")
    return done.stdout


@dataclass(frozen=True)
class Environment:
    """An environment of Python that is made anew.

    Attributes:
        folder: Where it lies.
    """

    folder: Path

    @classmethod
    def locked(cls, folder: Path, lock: Path) -> "Environment":
        """Return one with the files of a list, each of which has a hash there.

        Raises:
            FailedError: If it cannot be made, or a file is another one.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        run([sys.executable, "-m", "venv", folder], folder.parent)
        made = cls(folder)
        made.install("--require-hashes", "--only-binary", ":all:", "-r", lock)
        return made

    def program(self, name: str) -> Path:
        """Return a program of it."""
        return self.folder / "bin" / name

    def install(self, *arguments: object) -> None:
        """Let pip install something, whatever the machine has set for it."""
        pip = (self.program("python"), "-m", "pip", "--disable-pip-version-check", "install", "-q")
        run([*pip, *arguments], self.folder)
