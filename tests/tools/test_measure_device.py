"""The tool that checks and measures another way to compute against the default."""

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.arrays import tensors
from rdpcodec.compute import HOST, Compute

ROOT = Path(__file__).parents[2]
CASE = ROOT / "fixtures" / "valid" / "trellis-gaussian-rgb"
TORCH = Compute(engine="torch")
MakePhoto = Callable[..., NDArray[np.uint8]]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("measure_device")


def asked(**given: object) -> argparse.Namespace:
    """Return the options of a command line that names these."""
    return argparse.Namespace(**{"device": None, "precision": "float32", "engine": None, **given})


def test_a_way_passes_the_cases_that_the_default_passes(tool: ModuleType) -> None:
    """One case, on tensors too; a folder with a wrong one says which."""
    for way in (HOST, TORCH):
        assert tool.conforms(way, CASE) == "1 of 1 passed"
    assert tool.conforms(TORCH, ROOT / "fixtures" / "must_fail").startswith("0 of ")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["cpu", "cuda", "cuda:0"], "cuda"),
        (["cpu", "mps"], "mps"),
    ],
)
def test_the_best_device_is_taken(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, found: list[str], expected: str
) -> None:
    """Without options it is the device that torch has, else torch on the CPU."""
    assert tool.other_way(asked()) == TORCH
    monkeypatch.setattr(tensors, "devices", lambda: found)
    assert tool.other_way(asked()) == Compute(expected)


def test_options_decide_the_way(tool: ModuleType) -> None:
    """What is asked for is taken as it is, and named in a few words."""
    assert tool.other_way(asked(precision="bfloat16")) == Compute(precision="bfloat16")
    assert tool.label(HOST) == "default"
    assert tool.label(TORCH) == "cpu torch"
    assert tool.label(Compute(precision="bfloat16")) == "cpu bfloat16"


@pytest.mark.weights
def test_each_way_writes_and_both_read(
    tool: ModuleType, photo: MakePhoto, one_thread: None
) -> None:
    """A row for each writer; the other way reads the same up to rounding."""
    del one_thread
    table = tool.Table(*map(str, range(8)))
    tool.add_files(table, "photo", photo(48, 32), [HOST, TORCH], 1.0, 0.0)
    cells = [list(column.cells) for column in table.columns]
    assert cells[1] == ["default", "cpu torch"]
    assert cells[2][0] == cells[2][1]
    assert set(cells[6]) <= {"0", "1"}


@pytest.mark.weights
def test_every_way_has_its_milliseconds(tool: ModuleType, one_thread: None) -> None:
    """A row for each way, a number for each network, and the engine."""
    del one_thread
    table = tool.evaluations([HOST, TORCH], (32, 48), 1)
    cells = [list(column.cells) for column in table.columns]
    assert all(float(cell) > 0 for column in cells[1:5] for cell in column)
    assert cells[5][1].startswith("torch")


def test_a_crop_is_the_middle(tool: ModuleType) -> None:
    """Width before height, and nothing is scaled."""
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    assert np.array_equal(tool.cropped(pixels, "4x2"), pixels[2:4, 2:6])
    assert tool.cropped(pixels, None) is pixels
