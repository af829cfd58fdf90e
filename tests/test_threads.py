"""Work is spread over threads, and comes back in order."""

import os
import threading

import pytest

from rdpcodec import threads


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    """However many threads there are, results are those of a plain loop."""
    assert threads.spread(lambda x: x * x, range(20), count) == [x * x for x in range(20)]
    assert threads.spread(str, [], count) == []


def test_items_are_worked_on_at_the_same_time() -> None:
    """Two threads meet, which one after the other could not."""
    meeting = threading.Barrier(2, timeout=10)
    assert sorted(threads.spread(lambda _: meeting.wait(), range(2), 2)) == [0, 1]


@pytest.mark.parametrize(("count", "items"), [(1, 3), (4, 1)])
def test_what_needs_no_thread_starts_none(count: int, items: int) -> None:
    """One thread, or one item, is the caller's own."""
    found = threads.spread(lambda _: threading.get_ident(), range(items), count)
    assert set(found) == {threading.get_ident()}


def test_what_is_raised_arrives() -> None:
    """An exception in a thread is the caller's."""
    with pytest.raises(ZeroDivisionError):
        threads.spread(lambda x: 1 // x, [1, 0], 2)


def test_the_cores_of_the_process_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Physical cores that the process may run on count, else all; OMP_NUM_THREADS decides."""

    def counted() -> int:
        threads._cores.cache_clear()
        return threads.count()

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    monkeypatch.setattr(threads, "_siblings", lambda cpu: "0-1" if cpu < 2 else "4-5")
    assert counted() == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert counted() == 7
    monkeypatch.setenv("OMP_NUM_THREADS", "0")
    monkeypatch.delattr(os, "sched_getaffinity")
    assert counted() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert counted() == 1
    monkeypatch.undo()
    threads._cores.cache_clear()


def test_a_number_holds_for_a_while() -> None:
    """The innermost number counts, None changes nothing, and the number before comes back."""
    before = threads.count()
    with threads.limited(5):
        with threads.limited(None):
            assert threads.count() == 5
        with threads.limited(1):
            assert threads.count() == 1
        assert threads.count() == 5
    assert threads.count() == before
