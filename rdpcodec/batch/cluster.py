"""A run on a cluster of Ray; one process beside ours speaks with it.

That process may be stopped whenever it hangs, and what Ray writes goes nowhere: the cluster keeps
logs of its own.
"""

import importlib.util
import multiprocessing
import os
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rdpcodec import __version__
from rdpcodec.batch.jobs import Job
from rdpcodec.batch.pool import no_interrupts, stop_process
from rdpcodec.batch.record import Record
from rdpcodec.batch.work import Work
from rdpcodec.errors import ISSUE, ClusterError, RdpError, UsageError
from rdpcodec.files import Place

JOIN_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where and with how much.

    Attributes:
        address: `auto`, the cluster of this machine or of RAY_ADDRESS, or `ray://HOST:PORT`.
        processes: How many work at once; as many as the cluster has room for when None.
        cpus: Of each process.
        gpus: Of each process.

    Raises:
        UsageError: If the address has another form, or Ray is not installed.
    """

    address: str
    processes: int | None
    cpus: int
    gpus: int

    def __post_init__(self) -> None:
        if self.address != "auto" and not self.address.startswith("ray://"):
            message = f"--cluster is {self.address}, expected auto or ray://HOST:PORT"
            raise UsageError(ISSUE.INVALID_OPTION, message)
        if importlib.util.find_spec("ray") is None:
            message = "--cluster needs Ray, which is not installed: pip install 'rdpcodec[cluster]'"
            raise UsageError(ISSUE.INVALID_OPTION, message)


def run_on(
    cluster: Cluster, jobs: Sequence[Job], work: Work, join_seconds: float = JOIN_SECONDS
) -> Generator[Record, None, None]:
    """Yield a record for each job, in the order in which they are done.

    When the generator is closed, or interrupted, the workers on the cluster are stopped.

    Args:
        cluster: Where.
        jobs: Their paths mean the same on every node of the cluster.
        work: How.
        join_seconds: How long to wait for the cluster.

    Yields:
        The records.

    Raises:
        ClusterError: If the cluster cannot be reached, or is lost.
        UsageError: If it has not what the processes need.
    """
    absolute = [Job(_absolute(job.source), _absolute(job.out)) for job in jobs]
    named = {str(whole.out): job for whole, job in zip(absolute, jobs, strict=True)}
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_speak, args=(theirs, cluster, absolute, work), daemon=True)
    try:
        with no_interrupts():
            process.start()
        theirs.close()
        _check_joined(cluster, ours, join_seconds)
        while (records := _received(cluster, ours)) is not None:
            for record in records:
                job = named[str(record.out)]
                yield replace(record, source=str(job.source), out=str(job.out))
    finally:
        ours.close()
        stop_process(process)


def _absolute(at: Place) -> Place:
    return at.absolute() if isinstance(at, Path) else at


def _check_joined(cluster: Cluster, ours: Connection, seconds: float) -> None:
    start = time.monotonic()
    if not ours.poll(seconds):
        waited = f"{time.monotonic() - start:.0f} s"
        raise _unreachable(f"the cluster {cluster.address} does not answer within {waited}")
    version = _received(cluster, ours)
    if version != __version__:
        message = f"the cluster {cluster.address} has rdpcodec {version}, expected {__version__}"
        raise _unreachable(message)


def _received(cluster: Cluster, ours: Connection) -> Any:
    """Return what the other process has sent; raise it if it is an error."""
    try:
        found = ours.recv()
    except (EOFError, OSError) as error:
        raise _unreachable(f"the connection to the cluster {cluster.address} was lost") from error
    if isinstance(found, RdpError):
        raise found
    return found


def _speak(theirs: Connection, cluster: Cluster, jobs: Sequence[Job], work: Work) -> None:
    """Send the version of this package on the cluster, then lists of records, then None."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us decides
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    _be_quiet()
    try:
        _lead(theirs, cluster, jobs, work)
    except RdpError as error:
        theirs.send(error)
    except Exception as error:  # noqa: BLE001 - Ray and its layers raise of all kinds
        lines = str(error).strip().splitlines() or [type(error).__name__]
        text = " ".join(lines[-1].split())  # the others are a traceback
        theirs.send(_unreachable(f"the cluster {cluster.address} cannot be used: {text}"))


def _lead(theirs: Connection, cluster: Cluster, jobs: Sequence[Job], work: Work) -> None:
    from rdpcodec.batch import ray_data  # noqa: PLC0415 - an extra

    pool = ray_data.Pool(actors=cluster.processes, cpus=cluster.cpus, gpus=cluster.gpus)
    with suppress(BrokenPipeError), ray_data.connected(cluster.address):
        run = ray_data.lead(jobs, work, pool)
        theirs.send(ray_data.result(run.start.remote()))
        while (records := ray_data.result(run.take.remote())) is not None:
            theirs.send(records)
        theirs.send(None)


def _be_quiet() -> None:
    """Let nothing that Ray writes come between the lines of ours."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def _unreachable(message: str) -> ClusterError:
    return ClusterError(ISSUE.CLUSTER_UNREACHABLE, message)
