"""`compress` and `decompress` of many files: `-o FOLDER`."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rdpcodec import threads
from rdpcodec.cli.counting import counting
from rdpcodec.cli.messages import say
from rdpcodec.cli.overwriting import Keep, any_picture, check_overwriting, not_rdp, rdp
from rdpcodec.cli.reading import Reading, decode_options
from rdpcodec.cli.streams import DASH, check_destination, is_stdout, read_input, write_output
from rdpcodec.errors import (
    EXIT_SOME,
    ISSUE,
    OutputError,
    PriorError,
    PriorUnavailableError,
    RdpError,
    UsageError,
)
from rdpcodec.files import Place, place, same_file
from rdpcodec.options import EncodeOptions

if TYPE_CHECKING:
    from rdpcodec.batch import Cluster, Compressing, Decompressing, Plan, Record

    Results = Generator[Record, None, None]
    Work = Compressing | Decompressing
    Write = Callable[[Record], object]

_JOBS_MAX = 256
_NAMED_MAX = 10  # of the files that are left out
# What no other picture would escape: compressing stops at the first of these.
_OF_ALL: dict[str, type[RdpError]] = {
    ISSUE.PRIOR_UNAVAILABLE: PriorUnavailableError,
    ISSUE.PRIOR_INVALID: PriorError,
    ISSUE.INVALID_OPTION: UsageError,
}


@dataclass(frozen=True, kw_only=True)
class Extras:
    """The options that only `-o FOLDER` gives a meaning to, and the report."""

    files_from: str | None
    jobs: int | None
    cluster: str | None
    resume: bool
    report: str | None


@dataclass(frozen=True, kw_only=True)
class Folder:
    """What to do with many files.

    Attributes:
        inputs: Files and folders.
        out: The folder of the outputs.
        extras: The other options.
        force: Replace pictures of another kind.
        quiet: Say nothing but errors.
    """

    inputs: tuple[str, ...]
    out: Place
    extras: Extras
    force: bool
    quiet: bool


def pair(files: list[str] | None) -> tuple[str, str]:
    """Return the input and the output where no folder is given.

    Raises:
        UsageError: If there are not two.
    """
    if files is None or len(files) != 2:
        found = len(files or ())
        message = f"expected an input and an output, or inputs and -o FOLDER, found {found} names"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    return files[0], files[1]


def folder_of(
    files: list[str] | None, out: str | None, extras: Extras, *, force: bool, quiet: bool
) -> Folder | None:
    """Return what to do with many files; None where two names are an input and an output.

    Raises:
        UsageError: If options contradict each other.
        OutputError: If the output is a file.
    """
    inputs = tuple(files or ())
    if out is None:
        _refuse_extras(extras)
        return None
    if DASH in inputs:
        raise _invalid("- is no input of -o FOLDER; --files-from - reads a list of names")
    if not inputs and extras.files_from is None:
        raise _invalid("-o FOLDER needs inputs, found none")
    if extras.cluster is None and (extras.jobs or 1) > _JOBS_MAX:
        raise _invalid(f"--jobs is {extras.jobs}, expected {_JOBS_MAX} at most on one machine")
    if extras.resume and (extras.report is None or is_stdout(extras.report)):
        raise _invalid("--resume needs --report FILE.jsonl, which tells what is done")
    where = place(out)
    if isinstance(where, Path) and where.exists() and not where.is_dir():
        message = f"cannot write to {out}: it is a file, expected a folder"
        raise OutputError(ISSUE.OUTPUT_NOT_WRITABLE, message)
    return Folder(inputs=inputs, out=where, extras=extras, force=force, quiet=quiet)


def compress_folder(folder: Folder, options: EncodeOptions) -> None:
    """Compress many files.

    Args:
        folder: Which, and where to.
        options: How, for each of them.

    Raises:
        RdpError: If nothing can be done; a single failure is told at the end.
        Exit: If some of them failed.
    """
    from rdpcodec.batch import Compressing  # noqa: PLC0415 - loads the codec
    from rdpcodec.images import SUFFIXES  # noqa: PLC0415 - loads numpy

    work = Compressing(replace(options, threads=_share(folder, options.threads)))
    _run(folder, work, _Kinds(SUFFIXES, ".rdp", not_rdp))


def decompress_folder(folder: Folder, reading: Reading, chosen: str) -> None:
    """Decompress many files.

    Args:
        folder: Which, and where to.
        reading: How; its file and its map of rho are not used.
        chosen: The format of the outputs.

    Raises:
        RdpError: As `compress_folder`.
        Exit: If some of them failed.
    """
    from rdpcodec.batch import Decompressing  # noqa: PLC0415 - loads the codec
    from rdpcodec.images import depth_for  # noqa: PLC0415 - loads numpy

    if reading.rho_map is not None:
        raise _invalid("--rho-map is for a single picture, found -o FOLDER")
    suffix = f".{chosen}"
    depth_for(suffix, reading.depth, of_file=8)
    options = replace(
        decode_options(reading),
        depth=reading.depth,
        rho=reading.rho,
        reconstruction=reading.reconstruction,
        evaluations=reading.evaluations,
        average=reading.average,
        symmetries=reading.symmetries,
        threads=_share(folder, reading.threads),
    )
    work = Decompressing(options, suffix, reading.drop_profile, reading.background)
    _run(folder, work, _Kinds(frozenset({".rdp"}), suffix, rdp))


@dataclass(frozen=True)
class _Kinds:
    """What is read in folders, what is written, and what of that name is kept."""

    reads: frozenset[str]
    suffix: str
    keep: Keep


def _run(folder: Folder, work: "Work", kinds: _Kinds) -> None:
    from rdpcodec.batch import plan, read_list  # noqa: PLC0415 - loads the codec
    from rdpcodec.compute import Compute  # noqa: PLC0415 - loads numpy

    extras = folder.extras
    cluster = _cluster(extras, work)
    if cluster is None:  # refused once for all; on a cluster its first process does so
        Compute(str(work.options["device"]), str(work.options["precision"]))
    listed = [] if extras.files_from is None else read_list(read_input(extras.files_from))
    found = plan(folder.inputs, listed, folder.out, reads=kinds.reads, suffix=kinds.suffix)
    for job in found.jobs:
        if isinstance(job.out, Path) and job.out.exists():
            check_overwriting(str(job.out), inputs={}, keep=kinds.keep, force=folder.force)
    work = _prepare_report(folder, found, work)
    if isinstance(folder.out, Path):
        folder.out.mkdir(parents=True, exist_ok=True)
    if not folder.quiet:
        _name_left_out(found)
    with _writer(extras) as write:
        results = _results(extras, work, found, cluster)
        tally = _work(folder, work, found, results, write)
    tally.tell(folder)
    if tally.failed:
        raise typer.Exit(EXIT_SOME)


def _work(
    folder: Folder, work: "Work", found: "Plan", results: "Results", write: "Write"
) -> "_Tally":
    """Take all results; what is done is told even when the run is interrupted."""
    tally = _Tally(len(found.jobs))
    try:
        for record in _left_out(found, work):
            write(record)
        with counting(len(found.jobs), quiet=folder.quiet) as step, closing(results):
            for record in results:
                write(record)
                _stop_at(record)
                tally.add(record)
                step()
    except BaseException:
        tally.tell(folder)
        raise
    return tally


def _results(extras: Extras, work: "Work", found: "Plan", cluster: "Cluster | None") -> "Results":
    """Do all jobs, here or on a cluster."""
    from rdpcodec.batch import lost, run, run_on  # noqa: PLC0415 - loads the codec

    if cluster is None:
        return run(found.jobs, work, partial(lost, work), extras.jobs or 1)
    return run_on(cluster, found.jobs, work)


def _cluster(extras: Extras, work: "Work") -> "Cluster | None":
    """Return the cluster that is asked for, with what each process there is to have."""
    from rdpcodec.batch import Cluster  # noqa: PLC0415 - loads the codec

    if extras.cluster is None:
        return None
    if (device := work.options["device"]) not in ("cpu", "cuda"):
        message = (
            f"--device is {device}, on a cluster expected cpu, or cuda: a GPU for each process"
        )
        raise _invalid(message)
    gpus = int(device == "cuda")
    cpus = work.threads or 1
    return Cluster(address=extras.cluster, processes=extras.jobs, cpus=cpus, gpus=gpus)


@dataclass
class _Tally:
    """What has become of the jobs so far."""

    total: int
    done: int = 0
    kept: int = 0
    failed: "list[Record]" = field(default_factory=list)
    noted: int = 0
    start: float = field(default_factory=time.monotonic)

    def add(self, record: "Record") -> None:
        """Count a record."""
        self.done += record.status == "done"
        self.kept += record.status == "kept"
        self.noted += bool(record.notes)
        if record.status == "failed":
            self.failed.append(record)

    def tell(self, folder: Folder) -> None:
        """Say what is done, and every failure."""
        for record in self.failed:
            error = record.error or {}
            say(f"error {error.get('id')}: {record.source}: {error.get('message')}")
        if folder.quiet:
            return
        if self.noted:
            where = "" if folder.extras.report else ", which --report FILE.jsonl tells"
            say(f"note: there are notes on {self.noted} pictures{where}")
        open_ = self.total - self.done - self.kept - len(self.failed)
        counts = [
            (self.kept, "kept"), (len(self.failed), "failed"), (open_, "not done")
        ]  # fmt: skip
        rest = "".join(f", {number} {what}" for number, what in counts if number)
        seconds = time.monotonic() - self.start
        say(f"{folder.out}: {self.done} of {self.total} files made{rest}, {seconds:.1f} s")


def _stop_at(record: "Record") -> None:
    """Raise what every other picture would fail with too."""
    if record.command == "compress" and record.error and record.error["id"] in _OF_ALL:
        issue = ISSUE(record.error["id"])
        raise _OF_ALL[issue](issue, record.error["message"])


def _prepare_report(folder: Folder, found: "Plan", work: "Work") -> "Work":
    """Check where the report goes; return the work less what it tells to be done."""
    from rdpcodec.batch import read_done  # noqa: PLC0415 - loads the codec

    report, path = folder.extras.report, Path(folder.extras.report or "")
    if report is None or is_stdout(report):
        return work
    check_destination(report)
    touched = (other for job in found.jobs for other in (job.source, job.out))
    if any(isinstance(other, Path) and same_file(path, other) for other in touched):
        raise _invalid(f"--report {report} is an input or an output too")
    check_overwriting(report, inputs={}, keep=any_picture, force=folder.force)
    if not folder.extras.resume or not path.exists():
        return work
    with path.open("rb") as lines:
        return replace(work, done=read_done(lines, work.command, work.options))


@contextmanager
def _writer(extras: Extras) -> Iterator["Write"]:
    """Yield what writes a record to the report, each a whole line at once."""
    if extras.report is None:
        yield lambda _record: None
    elif is_stdout(extras.report):
        yield lambda record: write_output(DASH, record.to_line())
    else:
        with Path(extras.report).open("ab" if extras.resume else "wb", buffering=0) as file:
            if file.tell():
                file.write(b"\n")  # the run before may have been killed within a line
            yield lambda record: file.write(record.to_line())


def _name_left_out(found: "Plan") -> None:
    names = [str(path) for path in found.left_out]
    if names:
        more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
        what = "file is" if len(names) == 1 else "files are"
        named = ", ".join(names[:_NAMED_MAX])
        say(f"note: {len(names)} {what} left out, by the extension: {named}{more}")


def _left_out(found: "Plan", work: "Work") -> Iterator["Record"]:
    """Yield a record for each file that is not read."""
    from rdpcodec.batch import Record  # noqa: PLC0415 - loads the codec

    for path in found.left_out:
        yield Record(command=work.command, status="left out", source=str(path))


def _share(folder: Folder, asked: int | None) -> int:
    """Return the threads of each process, which on a cluster are its CPUs."""
    if folder.extras.cluster is not None:
        return asked or 1
    return max(1, (asked or threads.count()) // (folder.extras.jobs or 1))


def _refuse_extras(extras: Extras) -> None:
    given = {
        "--files-from": extras.files_from is not None,
        "--jobs": extras.jobs is not None,
        "--cluster": extras.cluster is not None,
        "--resume": extras.resume,
    }
    for name, there in given.items():
        if there:
            raise _invalid(f"{name} needs -o FOLDER")


def _invalid(message: str) -> UsageError:
    return UsageError(ISSUE.INVALID_OPTION, message)
