"""The tool that measures the engines: seconds and errors."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.engines import ncnn_network

TOOLS = Path(__file__).parents[2] / "tools"
MakePhoto = Callable[..., NDArray[np.uint8]]
pytestmark = [
    pytest.mark.weights,
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.skipif(ncnn_network.version() is None, reason="ncnn is not here"),
]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("measure_engines")


def test_every_engine_has_a_row(tool: ModuleType) -> None:
    """Torch and three ways of ncnn for both networks, each with an error of rounding only."""
    table = tool.evaluations(tool.plain_networks(), (32, 16), 1)
    names, ways, _, _, errors = (list(column.cells) for column in table.columns)
    assert names == 4 * ["ffdnet"] + 4 * ["four_scales"]
    assert ways == 2 * ["torch", *tool.WAYS]
    assert all(0 < float(error) < 1e-3 for error in errors)
