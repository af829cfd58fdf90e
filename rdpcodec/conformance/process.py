"""One run of somebody else's program, within bounds of time and output."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from rdpcodec.conformance.fields import CheckFailedError

OUTPUT_BYTES_MAX = 16 << 20
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Ended:
    """What a program has left.

    Attributes:
        code: Its exit code, below 0 for the signal that ended it.
        out: What it wrote on stdout.
        last_line: The last line that it wrote on stderr.
    """

    code: int
    out: bytes
    last_line: str


def run_bounded(words: Sequence[str], seconds: float) -> Ended:
    """Run a program to its end; whatever it has started ends with it.

    Args:
        words: The program and its arguments.
        seconds: How long it may take.

    Returns:
        What it has left.

    Raises:
        CheckFailedError: If it cannot be started, takes longer or writes too much.
    """
    # Files, not pipes: no process that outlives the program can keep us waiting for their end.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _start(words, out, err)
        try:
            _await(process, {"stdout": out, "stderr": err}, seconds)
        finally:
            _end(process)
        out.seek(0)
        err.seek(0)
        return Ended(process.returncode, out.read(), _last_line(err.read()))


def _start(words: Sequence[str], out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the user names the program
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
    except OSError as error:
        raise CheckFailedError("run", f"{words[0]} cannot be started: {error.strerror}") from error


def _await(process: subprocess.Popen[bytes], written: dict[str, IO[bytes]], seconds: float) -> None:
    end, running = time.monotonic() + seconds, True
    while running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
            running = False
        for name, file in written.items():
            if os.fstat(file.fileno()).st_size > OUTPUT_BYTES_MAX:
                message = f"it wrote more than {OUTPUT_BYTES_MAX >> 20} MiB on {name}"
                raise CheckFailedError("run", message)
        if running and time.monotonic() > end:
            raise CheckFailedError("run", f"it had not ended after {seconds:g} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and its children, which have a group of their own where groups exist."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
