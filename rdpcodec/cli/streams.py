"""Input and output by name, where `-` is standard input or standard output."""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rdpcodec.cli.messages import PipeClosedError
from rdpcodec.errors import ISSUE, InputError, OutputError, UsageError
from rdpcodec.files import check_output, descriptor_of, read_file, read_stream, write_atomic
from rdpcodec.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from rich.console import RenderableType

DASH = "-"
_STDOUT = 1


def is_stdout(name: str) -> bool:
    """Say whether an output is standard output, by `-` or a name such as /dev/stdout.

    Args:
        name: A path or `-`.

    Returns:
        Whether it is.
    """
    return name == DASH or descriptor_of(Path(name)) == _STDOUT


def check_one_stdin(inputs: Mapping[str, str | None]) -> None:
    """Refuse to read standard input twice.

    Args:
        inputs: What the command reads, by the names of its arguments; None if not given.

    Raises:
        UsageError: If two of them are `-`.
    """
    roles = [role for role, name in inputs.items() if name == DASH]
    if len(roles) > 1:
        message = f"{roles[0]} and {roles[1]} are both standard input, expected one at most"
        raise UsageError(ISSUE.INVALID_OPTION, message)


def read_input(name: str, limits: Limits = DEFAULT) -> bytes:
    """Read a file or standard input.

    Args:
        name: A path or `-`.
        limits: Bounds `file_bytes`.

    Returns:
        All of it.

    Raises:
        InputError: If it cannot be read.
        LimitError: If it is too large.
    """
    if name != DASH:
        return read_file(Path(name), limits)
    if sys.stdin is None:
        raise InputError(ISSUE.INPUT_UNREADABLE, "the stream is closed")
    try:
        return read_stream(sys.stdin.buffer, limits)
    except OSError as error:
        message = f"the stream cannot be read: {error.strerror}"
        raise InputError(ISSUE.INPUT_UNREADABLE, message) from error


def check_destination(name: str) -> None:
    """Refuse an output that cannot be written, before the work is done.

    Args:
        name: A path or `-`.

    Raises:
        OutputError: If the path cannot be written, or names a directory.
        UsageError: If binary data would go to a terminal.
    """
    if not is_stdout(name):
        _check_names_file(name)
        check_output(Path(name))
    elif sys.stdout is not None and sys.stdout.isatty():
        message = "standard output is a terminal, expected a pipe or a file for binary data"
        raise UsageError(ISSUE.INVALID_OPTION, message)


def write_output(name: str, data: bytes) -> None:
    """Write a whole file, or to standard output.

    Args:
        name: A path or `-`.
        data: The content.

    Raises:
        OutputError: If it cannot be written.
        PipeClosedError: If the reader of standard output is gone.
    """
    if not is_stdout(name):
        write_atomic(Path(name), data)
        return
    if sys.stdout is None:
        raise OutputError(ISSUE.OUTPUT_NOT_WRITABLE, "standard output is closed")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        _abandon_stdout()
        raise PipeClosedError from error
    except OSError as error:
        message = f"standard output cannot be written: {error.strerror}"
        raise OutputError(ISSUE.OUTPUT_NOT_WRITABLE, message) from error


def _check_names_file(name: str) -> None:
    """Refuse `photos/`, which as a path would be a file called photos."""
    last = name.replace(os.sep, "/").rpartition("/")[2]
    if last in ("", ".", "..") or Path(name).is_dir():
        message = f"cannot write {name}: it names a directory, expected the name of a file in it"
        raise OutputError(ISSUE.OUTPUT_NOT_WRITABLE, message)


def print_text(text: str) -> None:
    """Write text to standard output.

    Args:
        text: The text, with its line ends; what the terminal cannot show is escaped.

    Raises:
        OutputError: If it cannot be written.
        PipeClosedError: If the reader of standard output is gone.
    """
    write_output(DASH, text.encode(_encoding(), "backslashreplace"))


def print_rich(*parts: "RenderableType", width_min: int = 0) -> None:
    """Write tables to standard output; in ASCII boxes where its encoding has no others.

    Args:
        parts: What to render, one below the other.
        width_min: Do not squeeze them into fewer columns, however narrow the terminal is.

    Raises:
        OutputError: If it cannot be written.
        PipeClosedError: If the reader of standard output is gone.
    """
    from rich.console import Console  # noqa: PLC0415 - keeps `inspect --json` fast
    from rich.table import Table  # noqa: PLC0415 - keeps `inspect --json` fast

    data = io.BytesIO()  # rich itself would end the program on a closed pipe
    text = io.TextIOWrapper(data, _encoding(), "backslashreplace", newline="")
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = max(width_min, shutil.get_terminal_size().columns)
    console = Console(file=text, force_terminal=on_terminal, width=width, highlight=False)
    for part in parts:
        for column in part.columns if isinstance(part, Table) else ():
            column.overflow = "fold"  # no digest or number is cut short by an ellipsis
        console.print(part)
    text.flush()
    write_output(DASH, data.getvalue())


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def _abandon_stdout() -> None:
    """Let the interpreter flush what is left into nothing when it ends."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
