"""Putting the files of a desktop where it looks for them, for one user, and taking them away."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from rdpcodec.errors import ISSUE, OutputError, UsageError
from rdpcodec.files import write_atomic

# What reads the folders, and the package that has it.
_UPDATES = (
    ("update-mime-database", "mime", "shared-mime-info"),
    ("update-desktop-database", "applications", "desktop-file-utils"),
)
_SECONDS = 60


def data_home() -> Path:
    """Return where the user's desktop looks for data.

    Raises:
        UsageError: If this system has no freedesktop desktop.
    """
    if sys.platform in ("darwin", "win32"):
        message = f"desktop files are for Linux and BSD, found {sys.platform}"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    named = os.environ.get("XDG_DATA_HOME", "")
    # The specification of base directories: a relative path is to be ignored.
    return Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "share"


def install(files: Mapping[PurePosixPath, str], home: Path) -> list[str]:
    """Write the files and have the desktop read them.

    Args:
        files: As `entries` gives them.
        home: As `data_home` gives it; made if it is not there.

    Returns:
        Notes of what could not be done.

    Raises:
        OutputError: If a file cannot be written.
    """
    for path, text in files.items():
        place = home / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _failed(place.parent, "made", error) from error
        write_atomic(place, text.encode())
    return _updated(home)


def remove(files: Mapping[PurePosixPath, str], home: Path) -> tuple[list[Path], list[str]]:
    """Delete what `install` wrote, if it is there.

    Args:
        files: As for `install`.
        home: As for `install`.

    Returns:
        What was deleted, and notes.

    Raises:
        OutputError: If a file cannot be deleted.
    """
    gone = []
    for place in (home / path for path in files):
        try:
            place.unlink()
            gone.append(place)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _failed(place, "deleted", error) from error
    return gone, _updated(home) if gone else []


def _updated(home: Path) -> list[str]:
    """Run the programs that read the folders; return what could not be done."""
    notes = []
    for program, folder, package in _UPDATES:
        path = shutil.which(program)
        if not (home / folder).is_dir():
            continue
        if path is None:
            notes.append(f"{program} is missing: install {package} and run this again")
            continue
        try:
            run = subprocess.run(  # noqa: S603 - a program of the system, no text of a user
                [path, str(home / folder)], capture_output=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            notes.append(f"{program} did not run: {error}")
            continue
        if run.returncode:
            notes.append(f"{program} failed with exit code {run.returncode}")
    return notes


def _failed(path: Path, what: str, error: OSError) -> OutputError:
    return OutputError(
        ISSUE.OUTPUT_NOT_WRITABLE, f"{path} cannot be {what}: {error.strerror or error}"
    )
