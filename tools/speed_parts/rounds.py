"""Interleaved runs of one version or two, and what follows from them."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from speed_parts.process import Run


@dataclass(frozen=True)
class Version:
    """An installation: what it is called here, and the path of its `rdpcodec`."""

    label: str
    command: Path


@dataclass(frozen=True)
class Row:
    """What one command took.

    Attributes:
        job: One of `jobs.JOBS`.
        size: WIDTHxHEIGHT of the picture; None if there is none.
        runs: For each version, by its label, what each round took.
        file_bytes: For each version the size of the file that it wrote or read; None if none.
    """

    job: str
    size: str | None
    runs: dict[str, list[Run]]
    file_bytes: dict[str, int | None]

    def seconds(self, label: str) -> float:
        """Return the median seconds of a version."""
        return median(run.seconds for run in self.runs[label])

    def peak_bytes(self, label: str) -> float:
        """Return the median of a version's peak memory."""
        return median(run.peak_bytes for run in self.runs[label])

    def ratio(self) -> float | None:
        """Return the median over rounds of the first version's seconds by the second's."""
        if len(self.runs) == 1:
            return None
        first, second = self.runs.values()
        return median(a.seconds / b.seconds for a, b in zip(first, second, strict=True))


def in_turn(versions: Sequence[Version], number: int) -> list[Version]:
    """Return the order of a round: as given if its number is even, else reversed."""
    return list(versions[::-1] if number % 2 else versions)


def interleaved(
    run: Callable[[Version], Run], versions: Sequence[Version], rounds: int, name: str
) -> dict[str, list[Run]]:
    """Run every version once in each round, and tell stderr what each run took.

    Args:
        run: Runs a version.
        versions: What to run.
        rounds: How often.
        name: What is said to run.

    Returns:
        For each version, by its label, what each round took.

    Raises:
        FailedError: If a run fails.
    """
    found: dict[str, list[Run]] = {version.label: [] for version in versions}
    for number in range(rounds):
        for version in in_turn(versions, number):
            taken = run(version)
            found[version.label].append(taken)
            say(f"{name}, {number + 1} of {rounds}, {version.label}: {taken.seconds:.2f} s")
    return found


def say(line: str) -> None:
    """Write a line of progress on stderr."""
    print(line, file=sys.stderr, flush=True)
