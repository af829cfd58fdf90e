"""`rdpcodec bench`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rdpcodec.bench.rows import read_rows
from rdpcodec.cli.app import run as command_line

MakePhoto = Callable[..., NDArray[np.uint8]]


@pytest.fixture
def folder(tmp_path: Path, photo: MakePhoto) -> Path:
    """Return a directory with two small pictures, one of them grey."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.fromarray(photo(48, 40)).save(pictures / "colour.png")
    Image.fromarray(photo(48, 40, 1)).save(pictures / "grey.png")
    return pictures


@pytest.mark.slow
def test_the_command_from_pictures_to_page(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], one_thread: None
) -> None:
    """It measures, resumes, and redraws from the CSV alone; errors are one line."""
    pytest.importorskip("bjontegaard")
    pytest.importorskip("matplotlib")
    del one_thread
    csv, html = tmp_path / "out.csv", tmp_path / "out.html"
    asked = ["--codec", "rdpcodec", "--codec", "jpeg-420", "--prior", "gaussian-1"]
    asked += ["--bpp", "6", "--bpp", "0.01", "--reading", "rho=1", "--csv", str(csv), "--memo"]
    assert command_line(["bench", str(folder), *asked]) == 0
    out, err = capfd.readouterr()
    assert "rdpcodec gaussian-1 rho=1" in out
    assert "note: colour rdpcodec at 0.01 bpp is left out" in err
    assert "note: grey jpeg-420 at 0.01 bpp: its smallest file has" in err
    rows = read_rows(csv)
    assert len(rows) == 2 + 4
    assert all(row.bpp <= 6 for row in rows if row.bpp_asked == 6)
    drawn = ["--csv", str(csv), "--html", str(html), "--anchor", "jpeg-420", "-q"]
    assert command_line(["bench", *drawn]) == 0
    assert f"{np.mean([r.psnr for r in rows if r.codec == 'rdpcodec']):.2f}" in html.read_text()
    capfd.readouterr()
    assert command_line(["bench"]) == 1
    message = "neither DIR nor --csv is given, expected pictures or a table"
    assert capfd.readouterr().err == f"rdpcodec: error RDP-701: {message}\n"
    for option in ("--threads", "--crop"):
        assert command_line(["bench", str(folder), option, "0"]) == 1
        assert f"{option} is 0, expected" in capfd.readouterr().err
    same = ["--html", "a", "--markdown", str(Path("a").absolute())]
    assert command_line(["bench", str(folder), *same]) == 1
    assert "name the same file" in capfd.readouterr().err
