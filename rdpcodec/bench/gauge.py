"""Seconds and peak memory of a piece of work."""

import gc
import re
import time
from dataclasses import dataclass
from pathlib import Path

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
