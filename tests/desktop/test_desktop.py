"""Desktop entries, read by the real programs of a desktop where they are installed."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import MakePhoto
from PIL import Image

import rdpcodec
from rdpcodec import cli
from rdpcodec.desktop import MIME, entries
from rdpcodec.desktop.entries import _word
from rdpcodec.errors import OutputError, UsageError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty data directory, which is the user's."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "data"


@pytest.fixture
def file(tmp_path: Path, photo: MakePhoto) -> Path:
    """Return a file."""
    path = tmp_path / "a picture.rdp"
    path.write_bytes(rdpcodec.encode(photo(64, 48), prior="gaussian-1", bpp=2))
    return path


def needs(*programs: str) -> None:
    """Skip where a program is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here")


def test_files_are_known_by_what_is_in_them(home: Path, file: Path) -> None:
    """Ours under any name; Remote Desktop's stay theirs."""
    needs("update-mime-database", "gio")
    assert cli.main(["desktop", "install", "-q"]) == 0
    assert home.is_dir()
    contents = {
        "ours.rdp": (file.read_bytes(), MIME),
        "ours.rdpic": (file.read_bytes(), MIME),
        "ours": (file.read_bytes(), MIME),
        "theirs.rdp": (b"full address:s:host\r\nscreen mode id:i:2\r\n", "application/x-rdp"),
        "wide.rdp": ("\ufeffscreen mode id:i:2\r\n".encode("utf-16-le"), "application/x-rdp"),
    }
    for name, (data, kind) in contents.items():
        path = file.parent / name
        path.write_bytes(data)
        command = ["gio", "info", "-a", "standard::content-type", str(path)]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert found.split()[-1] == kind, name


def test_the_entry_is_valid(home: Path) -> None:
    """As freedesktop's own program finds it."""
    needs("desktop-file-validate")
    assert cli.main(["desktop", "install", "-q"]) == 0
    entry = home / "applications" / "rdpcodec.desktop"
    command = ["desktop-file-validate", str(entry)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


def test_the_thumbnailer_makes_thumbnails(home: Path, file: Path) -> None:
    """Its line, run as a file manager runs it."""
    assert cli.main(["desktop", "install", "-q"]) == 0
    text = (home / "thumbnailers" / "rdpcodec.thumbnailer").read_text()
    line = next(each for each in text.splitlines() if each.startswith("Exec="))
    out = file.parent / "thumb.png"
    codes = {"%s": "32", "%i": str(file), "%o": str(out)}
    command = [codes.get(word, word) for word in shlex.split(line.removeprefix("Exec="))]
    subprocess.run(command, check=True)
    with Image.open(out) as image:
        assert (image.size, image.format) == ((32, 24), "PNG")
        small = np.asarray(image, float)
    whole = Image.fromarray(rdpcodec.open(file).at(0).pixels).resize((32, 24))
    assert np.sqrt(((small - np.asarray(whole, float)) ** 2).mean()) < 12


def test_all_is_removed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And a second time there is nothing to remove."""
    assert cli.main(["desktop", "install"]) == 0
    assert capsys.readouterr().err.count("installed ") == 3
    assert cli.main(["desktop", "remove"]) == 0
    assert not [path for path in home.rglob("*rdpcodec*") if path.is_file()]
    capsys.readouterr()
    assert cli.main(["desktop", "remove"]) == 0
    assert "nothing was installed" in capsys.readouterr().err


def test_missing_programs_are_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the package that has them; the files are there all the same."""
    monkeypatch.setenv("PATH", str(home))
    assert cli.main(["desktop", "install"]) == 0
    said = capsys.readouterr().err
    assert "update-mime-database is missing: install shared-mime-info" in said
    assert (home / "mime" / "packages" / "rdpcodec.xml").is_file()


def test_other_systems_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By name."""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cli.main(["desktop", "install"]) == UsageError.exit_code
    assert "for Linux and BSD, found darwin" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence."""
    home.write_bytes(b"")
    assert cli.main(["desktop", "install"]) == OutputError.exit_code
    assert "cannot be made" in capsys.readouterr().err


def test_what_is_not_ours_has_no_thumbnail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence is that of every command."""
    path = tmp_path / "theirs.rdp"
    path.write_bytes(b"full address:s:host\r\n")
    out = tmp_path / "out.png"
    assert cli.main(["desktop", "thumbnail", str(path), str(out)]) == 2
    assert "RDP-102" in capsys.readouterr().err
    assert not out.exists()


def test_open_needs_no_terminal(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desktop starts it without one."""
    pages: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: pages.append(url) or True)
    monkeypatch.setenv("TMPDIR", str(file.parent))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert cli.main(["desktop", "open", "-q", str(file)]) == 0
    assert "<canvas" in Path(pages[0].removeprefix("file://")).read_text(encoding="utf-8")


def test_odd_paths() -> None:
    """Blanks, quotes, dollars and percent signs are written as the specification says."""
    assert _word("/usr/bin/python3") == "/usr/bin/python3"
    assert _word("/a b/100%") == '"/a b/100%%"'
    assert _word('/a"$`\\') == '"/a\\\\"\\\\$\\\\`\\\\\\\\"'
    assert "Exec=/opt/x/rdpcodec desktop open -- %f\n" in "".join(
        entries(["/opt/x/rdpcodec"]).values()
    )
