"""`compress --strip`, and what `inspect` and `decompress` say of metadata and alpha."""

import json
from pathlib import Path

import pytest
from cli.shell import Shell
from PIL import Image

CODED = ("--prior", "gaussian-1", "--t", 2600)


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    """Return a photo with a place, XMP and half of its opacity."""
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (50.0, 30.0, 0.0)}
    path = tmp_path / "camera.webp"
    picture = Image.new("RGBA", (16, 12), (9, 99, 200, 128))
    picture.save(path, lossless=True, exif=exif, xmp=b"<x:xmpmeta/>")
    return path


def test_a_place_is_told_and_can_be_left_out(run: Shell, camera: Path, tmp_path: Path) -> None:
    """All is kept by default, with a note about GPS; --strip names what is left out."""
    out = tmp_path / "out.rdp"
    for strip, letters in (((), "oex"), (("--strip", "exif"), "ox"), (("--strip", "all"), "o")):
        done = run("compress", camera, out, *CODED, *strip)
        assert done.code == 0
        assert ("GPS" in done.err) is ("e" in letters)
        facts = json.loads(run("inspect", out, "--json").out)
        assert "".join(chunk["type"] for chunk in facts["ancillary"]) == letters
        places = [chunk["place"] for chunk in facts["ancillary"] if "place" in chunk]
        assert places == [True] * letters.count("e")
        assert ("GPS" in run("inspect", out).out.decode()) is ("e" in letters)


def test_a_frame_is_taken_by_its_number(run: Shell, tmp_path: Path) -> None:
    """Alone and in folders; without a number a file of several is refused, and told how."""
    pages = [Image.new("L", (16, 12), grey) for grey in (20, 200)]
    (tmp_path / "in").mkdir()
    source = tmp_path / "in" / "pages.tif"
    pages[0].save(source, save_all=True, append_images=pages[1:])
    refused = run("compress", source, tmp_path / "out.rdp", *CODED)
    assert refused.code == 2
    assert "has 2 pages (several pictures), expected one, or --frame N" in refused.err
    done = run("compress", source, tmp_path / "out.rdp", *CODED, "--frame", 2)
    assert done.code == 0
    assert "frame 2 of 2 is stored" in done.err
    many = run("compress", tmp_path / "in", "-o", tmp_path / "out", *CODED, "--frame", 2)
    assert many.code == 0
    assert (tmp_path / "out/pages.rdp").read_bytes() == (tmp_path / "out.rdp").read_bytes()
    assert run("decompress", tmp_path / "out.rdp", tmp_path / "out.png").code == 0
    with Image.open(tmp_path / "out.png") as shown:
        assert abs(shown.getpixel((8, 6)) - 200) < 60  # type: ignore[operator]


def test_an_unknown_kind_of_metadata_is_refused(run: Shell, camera: Path, tmp_path: Path) -> None:
    """A slip of the pen does not publish a place."""
    done = run("compress", camera, tmp_path / "out.rdp", *CODED, "--strip", "exfi")
    assert done.code == 1
    assert "strip is exfi, expected all, or some of exif, xmp, icc" in done.err


def test_formats_that_hold_less_say_so(run: Shell, camera: Path, tmp_path: Path) -> None:
    """Alpha is refused unless a background is named; metadata are left out with a note."""
    file, out = tmp_path / "out.rdp", tmp_path / "out.ppm"
    run("compress", camera, file, *CODED)
    refused = run("decompress", file, out)
    assert (refused.code, out.exists()) == (1, False)
    assert "--background" in refused.err
    done = run("decompress", file, out, "--background", "white")
    assert done.code == 0
    assert "written without EXIF and XMP" in done.err
