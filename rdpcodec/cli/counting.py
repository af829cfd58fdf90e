"""Progress of many files on stderr: a bar in a terminal, elsewhere a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rdpcodec.cli.messages import say

EVERY_SECONDS = 30.0

Step = Callable[[], None]


@contextmanager
def counting(total: int, *, quiet: bool) -> Iterator[Step]:
    """Show how many files are done, how many that is a second, and the time left.

    Args:
        total: How many there are.
        quiet: Show nothing.

    Yields:
        To be called for every file that is done.
    """
    if quiet or sys.stderr is None:
        yield lambda: None
    elif sys.stderr.isatty():
        with _bar(total) as step:
            yield step
    else:
        yield _Lines(total)


class _Lines:
    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._start = self._said = time.monotonic()

    def __call__(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._said < EVERY_SECONDS or self._done == self._total:
            return
        self._said, rate = now, self._done / (now - self._start)
        left = (self._total - self._done) / rate
        say(f"{self._done} of {self._total} files, {rate:.2f} a second, about {left:.0f} s left")


@contextmanager
def _bar(total: int) -> Iterator[Step]:
    from rich import progress as rich  # noqa: PLC0415 - keeps `inspect` fast
    from rich.console import Console  # noqa: PLC0415 - keeps `inspect` fast

    columns = (
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[rate]}"),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task, start, done = bar.add_task("", total=total, rate=""), time.monotonic(), 0

        def step() -> None:
            nonlocal done
            done += 1
            rate = done / max(time.monotonic() - start, 1e-9)
            bar.update(task, completed=done, rate=f"{rate:.2f} a second")

        yield step
