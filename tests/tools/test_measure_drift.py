"""The tool that measures drift: files of two ways, read by both."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.compute import Compute

TOOLS = Path(__file__).parents[2] / "tools"
MakePhoto = Callable[..., NDArray[np.uint8]]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("measure_drift")


@pytest.mark.weights
def test_each_way_writes_and_both_read(
    tool: ModuleType, photo: MakePhoto, one_thread: None
) -> None:
    """Two files, two pictures of each, and a row of the table for each picture."""
    del one_thread
    ways = Compute(), Compute(precision="bfloat16")
    files = tool.measure(photo(48, 32), ways, 1.0, 0.0)
    assert [file.writer for file in files] == list(ways)
    assert all(tuple(file.read) == ways for file in files)
    table = tool.Table(*map(str, range(8)))
    tool.add_rows(table, "photo", photo(48, 32), files)
    assert table.row_count == 4


def test_a_crop_is_the_middle(tool: ModuleType) -> None:
    """Width before height, and nothing is scaled."""
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    assert np.array_equal(tool.cropped(pixels, "4x2"), pixels[2:4, 2:6])
    assert tool.cropped(pixels, None) is pixels


def test_a_way_is_named_in_a_word(tool: ModuleType) -> None:
    """The device is said where it is not the CPU."""
    assert tool.label(Compute()) == "float32"
    assert tool.label(Compute(precision="bfloat16")) == "bfloat16"
