"""The tool that measures priors: its integral of the error is the ideal rate."""

import importlib
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rdpcodec.priors import load_prior

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("measure_prior")


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_bits_of_a_power_law(tool: ModuleType, power: float) -> None:
    """An error of sigma^power from 8 down to 1/5 integrates exactly, the part above 8 included."""
    sigma = [2.0 ** (3 - i / 2) for i in range(14)]
    end = 0.2
    exact = 3 * 8**power / (2 * 64)
    if power == 2:
        exact += 3 * math.log(8 / end)
    else:
        exact += 3 * (end ** (power - 2) - 8 ** (power - 2)) / (2 - power)
    found = tool.ideal_bits(sigma, [s**power for s in sigma], end)
    assert found == pytest.approx(exact / math.log(2))


def test_a_picture_is_measured_at_every_level(tool: ModuleType) -> None:
    """Five PSNR, falling with the noise, and an error for each t that was asked for."""
    ramp = np.tile(np.linspace(-1, 1, 32, dtype=np.float32), (1, 3, 24, 1))
    found = tool.Measured()
    tool.measure(load_prior("gaussian-1"), ramp, found, [2560, 1536])
    values = [found.psnr[level][0] for level in tool.LEVELS]
    assert values == sorted(values, reverse=True)
    sigma, mse = found.curve()
    assert sigma == [1.0, 0.0625]
    assert mse[0] > mse[1] > 0
