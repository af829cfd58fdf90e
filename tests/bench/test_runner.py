"""A table that is filled, resumed and cut short."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from rdpcodec.bench import catalogue, page
from rdpcodec.bench.base import Coded, Pixels, Reading, Spent
from rdpcodec.bench.rows import read_rows
from rdpcodec.bench.runner import Plan, run
from rdpcodec.errors import UsageError

SIZE = 48, 40


@dataclass
class FakeCodec:
    """Files of zeros that decode to a flat picture; counts what it is asked."""

    name: str = "fake"
    prior: str = ""
    version: str = "fake 1"
    asked: list[str] = field(default_factory=list)

    def readings(self, asked: Sequence[str]) -> list[str]:
        """Return all."""
        return list(asked)

    def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
        """Return as many zeros as there may be."""
        self.asked.append("encode")
        assert pixels.shape == (SIZE[1], SIZE[0], 3)
        return Coded(bytes(target_bytes), Spent(1.0, None), {"layers": 3.0})

    def decode(self, data: bytes, readings: Sequence[str]) -> Iterator[Reading]:
        """Yield grey."""
        for name in readings:
            self.asked.append(name)
            grey = np.full((SIZE[1], SIZE[0], 3), len(data) % 256, np.uint8)
            yield Reading(name, grey, None)


def test_resuming_measures_nothing_twice(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run asks nothing; a further reading encodes again but adds only its lines."""
    fake = FakeCodec()
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: lambda: [fake])
    monkeypatch.setattr(catalogue, "check_names", lambda _: None)
    plan = Plan(folder, tmp_path / "out.csv", ["fake"], [0.5, 1.0], ["rho=0", "rho=1"])
    rows = run(plan).rows
    assert len(rows) == 2 * 2 * 2
    assert len(fake.asked) == 4 + 8
    fake.asked.clear()
    reports: list[tuple[str, int, int]] = []
    again = run(plan, progress=lambda *report: reports.append(report)).rows
    assert fake.asked == []
    assert [row.key for row in again] == [row.key for row in rows]
    assert [report[1:] for report in reports[-4:]] == [(k, 4) for k in range(4)]
    more = run(replace(plan, readings=["rho=1", "rho=0.5"])).rows
    assert fake.asked == ["encode", "rho=0.5"] * 4
    assert len(more) == 12


def test_a_run_that_is_cut_keeps_its_lines(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured before an error is in the CSV."""

    class Failing(FakeCodec):
        def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
            if len(self.asked) > 2:
                raise KeyboardInterrupt
            return super().encode(pixels, target_bytes)

    failing = Failing()
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: lambda: [failing])
    monkeypatch.setattr(catalogue, "check_names", lambda _: None)
    path = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        run(Plan(folder, path, ["fake"], [0.5, 1.0], ["rho=0", "rho=1"]))
    assert [row.reading for row in read_rows(path)] == ["rho=0", "rho=1"]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"rates": [0.0]}, "--bpp is 0.0"),
        ({"names": ["gif"]}, "--codec is 'gif', expected one of rdpcodec"),
        ({"readings": ["rho=2"]}, "--reading is 'rho=2'"),
    ],
)
def test_wrong_options_are_refused(folder: Path, plan: dict[str, object], message: str) -> None:
    """One sentence says what was found and what was expected, before any work."""
    with pytest.raises(UsageError, match=message):
        run(replace(Plan(folder), **plan))  # type: ignore[arg-type]


def test_a_crop_of_nothing_is_refused(folder: Path) -> None:
    """A side of 0 is RDP-701."""
    with pytest.raises(UsageError, match="--crop is 0"):
        run(Plan(folder, names=("webp",), crop=0))


def test_the_middle_alone_is_measured_under_a_name_of_its_own(folder: Path, tmp_path: Path) -> None:
    """--crop 16 measures 16x16 pixels, and the page names the command that does it again."""
    csv = tmp_path / "crops.csv"
    rows = run(Plan(folder, csv=csv, names=("webp",), rates=(8.0,), crop=16)).rows
    assert {row.picture for row in rows} == {"colour@16", "grey@16"}
    assert all(row.bytes <= 8 * 16 * 16 / 8 for row in rows)
    assert "--crop 16" in page.markdown_page(rows, "webp", csv)
