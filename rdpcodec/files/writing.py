"""Output files: checked before the work is done, whole or not at all afterwards."""

import os
import stat
from pathlib import Path

from rdpcodec.errors import ISSUE, OutputError
from rdpcodec.files.descriptors import check_descriptor, descriptor_of, write_descriptor
from rdpcodec.files.replacing import replace_file


def check_output(path: Path) -> None:
    """Refuse a place that cannot be written, before the work is done.

    Args:
        path: Where the file will be written.

    Raises:
        OutputError: If the directory is missing or either may not be written.
    """
    try:
        descriptor = descriptor_of(path)
        if descriptor is not None:
            check_descriptor(descriptor)
        elif not _is_special(path):
            _check_place(path, _target(path))
    except (OSError, ValueError) as error:
        raise _not_writable(path, _reason(error)) from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that the old one stays until the new one is safely on the disk.

    A link is followed, and an existing file keeps its owner and permissions. A device, a pipe and
    what is open already are written as they are, since they cannot be replaced.

    Args:
        path: Where to write.
        data: The whole content.

    Raises:
        OutputError: If it cannot be written; an existing file is then unchanged.
    """
    check_output(path)
    try:
        descriptor = descriptor_of(path)
        if descriptor is not None:
            write_descriptor(descriptor, data)
        elif _is_special(path):
            path.write_bytes(data)
        else:
            replace_file(_target(path), data)
    except OSError as error:
        raise _not_writable(path, _reason(error)) from error


def same_file(one: Path, other: Path) -> bool:
    """Say whether two paths lead to one regular file, through links of either kind.

    Args:
        one: A path; the file need not exist.
        other: Another.

    Returns:
        Whether writing one would change the other; never for devices and pipes.
    """
    try:
        if _is_special(one) or _is_special(other):
            return False
        if one.exists() and other.exists():
            return one.samefile(other)
        return _target(one) == _target(other)
    except (OSError, ValueError):  # whoever opens them will say what is wrong
        return False


def _check_place(path: Path, target: Path) -> None:
    if target.is_dir():
        raise _not_writable(path, "it is a directory, expected a file name")
    if target.exists():
        if not os.access(target, os.W_OK):
            raise _not_writable(path, "the file is write-protected")
        return  # in a directory that is write-protected, it is written in place
    if not target.parent.is_dir():
        raise _not_writable(path, f"there is no directory {target.parent}")
    if not os.access(target.parent, os.W_OK):
        raise _not_writable(path, f"the directory {target.parent} is write-protected")


def _is_special(path: Path) -> bool:
    """Say whether the path names a device, a pipe or a socket."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _target(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _not_writable(path: Path, reason: str) -> OutputError:
    return OutputError(ISSUE.OUTPUT_NOT_WRITABLE, f"cannot write {path}: {reason}")
