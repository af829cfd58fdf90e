"""Work that is spread over the cores of a run; what is computed never depends on their number."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MAX = 16  # every one of an encoder takes 32 MB


def available() -> int:
    """Return how many threads to use: all cores that this process may run on, at most 16."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), MAX)
    return min(os.cpu_count() or 1, MAX)


def spread(work: Callable[[T], R], items: Iterable[T], threads: int) -> list[R]:
    """Return `work` of every item, in the order of the items.

    Args:
        work: Called from several threads at once.
        items: What it is called with.
        threads: How many threads to use; with one, or one item, it is the calling thread.
    """
    found = list(items)
    if min(threads, len(found)) <= 1:
        return [work(item) for item in found]
    with ThreadPoolExecutor(min(threads, len(found))) as pool:
        return list(pool.map(work, found))
