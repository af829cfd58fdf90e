"""What measures, and when."""

import os
import platform
import subprocess
from datetime import date
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_CPU_OF_MACOS = ("/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string")


def facts() -> dict[str, str | int]:
    """Return the model of the CPU, how many of its cores are ours, Python's version, the date."""
    return {
        "cpu": _cpu(),
        "cores": _cores(),
        "python": platform.python_version(),
        "date": date.today().isoformat(),
    }


def line() -> str:
    """Return the facts in one line."""
    return "{cpu}, {cores} cores, Python {python}, {date}".format(**facts())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    """Return the model, or the architecture where the system does not name it."""
    if platform.system() == "Darwin":
        named = subprocess.run(_CPU_OF_MACOS, capture_output=True, text=True, check=False).stdout
        return named.strip() or platform.machine()
    lines = _CPUINFO.read_text("utf-8").splitlines() if _CPUINFO.is_file() else []
    models = [each.partition(":")[2].strip() for each in lines if each.startswith("model name")]
    return models[0] if models else platform.machine()
