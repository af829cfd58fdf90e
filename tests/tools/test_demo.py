"""What a newcomer runs first: the demo, and the picture that it draws."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rdpcodec.images import Picture

TOOLS = Path(__file__).parents[2] / "tools"
SIZE_PX = 96, 64
MakePhoto = Callable[..., NDArray[np.uint8]]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool that draws, as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("demo_sheet")


def _row(tool: ModuleType, values: dict[float, int]) -> object:
    """Return a file that reads as one flat grey for each rho."""
    width, height = SIZE_PX
    readings = tuple(
        tool.Reading(rho, Picture(np.full((height, width), value, np.uint8)), 30.0 + rho, 0.1)
        for rho, value in values.items()
    )
    return tool.Row(1354, 48, 0.0979, readings)


def test_a_sheet_has_a_row_for_each_file_and_a_column_for_each_rho(tool: ModuleType) -> None:
    """The original stands on the left, then rho 0 and rho 1 of the same file."""
    width, height = SIZE_PX
    original = Picture(np.full((height, width, 3), (9, 8, 7), np.uint8))
    rows = [_row(tool, {0: 50, 0.5: 99, 1: 60}), _row(tool, {0: 70, 0.5: 99, 1: 80})]
    sheet = np.asarray(tool.draw(original, rows))
    top, step = tool.GAP_PX + tool.LINE_PX, height + tool.LINE_PX
    corners = [
        [int(sheet[top + k * step, tool.GAP_PX + c * (width + tool.GAP_PX), 0]) for c in range(3)]
        for k in range(2)
    ]
    assert corners == [[9, 50, 60], [9, 70, 80]]


def test_the_detail_shown_is_the_busiest(tool: ModuleType) -> None:
    """Of a flat picture with a fine pattern in one corner, the corner is shown."""
    pixels = np.full((64, 96), 128, np.uint8)
    pixels[40:, 70:] = np.indices((24, 26)).sum(0) % 2 * 255
    left, top, right, bottom = tool.busiest(Picture(pixels), 32)
    assert (right - left, bottom - top) == (32, 32)
    assert (left, top) == (64, 32)


def test_the_table_says_what_was_measured(tool: ModuleType) -> None:
    """One line of Markdown for each file: sizes in whole bytes, PSNR at every rho."""
    *_, line = tool.markdown([_row(tool, dict.fromkeys(tool.RHOS, 0))]).splitlines()
    assert line == "| 1354 | 48 | 0.098 | 30.00 dB | 30.30 dB | 30.50 dB | 31.00 dB |"


@pytest.mark.weights
def test_the_demo_reads_one_file_at_every_rho(tmp_path: Path, photo: MakePhoto) -> None:
    """It writes a file and a sheet of it, and prints size and PSNR for rho 0, 0.3, 0.5 and 1."""
    source = tmp_path / "small.png"
    Image.fromarray(photo(48, 32)).save(source)
    command = [sys.executable, str(TOOLS / "demo.py"), str(source), "--bpp", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}  # as `one_thread`
    run = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    written = tmp_path / "out" / "small-2.rdp"
    assert written.stat().st_size <= 48 * 32 * 2 / 8
    for rho in ("0", "0.3", "0.5", "1"):
        assert f">>> received.at({rho})" in run.stdout
    assert run.stdout.count(" dB") == 4
    with Image.open(tmp_path / "out" / "small-sheet.jpg") as sheet:
        assert sheet.width > 3 * 48


def test_the_demo_names_a_photo_that_is_missing(tmp_path: Path) -> None:
    """The exit code is that of an unreadable input, and there is one sentence."""
    command = [sys.executable, str(TOOLS / "demo.py"), str(tmp_path / "no.png")]
    run = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert run.stderr.startswith("tools/demo: ")
    assert len(run.stderr.splitlines()) == 1
