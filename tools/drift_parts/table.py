"""How far apart readings of the same files are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# What fixtures/README.md grants a decoder, in levels of 8 bits: rms and peak.
TOLERANCE = {"photo": (0.2, 2), "gaussian": (0.1, 1)}


@dataclass(frozen=True)
class Apart:
    """How far one reading is from what its writer reads, over all cases.

    Attributes:
        rms: The largest root of the mean squared difference of a picture, in levels.
        peak: The largest difference, in levels.
        wrong: Cases whose symbols differ, or whose pixels are further apart than granted.
    """

    rms: float
    peak: int
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        """Return a cell of the table."""
        if self.wrong:
            return f"**{self.rms:.3f}, {self.peak}: {' '.join(self.wrong)}**"
        return f"{self.rms:.3f}, {self.peak}" if self.peak else "0"


def apart(meant: Path, found: Path) -> Apart:
    """Compare two folders of readings of the same files.

    Raises:
        FileNotFoundError: If there are none.
    """
    errors: list[tuple[float, int]] = []
    wrong: list[str] = []
    paths = sorted(meant.glob("*.npz"))
    if not paths:
        raise FileNotFoundError(f"{meant} has no readings")
    for path in paths:
        rms_max, peak_max = TOLERANCE[path.stem.split("-")[0]]
        with np.load(path) as expected, np.load(found / path.name) as other:
            rms, peak = _errors(expected, other)
            same = np.array_equal(expected["symbols"], other["symbols"])
        errors.append((rms, peak))
        if not same or rms > rms_max or peak > peak_max:
            wrong.append(path.stem)
    return Apart(max(rms for rms, _ in errors), max(peak for _, peak in errors), tuple(wrong))


def _errors(
    expected: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]
) -> tuple[float, int]:
    views = [name for name in expected if name != "symbols"]
    gaps = [expected[name].astype(int) - other[name] for name in views]
    rms = max(float(np.sqrt(np.square(gap).mean())) for gap in gaps)
    return rms, max(int(np.abs(gap).max()) for gap in gaps)


def legend(ways: list[tuple[str, str]]) -> str:
    """Return a table of the ways, by number: what each is, and with which versions."""
    lines = ["| | way | versions |", "|---|---|---|"]
    lines += [f"| {k} | {label} | {versions} |" for k, (label, versions) in enumerate(ways, 1)]
    return "\n".join(lines)


def markdown(
    rows: Mapping[str, str], columns: list[str], cells: Mapping[tuple[str, str], Apart]
) -> str:
    """Return a table with a row for each set of files, and a column for each way to read them.

    Args:
        rows: What the files are called, by the first way that wrote them.
        columns: The ways.
        cells: How far apart, by writer and reader.
    """
    numbers = map(str, range(1, len(columns) + 1))
    lines = ["| written by | " + " | ".join(numbers) + " |", "|---|" + "---|" * len(columns)]
    for writer, label in rows.items():
        row = " | ".join(str(cells[writer, reader]) for reader in columns)
        lines.append(f"| {label} | {row} |")
    return "\n".join(lines)
