"""Temporary files beside an output, locked while their process lives and cleared by the next.

A process that is killed removes nothing. Its lock goes with it, which tells the next process that
writes the same output that the file is nobody's any more.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: no locks, so nothing is cleared, and names are taken at random
    LOCKS = False
else:
    LOCKS = True

_NAMES = 8  # of processes that write one output at once; one more takes a name at random
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def open_temporary(target: Path, mode: int) -> tuple[Path, int]:
    """Create a file beside a target; those that dead processes have left there are removed.

    Args:
        target: What the file will replace.
        mode: Its permissions, less the umask.

    Returns:
        Its path, and its descriptor, which holds the lock.

    Raises:
        OSError: If it cannot be created.
    """
    names = _names(target) if LOCKS else []
    for path in names:
        _clear(path)
    for path in (*names, target.with_name(f".rdpcodec-{secrets.token_hex(8)}.tmp")):
        descriptor = _claim(path, mode)
        if descriptor is not None:
            return path, descriptor
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def discard(path: Path, file: BinaryIO) -> None:
    """Remove a temporary file, unless its name is that of another process's by now.

    Args:
        path: As `open_temporary` returned it.
        file: The same, open.
    """
    with contextlib.suppress(OSError, ValueError):  # it is renamed already, or closed
        if not LOCKS:
            file.close()  # Windows removes no file that is open
            path.unlink()
        elif os.path.samestat(os.fstat(file.fileno()), path.lstat()):
            path.unlink()


def _names(target: Path) -> list[Path]:
    """Return the names of a target's temporary files, so that no folder has to be searched."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return [target.with_name(f".rdpcodec-{digest}-{k}.tmp") for k in range(_NAMES)]


def _claim(path: Path, mode: int) -> int | None:
    """Create and lock a file; return None if another process has it, or clears it just now."""
    try:
        descriptor = os.open(path, _FLAGS, mode)
    except FileExistsError:
        return None
    if not LOCKS:
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lost = os.fstat(descriptor).st_nlink == 0
    except BlockingIOError:
        lost = True
    except OSError:  # a file system without locks, where nothing is cleared either
        lost = False
    if lost:
        os.close(descriptor)
        return None
    return descriptor


def _clear(path: Path) -> None:
    """Remove a file whose process is dead: nobody holds its lock."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:  # mostly since there is none
        return
    with contextlib.suppress(OSError):  # of a process that lives, or of another user
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The name may be another file's by now; from here on it stays, as we have the lock.
            if os.path.samestat(found, path.lstat()):
                path.unlink()
    os.close(descriptor)
