"""The tool that measures how far ways to compute drift apart."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from drift_parts import child
from drift_parts.table import apart, legend, markdown
from drift_parts.ways import Way, elsewhere, here
from numpy.typing import NDArray

TOOLS = Path(__file__).parents[2] / "tools"
HERE = Path(sys.executable)


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("measure_drift")


def reading(folder: Path, name: str, pixels: NDArray[np.uint8], symbols: list[int]) -> Path:
    """Write what a way has read of a file; return the folder."""
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", symbols=np.array(symbols), **{"rho 0": pixels})
    return folder


@pytest.mark.parametrize(
    ("added", "symbols", "cell"),
    [
        (0, [1, 2], "0"),
        (2, [1, 2], "0.200, 2"),
        (3, [1, 2], "**0.300, 3: photo-rgb**"),
        (0, [1, 3], "**0.000, 0: photo-rgb**"),
    ],
)
def test_what_is_apart_is_told(tmp_path: Path, added: int, symbols: list[int], cell: str) -> None:
    """Equal readings are 0, near ones two numbers, and what is not granted names the case."""
    pixels = np.full((10, 10), 100, np.uint8)
    meant = reading(tmp_path / "meant", "photo-rgb", pixels, [1, 2])
    pixels[4, 4] += added
    assert str(apart(meant, reading(tmp_path / "found", "photo-rgb", pixels, symbols))) == cell


def test_nothing_to_compare_is_an_error(tmp_path: Path) -> None:
    """A writer that reads nothing is not taken for one that agrees with all."""
    with pytest.raises(FileNotFoundError):
        apart(tmp_path, tmp_path)


def test_the_tables_have_a_number_for_each_way() -> None:
    """Rows are sets of equal files, columns are ways."""
    cells = {("a", "a"): "0", ("a", "b"): "0.100, 1"}
    table = markdown({"a": "1, 2"}, ["a", "b"], cells)  # type: ignore[arg-type]
    assert table.splitlines() == [
        "| written by | 1 | 2 |",
        "|---|---|---|",
        "| 1, 2 | 0 | 0.100, 1 |",
    ]
    assert legend([("ncnn, 1 thread", "numpy 2")]).endswith("| 1 | ncnn, 1 thread | numpy 2 |")


def test_every_way_has_a_name_of_its_own(tool: ModuleType) -> None:
    """Engines, threads, instructions and other environments are all told apart."""
    ways = [*here(HERE), *elsewhere("lowest", HERE), *elsewhere("newest", HERE)]
    assert len({way.name for way in ways}) == len(ways) == 14
    assert {way.engine for way in tool.found_ways([], ["2 threads"])} == {"ncnn", "torch"}
    assert [way.label for way in tool.found_ways(["old=python"], ["old"])] == [
        "ncnn, old",
        "torch, old",
    ]


def test_a_way_that_fails_says_why(tmp_path: Path) -> None:
    """The last line of what it complains about, and no exception."""
    assert "nowhere" in (Way("a", HERE, "ncnn").run("write", tmp_path / "nowhere", tmp_path) or "")


def test_a_file_is_written_and_read(tmp_path: Path) -> None:
    """A reading holds the symbols of all layers, and pictures at both ends of rho."""
    for name in ("pictures", "one", "read"):
        (tmp_path / name).mkdir()
    options = {"gaussian-rgb": {"prior": "gaussian-1", "t": 2300}}
    (tmp_path / "pictures" / "cases.json").write_text(json.dumps(options))
    ramp = np.tile(np.arange(0, 240, 10, dtype=np.uint8), (16, 1))
    np.save(tmp_path / "pictures" / "gaussian-rgb.npy", np.stack((ramp, ramp, 255 - ramp), axis=-1))
    child.write("ncnn", 1, tmp_path / "pictures", tmp_path / "one")
    child.read("ncnn", 1, tmp_path / "read", tmp_path / "one")
    with np.load(tmp_path / "read" / "one" / "gaussian-rgb.npz") as found:
        assert found["symbols"].size > 10
        assert found["rho 0"].shape == found["rho 1"].shape == (16, 24, 3)
        assert not np.array_equal(found["rho 0"], found["rho 1"])


def test_versions_are_those_that_compute() -> None:
    """Python, numpy and the engine are among them."""
    found = child.versions()
    assert found["numpy"] == np.__version__
    assert found.keys() >= {"Python", "ncnn", "torch"}
