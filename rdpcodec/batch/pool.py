"""Processes that work side by side; one that is lost takes nothing along but its own job."""

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from rdpcodec.interrupts import delivered

J = TypeVar("J")
R = TypeVar("R")

_PATIENCE_SECONDS = 10.0  # for a worker to end what cannot be interrupted


@dataclass(eq=False)
class _Worker(Generic[J]):
    process: BaseProcess
    connection: Any  # of Connection's two classes, by system
    job: J


def run(
    jobs: Iterable[J],
    work: Callable[[J], R],
    lost: Callable[[J, int | None], R],
    processes: int,
) -> Generator[R, None, None]:
    """Yield what `work` makes of each job, in the order in which they are done.

    A worker has one job at a time. When the generator is closed, or interrupted, the workers stop
    what they do: `SystemExit` is raised in them.

    Args:
        jobs: What `work` is called with; all are pickled.
        work: Called in processes that were started afresh, each of which keeps what it has loaded.
        lost: Gives the result of a job whose process has ended, from its exit code.
        processes: How many work at once.

    Yields:
        A result for each job.
    """
    waiting = iter(jobs)
    workers: list[_Worker[J]] = []
    try:
        workers += (_start(work, job) for job in islice(waiting, processes))
        while workers:
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                result, alive = _result(worker, lost)
                workers.remove(worker)
                for job in islice(waiting, 1):
                    workers.append(_next(worker if alive else None, work, job))
                    alive = False
                if alive:
                    worker.connection.close()  # it ends when it finds nothing more to do
                    worker.process.join()
                yield result
    finally:
        _stop(workers)


def _start(work: Callable[[J], R], job: J) -> _Worker[J]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work), daemon=True)
    with no_interrupts():
        process.start()
    theirs.close()
    with contextlib.suppress(OSError):  # it has ended already, which `wait` will tell
        ours.send(job)
    return _Worker(process, ours, job)


def _next(worker: _Worker[J] | None, work: Callable[[J], R], job: J) -> _Worker[J]:
    if worker is not None:
        try:
            worker.connection.send(job)
        except OSError:  # it has ended between two jobs
            worker.connection.close()
        else:
            return _Worker(worker.process, worker.connection, job)
    return _start(work, job)


def _result(worker: _Worker[J], lost: Callable[[J, int | None], R]) -> tuple[R, bool]:
    """Return the result of a worker that has something to tell, and whether it lives on."""
    try:
        return worker.connection.recv(), True
    except (EOFError, OSError):
        worker.connection.close()
        worker.process.join()
        return lost(worker.job, worker.process.exitcode), False


def _stop(workers: list[_Worker[J]]) -> None:
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        stop_process(worker.process)
        worker.connection.close()


def stop_process(process: BaseProcess) -> None:
    """End a process, with patience if it tidies up."""
    process.terminate()
    process.join(_PATIENCE_SECONDS)
    process.kill()
    process.join()


def _serve(connection: Connection, work: Callable[[J], R]) -> None:
    """Do one job after the other, until there is nobody left to ask for one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us decides
    signal.signal(signal.SIGTERM, _leave)
    with delivered(SystemExit, signal.SIGTERM):
        _work_on(connection, work)


def _work_on(connection: Connection, work: Callable[[J], R]) -> None:
    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        result = work(job)
        try:
            connection.send(result)
        except OSError:  # whoever asked was killed
            return


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(-number)


@contextmanager
def no_interrupts() -> Iterator[None]:
    """Start a process that Ctrl-C does not reach, not even while it is being started."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
