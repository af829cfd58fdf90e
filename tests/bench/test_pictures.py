"""Which files of a folder are measured, what they are called, and what is said of the others."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from rdpcodec.bench.pictures import (
    crop_of,
    cropped_name,
    find_pictures,
    read_pixels,
    unique_names,
)
from rdpcodec.bench.rows import read_rows
from rdpcodec.bench.runner import Plan, run
from rdpcodec.cli.app import run as command_line
from rdpcodec.errors import ISSUE, InputError

MakePhoto = Callable[..., NDArray[np.uint8]]
READABLE = ("a.jpg", "a.png", "b.tif", "c.bmp", "d.ppm", "e.JPEG", "f.webp", "g.avif", "h")


@pytest.fixture
def mixed(tmp_path: Path, photo: MakePhoto) -> Path:
    """Return a folder with pictures of every kind, and with much that is none."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name in READABLE:
        kind = "PNG" if "." not in name else None
        Image.fromarray(photo(32, 24)).save(folder / name, format=kind)
    (folder / "._a.jpg").touch()
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / "empty.jpg").touch()
    (folder / "noise.png").write_bytes(b"no picture")
    shutil.copy(folder / "a.png", folder / "cut.png")
    os.truncate(folder / "cut.png", 500)
    Image.new("I;16", (8, 8)).save(folder / "deep.png")
    (folder / "gone.tif").symlink_to(folder / "nowhere.tif")
    os.mkfifo(folder / "pipe.bmp")
    (folder / "notes.txt").write_text("no picture")
    (folder / "folder.png").mkdir()
    return folder


def test_every_file_that_can_be_read_is_found_and_nothing_is_left_out_in_silence(
    mixed: Path,
) -> None:
    """Nine files of all suffixes, each with its own name; the others are named, hidden ones not."""
    notes: list[str] = []
    found = find_pictures(mixed, notes.append)
    files = {name: path.name for name, path in found.pictures.items()}
    expected = {name if name[0] == "a" else name.partition(".")[0]: name for name in READABLE}
    assert files == expected
    refused = ["cut.png", "deep.png", "empty.jpg", "gone.tif", "noise.png", "pipe.bmp"]
    assert found.refused == refused
    assert notes.pop() == "no pictures, left out: notes.txt"
    assert [note.split(" is left out: ")[0] for note in notes] == refused
    assert "16-bit" in notes[1]
    assert "empty" in notes[2]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    """So is one that is not there, and one in which nothing can be read."""
    for content in (None, "notes.txt", "empty.png"):
        if content is not None:
            (tmp_path / content).touch()
        with pytest.raises(InputError, match="holds no picture that can be read"):
            find_pictures(tmp_path, lambda _: None)
    with pytest.raises(InputError, match="cannot be read") as caught:
        find_pictures(tmp_path / "none", lambda _: None)
    assert caught.value.issue is ISSUE.INPUT_UNREADABLE


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["kodim01.webp", "kodim02.webp"], ["kodim01", "kodim02"]),
        (["a.jpg", "a.png", "b.png"], ["a.jpg", "a.png", "b"]),
        (["a", "a.jpg"], ["a", "a.jpg"]),
        (["a.jpg", "a.jpg.png", "a.png"], ["a.jpg", "a.jpg.png", "a.png"]),
        (["x.png", "x@192.png"], ["x", "x@192.png"]),
        (["me@home.png"], ["me@home"]),
    ],
)
def test_names_are_stems_where_nothing_else_could_be_meant(
    files: list[str], names: list[str]
) -> None:
    """Kodak keeps its names; two files of one stem, or a stem that is a file, are told apart."""
    assert unique_names(files) == names


@given(st.lists(st.text("ab.@1", min_size=1, max_size=6), unique=True, max_size=8))
def test_names_are_never_the_same(files: list[str]) -> None:
    """Whatever the files are called."""
    names = unique_names(files)
    assert len(set(names)) == len(files)


def test_crops_are_known_by_their_names() -> None:
    """The side comes back from the name, and only from a name that has one."""
    assert cropped_name("me@home", 64) == "me@home@64"
    assert crop_of("me@home@64") == 64
    assert crop_of(cropped_name("me@home", None)) is None


def test_the_middle_of_a_grey_picture_has_three_channels(tmp_path: Path) -> None:
    """The 2x2 pixels around the centre, each of them three times."""
    grey = np.arange(24, dtype=np.uint8).reshape(4, 6)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    pixels = read_pixels(tmp_path / "grey.png", 2)
    np.testing.assert_array_equal(pixels, np.stack([[[8, 9], [14, 15]]] * 3, axis=-1))


@pytest.mark.slow
def test_a_picture_that_cannot_be_measured_does_not_end_the_run(
    mixed: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """All others are in the table, tables are shown, and the command ends with 2 and says why."""
    pytest.importorskip("bjontegaard")
    csv = tmp_path / "out.csv"
    asked = ["--codec", "jpeg-420", "--bpp", "8", "--csv", str(csv)]
    assert command_line(["bench", str(mixed), *asked]) == 2
    out, err = capfd.readouterr()
    assert "jpeg-420" in out
    assert {row.picture for row in read_rows(csv)} == {
        "a.jpg", "a.png", "b", "c", "d", "e", "f", "g", "h",
    }  # fmt: skip
    assert "note: empty.jpg is left out: the file is empty, expected an image" in err
    assert err.splitlines()[-1] == (
        "rdpcodec: error RDP-601: 6 of the pictures could not be measured: "
        "cut.png, deep.png, empty.jpg, gone.tif, noise.png, pipe.bmp"
    )


def test_strangers_do_not_change_the_exit_code(
    tmp_path: Path, photo: MakePhoto, capfd: pytest.CaptureFixture[str]
) -> None:
    """Notes and tables beside the pictures are named, and the command ends with 0."""
    pytest.importorskip("bjontegaard")
    Image.fromarray(photo(32, 24)).save(tmp_path / "a.png")
    (tmp_path / "SHA256SUMS").write_text("0 a.png")
    (tmp_path / ".hidden.png").touch()
    assert command_line(["bench", str(tmp_path), "--codec", "webp", "--bpp", "4"]) == 0
    err = capfd.readouterr().err
    assert "note: no pictures, left out: SHA256SUMS" in err
    assert "hidden" not in err


def test_a_picture_too_large_for_a_codec_is_measured_with_the_others(tmp_path: Path) -> None:
    """WebP ends at 16383 pixels a side; JPEG has its line, and the refusal names codec and size."""
    Image.new("RGB", (16384, 8), (90, 120, 60)).save(tmp_path / "wide.png")
    notes: list[str] = []
    plan = Plan(tmp_path, names=("webp", "jpeg-420"), rates=(1.0,))
    measured = run(plan, note=notes.append)
    assert [row.codec for row in measured.rows] == ["jpeg-420"]
    assert measured.refused == ["wide by webp"]
    start = "wide webp at 1 bpp is left out: WEBP cannot hold a picture of 16384 x 8 pixels"
    assert any(note.startswith(start) for note in notes)


def test_a_picture_that_goes_away_meanwhile_is_refused(
    tmp_path: Path, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there when the folder was looked at; the next picture is measured all the same."""
    for name in ("a.png", "b.png"):
        Image.fromarray(photo(32, 24)).save(tmp_path / name)

    def look(*asked: object) -> object:
        found = find_pictures(*asked)  # type: ignore[arg-type]
        (tmp_path / "a.png").unlink()
        return found

    monkeypatch.setattr("rdpcodec.bench.runner.find_pictures", look)
    measured = run(Plan(tmp_path, names=("jpeg-420",), rates=(8.0,)))
    assert [row.picture for row in measured.rows] == ["b"]
    assert measured.refused == ["a.png"]


def test_names_that_are_not_utf8_are_measured(tmp_path: Path, photo: MakePhoto) -> None:
    """The table has the bytes of such a name escaped."""
    folder, csv = tmp_path / "odd", tmp_path / "out.csv"
    folder.mkdir()
    odd = os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")
    try:
        Image.fromarray(photo(32, 24)).save(odd, format="PNG")
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    run(Plan(folder, csv=csv, names=("jpeg-420",), rates=(8.0,)))
    assert [row.picture for row in read_rows(csv)] == [r"caf\xe9"]
