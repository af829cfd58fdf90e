"""Rows of numbers: what vectors are made of, and how they are stored."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Numbers = NDArray[np.float64]
Rows = dict[str, Numbers]
DIGITS = 7
TOLERANCE = 2e-5  # of the largest number of a row


@dataclass(frozen=True)
class Group:
    """Rows that belong together.

    Attributes:
        name: Of the paragraph of section 17 that says what is given.
        section: That the numbers follow from.
        made: Computes them.
        weights: Whether they change with the weights or the calibration of `photo-1`.
    """

    name: str
    section: str
    made: Callable[[], Rows]
    weights: bool = False


def row(values: Tensor | Any) -> Numbers:
    """Return the numbers of a row."""
    plain = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    return np.array(plain, dtype=np.float64).reshape(-1)


def as_text(groups: tuple[Group, ...]) -> str:
    """Return the file of vectors, a row in a line."""
    stored = [_group(group) for group in groups]
    return f'{{"tolerance": {TOLERANCE!r}, "groups": [\n' + ",\n".join(stored) + "\n]}\n"


def _group(group: Group) -> str:
    head = {"name": group.name, "section": group.section, "weights": group.weights}
    rows = [
        f"  {json.dumps(label)}: [{', '.join(f'{float(x):.{DIGITS}g}' for x in numbers)}]"
        for label, numbers in group.made().items()
    ]
    return f'{json.dumps(head)[:-1]}, "rows": {{\n' + ",\n".join(rows) + "\n}}"


def read(text: str) -> dict[str, Rows]:
    """Return the rows of a file of vectors, by group."""
    groups = json.loads(text)["groups"]
    return {g["name"]: {label: row(x) for label, x in g["rows"].items()} for g in groups}


def wrong(found: Rows, expected: Rows) -> list[str]:
    """Return the labels of the rows that are not as expected, missing and unknown ones too."""
    labels = [*found, *(label for label in expected if label not in found)]
    return [label for label in labels if not _close(found.get(label), expected.get(label))]


def _close(found: Numbers | None, expected: Numbers | None) -> bool:
    if found is None or expected is None or found.shape != expected.shape:
        return False
    return bool(np.abs(found - expected).max() <= TOLERANCE * np.abs(expected).max())
