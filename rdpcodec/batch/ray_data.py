"""What Ray runs: an actor on the cluster that leads a run, and those that work on files.

The run is led from inside the cluster, since Ray Data does not work through a Ray Client.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pyarrow as pa
import ray
import ray.data
from pyarrow.fs import LocalFileSystem

from rdpcodec import __version__
from rdpcodec.batch.jobs import Job
from rdpcodec.batch.record import Record
from rdpcodec.batch.work import Work, lost
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.files import Place, place

_BLOCK_FILES = 16  # at most: what is done again if its worker is lost, and what is told at once
_BLOCKS_OF_ACTOR = 8  # at least, where there are so many files: all end at about the same time
_ACTORS_OF_READER = 16  # at most; without a bound Ray starts a process for every block
_ATTEMPTS = 2  # a block, then each of its files alone, if the worker is lost


# A reader waits more than it works, and the actors may have all CPUs that there are. Left to itself
# Ray would try a file that ends its reader for ever.
_OF_READERS = {"num_cpus": 0, "max_retries": _ATTEMPTS - 1}


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The actors that work on files.

    Attributes:
        actors: How many at most; as many as the cluster has room for when None.
        cpus: Of each actor.
        gpus: Of each actor; a part of one, if more actors than GPUs are asked for.
    """

    actors: int | None
    cpus: int
    gpus: float = 0

    def sized(self) -> "Pool":
        """Return the pool with the number of its actors, among whom the GPUs are shared out.

        Raises:
            UsageError: If no node of the cluster has what one of them needs.
        """
        needs = {kind: n for kind, n in (("CPU", self.cpus), ("GPU", self.gpus)) if n}
        nodes = [node["Resources"] for node in _nodes() if node["Alive"]]
        room = sum(min(int(has.get(kind, 0) // n) for kind, n in needs.items()) for has in nodes)
        if not room:
            needed = " and ".join(f"{n} {kind}" for kind, n in needs.items())
            message = f"no node of the cluster has the {needed} that each process is to have"
            raise UsageError(ISSUE.INVALID_OPTION, message)
        actors = self.actors or room
        total = sum(int(has.get("GPU", 0)) for has in nodes)
        gpus = self.gpus / -(-actors // total) if self.gpus else 0
        return replace(self, actors=actors, gpus=gpus)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Join a cluster, `auto` or `ray://HOST:PORT`, without its logs; in the end leave it.

    Raises:
        ConnectionError: If there is none.
    """
    ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL)
    try:
        yield
    finally:
        ray.shutdown()


def lead(jobs: Sequence[Job], work: Work, pool: Pool) -> Any:
    """Return an actor that leads a run; see `Run`, and `result` for what it gives."""
    return ray.remote(Run).options(num_cpus=0).remote(jobs, work, pool)


def result(asked: Any) -> Any:
    """Wait for what an actor gives; what it raises is raised with its own class."""
    try:
        return ray.get(asked)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None


class Run:
    """A run of many files, led from where it is made."""

    def __init__(self, jobs: Sequence[Job], work: Work, pool: Pool) -> None:
        """Keep what is to be done; places are absolute. Nothing is started."""
        self._jobs, self._work, self._pool = jobs, work, pool
        self._records: Iterator[list[Record]] = iter(())

    def start(self) -> str:
        """Begin, and return the version of this package here.

        Raises:
            UsageError: As `Pool.sized`.
        """
        context = ray.data.DataContext.get_current()
        context.max_errored_blocks = -1  # their files are tried alone
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        self._records = _records(self._jobs, self._work, self._pool.sized())
        return __version__

    def take(self) -> list[Record] | None:
        """Return the next records; None after the last ones."""
        return next(self._records, None)


class Worker:
    """An actor that works on one file after the other; the prior it has loaded stays."""

    def __init__(self, work: Work, group: "_Group") -> None:
        """Keep how the work is done, and where the outputs of each folder go."""
        self._work, self._folders, self._suffix = work, group.folders, group.suffix

    def __call__(self, batch: pa.Table) -> dict[str, list[str]]:
        """Do one file: a row of `path`, with `bytes` if Ray has read it, else with `source`."""
        [row] = batch.to_pylist()
        path = PurePosixPath(row["path"])
        name = path.with_suffix(self._suffix).name
        job = Job(place(row.get("source", row["path"])), self._folders[str(path.parent)] / name)
        record = self._work(job, row.get("bytes"))
        return {
            "path": [row["path"]],
            "status": [record.status],
            "record": [record.to_line().decode()],
        }


@dataclass
class _Group:
    """Files of one store, where each folder of inputs has one folder of outputs.

    Attributes:
        store: What fsspec calls a file system; None for paths.
        suffix: Of the outputs.
        folders: Where the outputs of a folder of inputs go.
        jobs: By the path of the input in the store.
    """

    store: Any
    suffix: str
    folders: dict[str, Place] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    def takes(self, store: object, folder: str, out: Place) -> bool:
        """Say whether another job can come to these."""
        same = (self.store, self.suffix) == (store, out.suffix)
        return same and self.folders.get(folder, out.parent) == out.parent


def _groups(jobs: Sequence[Job]) -> list[_Group]:
    """Sort jobs, so that workers need not know every output; nearly always it is one group."""
    groups: list[_Group] = []
    for job in jobs:
        store, path = _located(job.source)
        folder = str(PurePosixPath(path).parent)
        group = next((each for each in groups if each.takes(store, folder, job.out)), None)
        if group is None:
            groups.append(group := _Group(store, job.out.suffix))
        group.folders[folder] = job.out.parent
        group.jobs[path] = job
    return groups


def _located(source: Place) -> tuple[Any, str]:
    """Return the store, None for paths, and the path in it."""
    return (None, source.as_posix()) if isinstance(source, Path) else source.opened()


def _records(jobs: Sequence[Job], work: Work, pool: Pool) -> Iterator[list[Record]]:
    """Yield the records of all jobs, some at a time.

    Ray reads the files and drops a block of them if one cannot be read or its worker is lost
    twice. Whatever has no record then is tried alone, by a worker that reads it itself.
    """
    for group in _groups(jobs):
        left = dict(group.jobs)
        for find in (_read, _unread):
            for records in _done(find(group, left, pool), work, group, pool):
                for path in records:
                    left.pop(path, None)
                yield list(records.values())
        yield [lost(work, job, None) for job in left.values()]


def _read(group: _Group, left: Mapping[str, Job], pool: Pool) -> ray.data.Dataset | None:
    """Return the files as Ray reads them; None if it finds none of them."""
    count, actors = len(left), pool.actors or 1
    least = min(count, _BLOCKS_OF_ACTOR * actors)
    try:
        return ray.data.read_binary_files(
            list(left),
            include_paths=True,
            filesystem=LocalFileSystem() if group.store is None else group.store,
            ignore_missing_paths=True,
            override_num_blocks=max(least, -(-count // _BLOCK_FILES)),
            ray_remote_args=_OF_READERS,
            concurrency=-(-actors // _ACTORS_OF_READER),
        )
    except (OSError, ValueError):
        return None


def _unread(_group: _Group, left: Mapping[str, Job], _pool: Pool) -> ray.data.Dataset | None:
    """Return the files for workers to read, each in a block of its own; None if there is none."""
    rows = [{"path": path, "source": str(job.source)} for path, job in left.items()]
    return ray.data.from_items(rows, override_num_blocks=len(rows)) if rows else None


def _done(
    files: ray.data.Dataset | None, work: Work, group: _Group, pool: Pool
) -> Iterator[dict[str, Record]]:
    """Yield the records of a block at a time, by path."""
    if files is None:
        return
    done = files.map_batches(
        Worker,
        batch_size=1,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(
            min_size=1,
            max_size=pool.actors,
            initial_size=pool.actors,
            max_tasks_in_flight_per_actor=1,  # a worker that is lost takes no other block along
        ),
        fn_constructor_args=(work, replace(group, store=None, jobs={})),
        num_cpus=pool.cpus,
        num_gpus=pool.gpus or None,
        max_restarts=-1,
        max_task_retries=_ATTEMPTS - 1,
    )
    for block in done.iter_batches(batch_size=None, batch_format="pyarrow"):
        rows: list[dict[str, str]] = cast("pa.Table", block).to_pylist()
        yield {row["path"]: Record.of_line(row["record"]) for row in rows}


def _nodes() -> list[Any]:
    return ray.nodes()  # type: ignore[no-untyped-call]  # it has no types
