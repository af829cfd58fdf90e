"""Processes: results, and what happens to those that are lost."""

import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest

from rdpcodec.batch import run


def _work(job: str) -> str:
    if job == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if job.startswith("wait"):
        try:
            time.sleep(60)
        finally:
            Path(job.removeprefix("wait ")).write_text("stopped")
    return f"{job} done"


def _lost(job: str, code: int | None) -> str:
    return f"{job} lost {code}"


@pytest.mark.parametrize("processes", [1, 2])
def test_one_lost_process_is_one_lost_job(processes: int) -> None:
    """The others are done, by a new process if need be."""
    results = list(run(["a", "die", "b", "c"], _work, _lost, processes))
    assert sorted(results) == ["a done", "b done", "c done", "die lost -9"]


def test_closing_stops_the_workers(tmp_path: Path) -> None:
    """What a worker does is undone as by any exception."""
    mark = tmp_path / "mark"
    start = time.monotonic()
    with closing(run(["a", f"wait {mark}", "b", "c"], _work, _lost, 2)) as results:
        assert next(results) == "a done"
        time.sleep(3)
    assert time.monotonic() - start < 50
    assert mark.read_text() == "stopped"
