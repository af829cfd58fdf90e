"""Progress on stderr: a bar in a terminal; elsewhere a line per phase once it takes a second."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rdpcodec.cli.messages import say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 1.0

Report = Callable[[str, int, int], None]


@contextmanager
def progress(first_phase: str, *, quiet: bool) -> Iterator[Report | None]:
    """Show what a long job is doing.

    Args:
        first_phase: What it does until it first reports.
        quiet: Show nothing.

    Yields:
        Takes the phase, the steps done and the number of steps; None when quiet.
    """
    if quiet or sys.stderr is None:
        yield None
    elif sys.stderr.isatty():
        with _bar() as bar:
            yield _Bar(bar, bar.add_task(first_phase, total=None))
    else:
        yield _Lines()


class _Bar:
    def __init__(self, bar: "Progress", task: "TaskID") -> None:
        self._bar, self._task = bar, task

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=phase, completed=done, total=total or None)


class _Lines:
    def __init__(self) -> None:
        self._start, self._phase = time.monotonic(), ""

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase != self._phase and time.monotonic() - self._start > PATIENCE_SECONDS:
            self._phase = phase
            say(f"{phase} ({done} of about {total})")


def _bar() -> "Progress":
    from rich import progress as rich  # noqa: PLC0415 - keeps `inspect` fast
    from rich.console import Console  # noqa: PLC0415 - keeps `inspect` fast

    return rich.Progress(
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.TaskProgressColumn(),
        rich.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
