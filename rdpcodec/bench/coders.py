"""What the benchmark asks of a codec."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rdpcodec.bench.gauge import Spent

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Coded:
    """A file, what it took to make it, and what else its encoder knows.

    Attributes:
        data: The bytes of the whole file.
        spent: None where answers were shared with other files, so that it says nothing.
        facts: Further columns of the table: `layers`, `coded_over_kl`.
    """

    data: bytes
    spent: Spent | None
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """A file read one way.

    Attributes:
        name: Of the way to read it; empty where there is only one.
        pixels: (H, W, 3) uint8.
        spent: What it takes to get from the file to this reading alone; None as in `Coded`.
    """

    name: str
    pixels: Pixels
    spent: Spent | None


class BenchCodec(Protocol):
    """A codec under measurement; it may keep what it learns of a picture for further rates."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    @property
    def prior(self) -> str:
        """The prior it codes with, empty if it has none."""

    @property
    def version(self) -> str:
        """The package that does the work, and its version."""

    def readings(self, asked: Sequence[str]) -> list[str]:
        """Return those of the ways to read that this codec has."""

    def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
        """Return the largest file of at most `target_bytes`, or the smallest that there is."""

    def decode(self, data: bytes, readings: Sequence[str]) -> Iterator[Reading]:
        """Yield each reading of a file."""
