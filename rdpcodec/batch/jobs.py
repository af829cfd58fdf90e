"""What is to be done: the inputs of a run, and where the output of each goes."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from rdpcodec.errors import ISSUE, InputError, UsageError
from rdpcodec.files import Address, Place, place


@dataclass(frozen=True)
class Job:
    """One input and its output."""

    source: Place
    out: Place


@dataclass(frozen=True)
class Plan:
    """The files of a run.

    Attributes:
        jobs: What is to be done, in the order of the inputs; those of a folder by name.
        left_out: What lies in the folders and is not read.
    """

    jobs: tuple[Job, ...]
    left_out: tuple[Place, ...]


def plan(
    inputs: Sequence[str],
    listed: Sequence[str],
    out: Place,
    *,
    reads: frozenset[str],
    suffix: str,
) -> Plan:
    """Find the files of a run; nothing is opened or written.

    Args:
        inputs: Files and folders. The only one, if it is a folder, lends its sub-folders to `out`;
            of several each folder goes under its own name. A file goes under its name.
        listed: Files of a list; they keep the folders that their paths name.
        out: The folder of the outputs. What lies in it is no input, if it lies in an input.
        reads: The extensions of the files that are read in folders, in lower case with the dot.
        suffix: The extension of the outputs.

    Returns:
        The plan.

    Raises:
        InputError: If an input does not exist, a folder cannot be read, or nothing is to be done.
        UsageError: If two inputs would have one output, or an output is an input.
    """
    found = [*_named(inputs, out), *((place(name), _mirrored(name)) for name in listed)]
    taken = [(s, at) for s, at, explicit in _sorted_out(found, inputs, listed, reads) if explicit]
    jobs = tuple(Job(source, (out / at).with_suffix(suffix)) for source, at in taken)
    chosen = {source for source, _ in taken}
    left_out = tuple(source for source, _ in found if source not in chosen)
    if not jobs:
        message = f"{', '.join(inputs) or 'the list'}: there is no picture, by its extension"
        raise InputError(ISSUE.INPUT_UNREADABLE, message)
    _check_apart(jobs)
    return Plan(jobs, left_out)


def read_list(data: bytes) -> list[str]:
    """Return the names in a list of files: one a line, or ended by zero bytes (find -print0)."""
    lines = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(line) for line in lines if line]


def _sorted_out(
    found: list[tuple[Place, PurePath]],
    inputs: Sequence[str],
    listed: Sequence[str],
    reads: frozenset[str],
) -> Iterator[tuple[Place, PurePath, bool]]:
    """Say of each file whether it is read: if somebody named it, or by its extension."""
    named = {place(name) for name in (*inputs, *listed)}
    for source, at in found:
        by_suffix = source.suffix.lower() in reads and _is_file(source)
        yield source, at, source in named or by_suffix


def _is_file(source: Place) -> bool:
    """Say whether what a folder lists is a file; a store lists nothing else."""
    return isinstance(source, Address) or source.is_file()


def _named(inputs: Sequence[str], out: Place) -> Iterator[tuple[Place, PurePath]]:
    for name in inputs:
        path = place(name)
        if not path.is_dir():
            yield path, PurePath(path.name)
            continue
        last = path.name if isinstance(path, Address) else path.resolve().name
        under = PurePath() if len(inputs) == 1 else PurePath(last)
        if isinstance(path, Address):
            yield from _in_store(path, under, out)
        else:
            yield from _inside(path, under, out)


def _in_store(folder: Address, under: PurePath, out: Place) -> Iterator[tuple[Place, PurePath]]:
    """List what `_inside` finds, by one request."""
    for name in folder.files():
        hidden = any(part.startswith(".") for part in PurePath(name).parts)
        if not hidden and not str(folder / name).startswith(f"{out}/"):
            yield folder / name, under / name


def _inside(folder: Path, under: PurePath, out: Place) -> Iterator[tuple[Place, PurePath]]:
    """Walk a folder by name, without hidden files, links to folders, and the outputs."""
    for at, folders, files in os.walk(folder, onerror=_unreadable):
        here = Path(at)
        folders[:] = sorted(
            name for name in folders if name[0] != "." and _key(here / name) != _key(out)
        )
        for name in sorted(name for name in files if name[0] != "."):
            yield here / name, under / here.relative_to(folder) / name


def _unreadable(error: OSError) -> None:
    message = f"the folder {error.filename} cannot be read: {error.strerror}"
    raise InputError(ISSUE.INPUT_UNREADABLE, message) from error


def _mirrored(name: str) -> PurePath:
    """Return where the output of a listed file goes: never outside of the folder of outputs."""
    found = place(name)
    text = found.url.partition("://")[2] if isinstance(found, Address) else str(found)
    path = PurePath(os.path.normpath(text))
    return PurePath(*(part for part in path.parts if part not in (path.anchor, os.pardir)))


def _check_apart(jobs: tuple[Job, ...]) -> None:
    outputs: dict[str, Place] = {}
    for job in jobs:
        if isinstance(job.source, Path) and job.source.is_dir():
            message = f"{job.source} is a folder, expected a file"
            raise InputError(ISSUE.INPUT_UNREADABLE, message)
        first = outputs.setdefault(_key(job.out), job.source)
        if first is not job.source:
            raise _invalid(f"{first} and {job.source} would both become {job.out}")
    for job in jobs:
        if (key := _key(job.source)) in outputs:
            raise _invalid(f"{job.source} is an input and would be the output of {outputs[key]}")


def _key(path: Place) -> str:
    if isinstance(path, Address):
        return path.url
    return os.path.normcase(os.path.realpath(path))


def _invalid(message: str) -> UsageError:
    return UsageError(ISSUE.INVALID_OPTION, message)
