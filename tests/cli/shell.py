"""The command line inside this process and in one of its own, for the tests of this folder."""

import contextlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rdpcodec import cli

ROOT = Path(__file__).parents[2]
_LEFT_OUT = ("DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR", "FORCE_COLOR", "COLORTERM")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in _LEFT_OUT} | {
    "PYTHONPATH": str(ROOT)
}
ERROR = re.compile(r"rdpcodec: error (RDP-\d{3}): \S.*\n")
COMPRESS = ("compress", "in.png", "out.rdp", "--prior", "gaussian-1")


@dataclass
class Result:
    """What a run of the command line left behind."""

    code: int
    out: bytes
    err: str

    @property
    def issue(self) -> str:
        """The id in its one line of error."""
        match = ERROR.fullmatch(self.err)
        assert match, self.err
        return match[1]


@dataclass
class Shell:
    """Runs the command line inside this process, in a directory of its own.

    Attributes:
        capture: What keeps its output.
        terminal: Whether standard output says that it is a terminal.
    """

    capture: pytest.CaptureFixture[bytes]
    terminal: bool = False

    def __call__(self, *args: object) -> Result:
        """Run it once."""
        with contextlib.ExitStack() as stack:
            if self.terminal:
                stack.enter_context(mock.patch.object(sys.stdout, "isatty", return_value=True))
            code = cli.main([str(arg) for arg in args])
        captured = self.capture.readouterr()
        return Result(code, captured.out, captured.err.decode())


def process(
    *args: str, data: bytes = b"", env: dict[str, str] | None = None, **extra: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "rdpcodec", *args]
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | extra
    environment = ENVIRONMENT | (env or {})
    return subprocess.run(command, input=data, env=environment, check=False, **options)


def opened(name: str) -> NDArray[np.uint8]:
    """Return the pixels of an image file."""
    with Image.open(name) as image:
        return np.asarray(image)


def names() -> list[str]:
    """Return what lies in the current directory."""
    return sorted(path.name for path in Path.cwd().iterdir())
