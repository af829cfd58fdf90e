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
    """Compare two folders of readings of the same files."""
    errors, wrong = [(0.0, 0)], []
    for path in sorted(meant.glob("*.npz")):
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


def markdown(labels: list[str], cells: Mapping[tuple[str, str], Apart]) -> str:
    """Return a table with a row for each writer and a column for each reader."""
    numbers = range(1, len(labels) + 1)
    lines = [
        "| written by \\ read by | " + " | ".join(map(str, numbers)) + " |",
        "|---|" + "---|" * len(labels),
    ]
    for number, writer in zip(numbers, labels, strict=True):
        row = " | ".join(str(cells[writer, reader]) for reader in labels)
        lines.append(f"| {number}. {writer} | {row} |")
    return "\n".join(lines)
