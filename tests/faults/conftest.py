"""A picture, its file and a whole run of each command, for tests that disturb them."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from cli.shell import ENVIRONMENT
from PIL import Image

from rdpcodec import codec

# Command, what it writes, and the shell's words.
COMMANDS = {
    "compress": ("out.rdp", "compress in.png out.rdp --prior gaussian-1 --t 2200 --force"),
    "decompress": ("out.png", "decompress in.rdp out.png --rho 0 --force"),
    "trim": ("out.rdp", "trim in.rdp out.rdp --layers 2 --force"),
    "batch": ("out/b.rdp", "compress in -o out --prior gaussian-1 --t 2200 --force --jobs 2"),
}


@dataclass
class Run:
    """One command in a folder of its own.

    Attributes:
        name: Of the command.
        folder: Where it runs.
        new: What it writes when nothing disturbs it.
        seconds: How long that takes.
    """

    name: str
    folder: Path
    new: bytes = b""
    seconds: float = 0.0

    @property
    def out(self) -> Path:
        """Its output."""
        return self.folder / COMMANDS[self.name][0]

    def start(self, words: str | None = None, limit: str | None = None) -> subprocess.Popen[bytes]:
        """Start it, or other words of a command, under a limit as the shell sets it."""
        arguments = (COMMANDS[self.name][1] if words is None else words).split()
        shell = [] if limit is None else ["/bin/sh", "-c", f'ulimit {limit}; exec "$@"', "sh"]
        return subprocess.Popen(
            [*shell, sys.executable, "-m", "rdpcodec", *arguments],
            cwd=self.folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def end(self, running: subprocess.Popen[bytes]) -> tuple[int, str]:
        """Return its exit code and what it says on stderr."""
        _, err = running.communicate(timeout=120)
        return running.returncode, err.decode()

    def hidden(self) -> list[Path]:
        """Return the temporary files that lie about."""
        return list(self.folder.rglob(".rdpcodec-*"))

    def disturbed(self, number: signal.Signals, seconds: float) -> tuple[int, str]:
        """Send a signal after a time; return exit code and stderr."""
        with self.start() as running:
            time.sleep(seconds)
            running.send_signal(number)
            return self.end(running)

    def moments(self, count: int, seed: int = 0) -> list[float]:
        """Return times within a whole run; every other in its last third, where it writes."""
        rng = random.Random(f"{self.name} {seed}")  # noqa: S311 - repeatable
        return [rng.uniform(0.65 * (k % 2), 1) * self.seconds for k in range(count)]


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture and its file."""
    folder = tmp_path_factory.mktemp("material")
    y, x = np.mgrid[0:24, 0:32]
    pixels = np.stack([x * 7, y * 9, x * y], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "in.png")
    (folder / "in.rdp").write_bytes(codec.encode(pixels, prior="gaussian-1", t=2200))
    return folder


@pytest.fixture(scope="session")
def make(material: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Return what prepares a run of a command: its inputs, its whole output, how long it takes."""

    @lru_cache
    def prepared(name: str) -> Run:
        run = Run(name, tmp_path_factory.mktemp(name))
        for source in ("in.png", "in.rdp"):
            (run.folder / source).write_bytes((material / source).read_bytes())
        (run.folder / "in").mkdir()
        for letter in "abc":
            (run.folder / "in" / f"{letter}.png").write_bytes((material / "in.png").read_bytes())
        start = time.monotonic()
        assert run.end(run.start())[0] == 0
        run.seconds, run.new = time.monotonic() - start, run.out.read_bytes()
        return run

    return prepared
