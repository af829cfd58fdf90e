"""Dots per inch go from file to file, within EXIF."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rdpcodec.images import Picture, encode_picture, read_picture


def saved(kind: str, **options: Any) -> bytes:
    """Return a picture of 9 x 6 pixels as a file."""
    out = io.BytesIO()
    Image.new("RGB", (9, 6), (90, 80, 70)).save(out, kind, **options)
    return out.getvalue()


def dpi_of(data: bytes) -> tuple[float, float]:
    """Return what Pillow tells of a file."""
    with Image.open(io.BytesIO(data)) as image:
        return tuple(round(float(value), 1) for value in image.info["dpi"])  # type: ignore[return-value]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("dpi", [(300, 300), (300, 150)])
def test_a_resolution_is_kept(kind: str, suffix: str, dpi: tuple[int, int]) -> None:
    """As its file tells it, without a note, and written where the format has its place."""
    picture, notes = read_picture(saved(kind, dpi=dpi))
    assert notes == []
    assert dpi_of(encode_picture(picture, suffix)) == dpi


def test_a_resolution_alone_costs_few_bytes() -> None:
    """A file of a thousand bytes can bear it."""
    picture, _ = read_picture(saved("PNG", dpi=(300, 300)))
    assert picture.exif is not None
    assert len(zlib.compress(picture.exif, 9)) <= 60


def test_webp_carries_it_in_exif() -> None:
    """Through a format without a place of its own."""
    picture, _ = read_picture(saved("PNG", dpi=(300, 300)))
    again, _ = read_picture(encode_picture(picture, ".webp"))
    assert again.exif == picture.exif


def test_it_turns_with_the_picture() -> None:
    """What was a row is a column, and its dots are as dense as before."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture, _ = read_picture(saved("PNG", dpi=(300, 150), exif=exif))
    assert picture.pixels.shape[:2] == (9, 6)
    assert dpi_of(encode_picture(picture, ".png")) == (150, 300)


def test_centimetres_are_understood() -> None:
    """EXIF may count dots per centimetre."""
    exif = Image.Exif()
    exif[271], exif[282], exif[283], exif[296] = "Maker", 100.0, 100.0, 3
    picture, _ = read_picture(saved("WEBP", exif=exif))
    assert dpi_of(encode_picture(picture, ".png")) == (254, 254)


@pytest.mark.parametrize("exif", [b"", b"MM\0*" + bytes(4), b"MM\0*" + struct.pack(">I", 999)])
def test_damaged_exif_of_a_file_tells_none(exif: bytes) -> None:
    """It is handed on as it is, since a file may hold anything."""
    picture = Picture(np.zeros((4, 5, 3), np.uint8), exif=exif)
    assert len(encode_picture(picture, ".png")) > 60
