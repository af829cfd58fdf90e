"""Installing a version from its checkout, as a user would, into an environment of its own."""

import sys
from dataclasses import dataclass
from pathlib import Path

from speed_parts.process import measured
from speed_parts.rounds import Version

_CONSTRAINTS = "constraints.txt"


@dataclass(frozen=True)
class Installed:
    """What an installation took.

    Attributes:
        label: The version.
        source: Its checkout.
        seconds: Those of pip; what it had in its cache was not downloaded again.
        site_bytes: All files in site-packages, without pip.
    """

    label: str
    source: Path
    seconds: float
    site_bytes: int


def checkout(version: Version) -> Path | None:
    """Return the checkout that an installation lies in as .venv/bin/rdpcodec, if there is one."""
    for folder in version.command.parents[2:3]:
        if (folder / "pyproject.toml").is_file():
            return folder
    return None


def installed(version: Version, source: Path, folder: Path) -> Installed:
    """Install a version, with the exact packages that its checkout names.

    Args:
        version: What to install.
        source: Its checkout.
        folder: Where the environment is made.

    Returns:
        What it took.

    Raises:
        FailedError: If there is no environment, or pip fails.
    """
    environment = folder / version.label
    measured([sys.executable, "-m", "venv", "--without-pip", str(environment)])
    exact = source / _CONSTRAINTS
    constraints = ["-c", str(exact)] if exact.is_file() else []
    pip = [sys.executable, "-m", "pip", "--python", str(environment), "install"]
    taken = measured([*pip, *constraints, str(source)])
    (site,) = environment.glob("lib/python*/site-packages")
    return Installed(version.label, source, taken.seconds, size_bytes(site))


def size_bytes(folder: Path) -> int:
    """Return the sum of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
