"""A folder of pictures and a table of lines that several tests of the benchmark share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rdpcodec.bench.base import Pixels
from rdpcodec.bench.rows import Row

MakePhoto = Callable[..., Pixels]
SIZE = 48, 40


@pytest.fixture
def folder(tmp_path: Path, photo: MakePhoto) -> Path:
    """Return a directory with two small pictures, one of them grey."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.fromarray(photo(*SIZE)).save(pictures / "colour.png")
    Image.fromarray(photo(*SIZE, 1)).save(pictures / "grey.png")
    (pictures / "notes.txt").write_text("no picture")
    return pictures


def _rows_of(
    codec_name: str, factor: float = 1.0, reading: str = "", shift: float = 0
) -> list[Row]:
    """Return two pictures at five rates on a smooth curve, the bytes times a factor."""
    rows = []
    for picture, base in (("kodim01", 30.0), ("kodim02", 33.0)):
        for bpp in (0.1, 0.2, 0.4, 0.8, 1.6):
            quality = base + 6 * np.log2(bpp / 0.1) - 0.3 * np.log2(bpp / 0.1) ** 2
            rows.append(
                Row(
                    picture,
                    codec_name,
                    "",
                    reading,
                    bpp,
                    bytes=round(1e6 * bpp * factor),
                    bpp=bpp * factor,
                    psnr=quality + shift,
                    lpips=0.2 / bpp**0.5 - shift / 100,
                    frechet=0.3 / bpp - shift / 100,
                )
            )
    return rows


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., list[Row]]:
    """Return what makes lines of a codec: its name, a factor of its bytes, a reading, a shift."""
    return _rows_of
