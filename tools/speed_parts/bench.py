"""Runs commands on pictures, in a folder where every output has a name of its own."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from speed_parts.jobs import arguments
from speed_parts.process import Run, measured
from speed_parts.rounds import Row, Version, interleaved, say

WRITES, NEEDS_NO_FILE = "compress", "priors"


@dataclass(frozen=True)
class Bench:
    """Measures commands.

    Attributes:
        folder: Where outputs go; each is removed when its run is over.
        versions: What to compare, one or two; each reads the files it wrote itself.
        rounds: How often each command runs, beside once before that is not counted.
        options: More arguments of `compress`.
    """

    folder: Path
    versions: Sequence[Version]
    rounds: int
    options: Sequence[str]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def rows(self, picture: Path, size: str, jobs: Sequence[str]) -> Iterator[Row]:
        """Measure commands on one picture.

        Args:
            picture: An image file.
            size: Its size, as it is called.
            jobs: Some of `jobs.JOBS`.

        Yields:
            What each took.

        Raises:
            FailedError: If a command fails.
        """
        files = {version.label: self._file(version, picture, size) for version in self.versions}
        for job in jobs:
            yield self._row(job, picture, size, files)

    def _file(self, version: Version, picture: Path, size: str) -> Path:
        """Return a file by a version, to be read by it; this warms `compress` up."""
        say(f"{size}, writing a file, {version.label}")
        out = self._fresh(".rdp")
        command = arguments(WRITES, picture, out, out, self.options)
        measured([str(version.command), *command])
        return out

    def _row(self, job: str, picture: Path, size: str, files: dict[str, Path]) -> Row:
        run = partial(self._run, job, picture, files)
        name = f"{size} {job}"
        if job != WRITES:
            say(f"{name}, warming up")
            for version in self.versions:
                run(version)
        runs = interleaved(run, self.versions, self.rounds, name)
        if job == NEEDS_NO_FILE:
            return Row(job, None, runs, dict.fromkeys(files))
        return Row(job, size, runs, {label: file.stat().st_size for label, file in files.items()})

    def _run(self, job: str, picture: Path, files: dict[str, Path], version: Version) -> Run:
        out = self._fresh(".rdp" if job == WRITES else ".png")
        command = arguments(job, picture, files[version.label], out, self.options)
        taken = measured([str(version.command), *command])
        out.unlink(missing_ok=True)
        return taken

    def _fresh(self, suffix: str) -> Path:
        """Return a name that nothing has: not all versions replace what is there."""
        return self.folder / f"{next(self._numbers)}{suffix}"
