"""A folder of tiny pictures, one of them broken, and the command line beside it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures in `in` and in `in/sub`, a text, a hidden file; the current directory is above."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (24, 1))
    for shift, name in enumerate(("a.png", "b.bmp", "sub/c.PNG")):
        Image.fromarray(np.roll(ramp, 5 * shift, 1)).save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "in" / ".hidden.png").write_text("no picture")
    return Path("in")
