"""How many threads a run may use, and work spread over them; results never depend on it."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_TOPOLOGY = Path("/sys/devices/system/cpu")
_asked: ContextVar[int | None] = ContextVar("threads", default=None)


def count() -> int:
    """Return what was asked for, else one for each physical core."""
    return _asked.get() or _cores()


@contextmanager
def limited(number: int | None) -> Iterator[None]:
    """Use so many threads for a while; as many as before, if None."""
    before = _asked.set(number or _asked.get())
    try:
        yield
    finally:
        _asked.reset(before)


def spread(work: Callable[[T], R], items: Iterable[T], number: int) -> list[R]:
    """Return `work` of every item, in the order of the items.

    Args:
        work: Called from several threads at once.
        items: What it is called with.
        number: How many threads to use; with one, or one item, it is the calling thread.
    """
    found = list(items)
    if min(number, len(found)) <= 1:
        return [work(item) for item in found]
    with ThreadPoolExecutor(min(number, len(found))) as pool:
        return list(pool.map(work, found))


@lru_cache(maxsize=1)
def _cores() -> int:
    """Return the number of physical cores that this process may use."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    if not hasattr(os, "sched_getaffinity"):  # not on macOS, nor on Windows
        return os.cpu_count() or 1
    return len({_siblings(cpu) for cpu in os.sched_getaffinity(0)})


def _siblings(cpu: int) -> str:
    """Return what all threads of one core have in common."""
    try:
        return (_TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


def _compute_alone() -> None:
    """Use one thread in a forked child, which has the parent's pools but not their threads."""
    _asked.set(1)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_compute_alone)
