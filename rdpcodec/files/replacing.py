"""A file replaced at once by another, or written in place where that cannot be."""

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from rdpcodec.files.temporary import LOCKS, discard, open_temporary

# A mount point (a file bound into a container), another file system, a directory or a system that
# is write-protected or sticky, an owner that only root or nobody can give.
_IN_PLACE = {
    errno.EBUSY,
    errno.EXDEV,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EINVAL,
    errno.ENOTSUP,
}


def replace_file(target: Path, data: bytes) -> None:
    """Give a file new content; an existing one keeps its owner, group and permissions.

    The new content is written beside it and renamed. An existing file that cannot be renamed
    over, or would change hands, is written in place; should that fail, its content is put back.

    Args:
        target: A regular file or a new name, not a link.
        data: The whole content.

    Raises:
        OSError: If it cannot be written; an existing file is then unchanged.
    """
    if not target.exists():
        _swap(target, data, None)
        return
    try:
        _swap(target, data, target.stat())
    except OSError as error:
        if error.errno not in _IN_PLACE:
            raise
        _overwrite(target, data)


def _swap(target: Path, data: bytes, before: os.stat_result | None) -> None:
    # Until it has the owner and the permissions of the old file, nobody else may look.
    temporary, descriptor = open_temporary(target, 0o666 if before is None else 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            if before is not None:
                _take_over(temporary, before)
            _fill(file, data)
            if not LOCKS:  # Windows renames no file that is open
                file.close()
            temporary.replace(target)
        except BaseException:  # Ctrl-C too
            discard(temporary, file)
            raise
    _sync_directory(target.parent)


def _take_over(temporary: Path, before: os.stat_result) -> None:
    now = temporary.stat()
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        os.chown(temporary, before.st_uid, before.st_gid)
    temporary.chmod(stat.S_IMODE(before.st_mode))  # last: a change of owner clears bits


def _overwrite(target: Path, data: bytes) -> None:
    with target.open("r+b") as file:
        before = file.read()
        try:
            _fill(file, data)
        except BaseException:  # Ctrl-C too
            with contextlib.suppress(OSError):
                _fill(file, before)
            raise


def _fill(file: BinaryIO, data: bytes) -> None:
    file.seek(0)
    file.write(data)
    file.truncate()
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    """Make the new name survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
