"""Names of this process's own open files, such as /dev/stdout and the /dev/fd/63 of `>(...)`."""

import os
import re
from pathlib import Path

_LINKS_MAX = 40


def descriptor_of(path: Path) -> int | None:
    """Return the number of the open file that a path names.

    Opening such a path again would cut a log that a shell has opened with `>>`.

    Args:
        path: Any path.

    Returns:
        The descriptor, None if the path names none of this process.
    """
    try:
        for _ in range(_LINKS_MAX):
            if path.name.isdecimal() and _holds_descriptors(path.parent):
                return int(path.name)
            path = path.parent / path.readlink()
    except (OSError, ValueError):  # no link, or no path at all
        pass
    return None


def check_descriptor(descriptor: int) -> None:
    """Refuse a descriptor that is closed or open for reading only.

    Args:
        descriptor: Its number.

    Raises:
        OSError: If it cannot be written.
    """
    import fcntl  # noqa: PLC0415 - absent where no path names a descriptor

    if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError("it is open for reading only")


def write_descriptor(descriptor: int, data: bytes) -> None:
    """Write where the open file stands; at its end, if it was opened for appending.

    Args:
        descriptor: Its number; it stays open.
        data: What to write.

    Raises:
        OSError: If it cannot be written.
    """
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(data)


def _holds_descriptors(directory: Path) -> bool:
    if str(directory) == "/dev/fd":
        return True
    own = rf"/proc/{os.getpid()}(/task/\d+)?/fd"
    return re.fullmatch(own, os.path.realpath(directory)) is not None
