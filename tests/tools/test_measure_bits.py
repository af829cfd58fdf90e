"""The tool that says where the bits of a file go."""

import importlib
from types import ModuleType

import numpy as np
import pytest

import rdpcodec
from rdpcodec import container


@pytest.fixture
def tool() -> ModuleType:
    """Return the tool as a module."""
    return importlib.import_module("measure_bits")


@pytest.mark.parametrize("channels", [1, 3])
def test_every_bit_of_a_file_is_named_once(tool: ModuleType, channels: int) -> None:
    """The parts add up to the file, and the picture without colour differences spends none."""
    ramp = np.linspace(0, 255, 48 * 32).reshape(32, 48).astype(np.uint8)
    pixels = ramp if channels == 1 else np.dstack([ramp, ramp[::-1], ramp])
    spent = tool.Spent()
    with spent.watching():
        data = rdpcodec.encode(pixels, prior="gaussian-1", bpp=1)
    file = container.parse(data)
    parts = dict(tool.table_of(file, len(data), spent))
    assert sum(parts.values()) == pytest.approx(8 * len(data))
    assert min(parts.values()) >= 0
    assert sum("px" in name for name in parts) == channels * len(tool.BANDS_SHOWN)
    assert sum(bits for _, _, bits in tool.by_level(spent)) == sum(
        layer.bits for layer in file.header.layers
    )


def test_looking_changes_nothing(tool: ModuleType) -> None:
    """A file that was watched is the file that is written without."""
    pixels = np.arange(24 * 24, dtype=np.uint8).reshape(24, 24)
    with tool.Spent().watching():
        watched = rdpcodec.encode(pixels, prior="gaussian-1", bpp=1)
    assert watched == rdpcodec.encode(pixels, prior="gaussian-1", bpp=1)
