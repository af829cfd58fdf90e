"""Input files within a limit, and output files that appear whole or not at all."""

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

from rdpcodec.errors import ISSUE, ImageError, OutputError
from rdpcodec.limits import Limits


def read_file(path: Path, limits: Limits) -> bytes:
    """Read a whole file, but never more than a limit allows.

    Args:
        path: The file.
        limits: Bounds `file_bytes`.

    Returns:
        Its content.

    Raises:
        ImageError: If it cannot be read.
        LimitError: If it is too large.
    """
    try:
        with path.open("rb") as stream:
            return read_stream(stream, limits)
    except (OSError, ValueError) as error:
        message = f"the file cannot be read: {_reason(error)}"
        raise ImageError(ISSUE.IMAGE_UNREADABLE, message) from error


def read_stream(stream: BinaryIO, limits: Limits) -> bytes:
    """Read a stream to its end, but never more than a limit allows.

    Args:
        stream: Open for reading; a pipe will do.
        limits: Bounds `file_bytes`.

    Returns:
        Its content.

    Raises:
        LimitError: If there is more.
    """
    data = stream.read(limits.file_bytes + 1)
    limits.check("file_bytes", len(data), "the size of the file in bytes, or more,")
    return data


def check_output(path: Path) -> None:
    """Refuse a place that cannot be written, before the work is done.

    Args:
        path: Where the file will be written.

    Raises:
        OutputError: If the directory is missing or either may not be written.
    """
    try:
        if _is_special(path):
            return
        target = _target(path)
        if target.is_dir():
            raise _not_writable(path, "it is a directory, expected a file name")
        if target.exists() and not os.access(target, os.W_OK):
            raise _not_writable(path, "the file is write-protected")
        if not target.parent.is_dir():
            raise _not_writable(path, f"there is no directory {target.parent}")
        if not os.access(target.parent, os.W_OK):
            raise _not_writable(path, f"the directory {target.parent} is write-protected")
    except (OSError, ValueError) as error:
        raise _not_writable(path, _reason(error)) from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that the old one stays until the new one is safely on the disk.

    A link is followed, the permissions of an existing file are kept, and a device or a pipe is
    written as it is, since it cannot be replaced.

    Args:
        path: Where to write.
        data: The whole content.

    Raises:
        OutputError: If it cannot be written; an existing file is then unchanged.
    """
    check_output(path)
    try:
        if _is_special(path):
            path.write_bytes(data)
        else:
            _replace(_target(path), data)
    except OSError as error:
        raise _not_writable(path, _reason(error)) from error


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".rdpcodec-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:  # Ctrl-C too
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)


def _sync_directory(directory: Path) -> None:
    """Make the new name survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
