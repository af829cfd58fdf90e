"""What all codecs under measurement share: their protocol, what work takes, missing packages."""

import gc
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rdpcodec.errors import ISSUE, UsageError

Pixels = NDArray[np.uint8]
INSTALL = "pip install 'rdpcodec[bench]'"
_PROCESS = Path("/proc/self")
_RESET_PEAK = "5"  # proc(5), clear_refs: VmHWM falls to the memory in use now


@dataclass(frozen=True)
class Spent:
    """What a piece of work took.

    Attributes:
        seconds: Wall-clock time.
        peak_mib: Most memory that the whole process had resident meanwhile; None if not known.
    """

    seconds: float
    peak_mib: float | None


class Meter:
    """Counts from the moment it is made."""

    def __init__(self) -> None:
        gc.collect()
        self._knows_peak = _reset_peak()
        self._started = time.perf_counter()

    def read(self) -> Spent:
        """Return what was spent so far."""
        seconds = time.perf_counter() - self._started
        return Spent(seconds, _peak_mib() if self._knows_peak else None)


@dataclass(frozen=True)
class Coded:
    """A file, what it took to make it, and what else its encoder knows.

    Attributes:
        data: The bytes of the whole file.
        spent: None where answers were shared with other files, so that it says nothing.
        facts: Further columns of the table: `layers`, `coded_over_kl`.
    """

    data: bytes
    spent: Spent | None
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """A file read one way.

    Attributes:
        name: Of the way to read it; empty where there is only one.
        pixels: (H, W, 3) uint8.
        spent: What it takes to get from the file to this reading alone; None as in `Coded`.
    """

    name: str
    pixels: Pixels
    spent: Spent | None


class BenchCodec(Protocol):
    """A codec under measurement; it may keep what it learns of a picture for further rates."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    @property
    def prior(self) -> str:
        """The prior it codes with, empty if it has none."""

    @property
    def version(self) -> str:
        """The package that does the work, and its version."""

    def readings(self, asked: Sequence[str]) -> list[str]:
        """Return those of the ways to read that this codec has."""

    def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
        """Return the largest file of at most `target_bytes`, or the smallest that there is."""

    def decode(self, data: bytes, readings: Sequence[str]) -> Iterator[Reading]:
        """Yield each reading of a file."""


def missing(what: str, package: str) -> UsageError:
    """Return the error for something that needs a package which is not installed.

    Args:
        what: What needs it.
        package: What it needs.
    """
    message = f"{what} needs {package}, which is not installed: {INSTALL}"
    return UsageError(ISSUE.INVALID_OPTION, message)


def _reset_peak() -> bool:
    """Forget the peak so far; only Linux can, and not in every container."""
    try:
        (_PROCESS / "clear_refs").write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def _peak_mib() -> float | None:
    found = re.search(r"^VmHWM:\s+(\d+) kB", (_PROCESS / "status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else None
