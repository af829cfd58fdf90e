"""EXIF and XMP that go from file to file."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rdpcodec.images import Picture, encode_picture, read_picture

PLAIN = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"/>'


def photo(kind: str = "JPEG", orientation: int = 1, **options: Any) -> bytes:
    """Return a picture with what a camera tells."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[271], exif[0x0112] = "Maker", orientation
    exif[0x8769] = {0x9003: "2024:01:01 00:00:00", 0x927C: b"note" * 20}
    exif[0x8825] = {1: "N", 2: (50.0, 30.0, 0.0)}
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, kind, exif=exif, **options)
    return out.getvalue()


def parsed(exif: bytes | None) -> Image.Exif:
    """Return EXIF as Pillow reads it."""
    found = Image.Exif()
    found.load(exif or b"")
    return found


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_is_kept_upright(orientation: int) -> None:
    """The pixels are turned once, and no tag turns them again."""
    data = photo(orientation=orientation, quality=95)
    picture, notes = read_picture(data)
    exif = parsed(picture.exif)
    assert (exif[271], 0x0112 in exif) == ("Maker", False)
    assert exif.get_ifd(0x8769) == {0x9003: "2024:01:01 00:00:00"}
    assert exif.get_ifd(0x8825)[2] == (50.0, 30.0, 0.0)
    assert notes[-1] == "EXIF is kept without a maker note"
    again, _ = read_picture(encode_picture(picture, ".png"))
    assert np.array_equal(again.pixels, picture.pixels)
    assert picture.pixels.shape[:2] == ((6, 9) if orientation < 5 else (9, 6))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_files_carry_exif_and_xmp(suffix: str) -> None:
    """What was written is read again."""
    exif = read_picture(photo())[0].exif
    written = Picture(np.zeros((4, 5, 3), np.uint8), exif=exif, xmp=PLAIN)
    again, _ = read_picture(encode_picture(written, suffix))
    assert again.xmp == PLAIN
    if suffix == ".tif":
        assert again.exif is None
        return
    assert dict(parsed(again.exif).get_ifd(0x8825)) == dict(parsed(exif).get_ifd(0x8825))
    assert parsed(again.exif)[271] == "Maker"


@pytest.mark.parametrize("suffix", [".bmp", ".ppm"])
def test_other_formats_leave_them_out(suffix: str) -> None:
    """A picture with metadata can be written everywhere."""
    written = Picture(np.zeros((4, 5, 3), np.uint8), exif=read_picture(photo())[0].exif, xmp=XMP)
    again, _ = read_picture(encode_picture(written, suffix))
    assert (again.exif, again.xmp) == (None, None)


def test_xmp_is_turned_with_the_picture() -> None:
    """An orientation that was applied is told nowhere."""
    picture, _ = read_picture(photo(orientation=6, xmp=XMP))
    assert picture.xmp is not None
    assert b"Orientation" not in picture.xmp


def test_no_exif_where_nothing_is_told() -> None:
    """An orientation alone is no metadata; damaged EXIF is none."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = 3
    Image.new("RGB", (4, 4)).save(out, "JPEG", exif=exif)
    assert read_picture(out.getvalue())[0].exif is None
