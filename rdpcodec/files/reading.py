"""Input files and streams, within a limit."""

from pathlib import Path
from typing import BinaryIO

from rdpcodec.errors import ISSUE, InputError
from rdpcodec.limits import Limits


def read_file(path: Path, limits: Limits) -> bytes:
    """Read a whole file, but never more than a limit allows.

    Args:
        path: The file.
        limits: Bounds `file_bytes`.

    Returns:
        Its content.

    Raises:
        InputError: If it cannot be read.
        LimitError: If it is too large.
    """
    try:
        with path.open("rb") as stream:
            return read_stream(stream, limits)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        message = f"the file cannot be read: {reason}"
        raise InputError(ISSUE.INPUT_UNREADABLE, message) from error


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
