"""`view`: a window, the terminal, maps of rho."""

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cli.shell import Shell, opened, process
from PIL import Image

from rdpcodec import codec
from rdpcodec.cli import view


def test_view_with_an_output_is_decompress(run: Shell, rdp: Path) -> None:
    """`view -o` saves the same file as decompress."""
    assert run("view", rdp, "--rho", 0.3, "-o", "view.png").code == 0
    assert run("decompress", rdp, "out.png", "--rho", 0.3).code == 0
    assert Path("view.png").read_bytes() == Path("out.png").read_bytes()


def test_a_map_of_rho_is_a_grey_picture(run: Shell, rdp: Path) -> None:
    """A white map reads as --rho 1, a black one as --rho 0, with both commands."""
    for value, rho in ((0, 0), (255, 1)):
        Image.new("L", (32, 24), value).save("mask.png")
        assert run("view", rdp, "--rho-map", "mask.png", "-o", "map.png").code == 0
        assert run("decompress", rdp, "number.png", "--rho", rho).code == 0
        assert np.array_equal(opened("map.png"), opened("number.png"))


@pytest.mark.parametrize(
    ("mode", "size", "more", "said"),
    [
        ("RGB", (32, 24), (), "mask.png, is in colour"),
        ("L", (24, 32), (), r"shape \(32, 24\), expected \(24, 32\)"),
        ("L", (32, 24), ("--rho", "0.5"), "exclude each other"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(
    run: Shell, rdp: Path, mode: str, size: tuple[int, int], more: tuple[str, ...], said: str
) -> None:
    """A colour map, a map of another size, and a number beside it: exit code 1, no output."""
    Image.new(mode, size, (1, 2, 3) if mode == "RGB" else 9).save("mask.png")
    result = run("view", rdp, "--rho-map", "mask.png", "-o", "map.png", *more)
    assert result.code == 1
    assert re.search(said, result.err)
    assert not Path("map.png").exists()


@pytest.mark.parametrize(("colorterm", "code"), [("truecolor", "38;2"), ("", "38;5")])
def test_view_draws_in_the_terminal(
    run: Shell, rdp: Path, terminal: pytest.MonkeyPatch, colorterm: str, code: str
) -> None:
    """Half blocks as wide as the terminal, in the colours it has, and the hint how to save."""
    terminal.setenv("COLORTERM", colorterm)
    terminal.setenv("TERM", "xterm-256color")
    result = run("view", rdp)
    assert result.code == 0
    lines = result.out.decode().splitlines()
    assert len(lines) == 6  # 16 x 12 pixels
    assert all(line.count("▀") == 16 and line.endswith("\x1b[0m") for line in lines)
    assert set(re.findall(r"\x1b\[(38;\d)", result.out.decode())) == {code}
    assert result.err == "rdpcodec: save it with: rdpcodec view -o picture.png in.rdp\n"


def test_the_colours_in_the_terminal_are_those_of_the_picture(
    run: Shell, rdp: Path, terminal: pytest.MonkeyPatch
) -> None:
    """Upper and lower pixel of the first half block, at the picture's own width."""
    terminal.setenv("COLUMNS", "32")
    first = run("view", rdp).out.decode().split("▀")[0]
    pixels = codec.decode(rdp.read_bytes()).pixels
    ink, ground = (";".join(map(str, pixels[row, 0])) for row in (0, 1))
    assert first == f"\x1b[38;2;{ink};48;2;{ground}m"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"NO_COLOR": "1"}, "no colours"),
        ({"TERM": "dumb"}, "no colours"),
        ({"TERM": "linux", "COLORTERM": ""}, "fewer than 256 colours"),
    ],
)
def test_view_does_not_draw_where_it_would_be_no_picture(
    run: Shell, rdp: Path, terminal: pytest.MonkeyPatch, change: dict[str, str], said: str
) -> None:
    """A terminal without the colours is one line, before decoding, that says how to save."""
    terminal.setattr(codec, "receive_as", lambda *_args, **_options: pytest.fail("decoded"))
    for name, value in change.items():
        terminal.setenv(name, value)
    result = run("view", rdp)
    assert (result.code, result.out, result.issue) == (1, b"", "RDP-701")
    assert said in result.err
    assert result.err.endswith("save it with -o picture.png\n")


@pytest.mark.parametrize("force", [{}, {"FORCE_COLOR": "1", "COLORTERM": "truecolor"}])
def test_view_sends_no_picture_into_a_pipe(rdp: Path, force: dict[str, str]) -> None:
    """Nothing is written to a pipe, whatever the environment says of colours."""
    done = process("view", str(rdp), env=force)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"RDP-701: standard output is no terminal" in done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_view_draws_nothing_that_the_terminal_cannot_show(rdp: Path, encoding: str) -> None:
    """In a real terminal of another encoding, one line that names it."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    more = {"PYTHONIOENCODING": encoding, "TERM": "xterm-256color"}
    done = process("view", str(rdp), env=more, stdout=theirs)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 1
    assert b"has no block characters, so the picture cannot be drawn" in done.stderr


@pytest.mark.parametrize("opens", [True, False])
def test_view_opens_a_window_where_there_is_a_display(
    run: Shell, rdp: Path, terminal: pytest.MonkeyPatch, *, opens: bool
) -> None:
    """With a display a window opens; where no viewer is installed the terminal serves."""
    shown: list[object] = []
    terminal.setattr(view, "has_display", lambda: True)
    terminal.setattr("rdpcodec.images.show", lambda p: (shown.append(p), opens)[1])
    result = run("view", rdp)
    assert result.code == 0
    assert len(shown) == 1
    assert (result.out == b"") is opens


def test_a_display_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window opens for a pipe, and on Linux only with a display."""
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    assert not view.has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert view.has_display()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: False))
    assert not view.has_display()


def test_a_format_needs_a_file(run: Shell, rdp: Path) -> None:
    """`view --format` without -o is refused instead of ignored."""
    result = run("view", rdp, "--format", "png")
    assert (result.code, result.issue) == (1, "RDP-701")


def test_the_hint_how_to_save_quotes_a_name_like_an_option(
    run: Shell, rdp: Path, terminal: pytest.MonkeyPatch
) -> None:
    """The command in the hint works for `-x y.rdp` too."""
    terminal.setenv("TERM", "xterm-256color")
    rdp.rename("-x y.rdp")
    assert run("view", "--", "-x y.rdp").err.endswith("-o picture.png -- '-x y.rdp'\n")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-o", "page.png"], "expected a name that ends in .html"),
        (["-o", "page.html", "--format", "png"], "a page of --browser is HTML"),
        (["-o", "page.html", "--rho-map", "in.png"], "the page has a brush"),
        (["-o", "page.html", "--reconstruction", "ode"], "expected geodesic"),
        (["-o", "page.html", "--average", "3"], "--average and --browser exclude each other"),
        (["-o", "page.html", "--original", "small.png"], "small.png has 5 x 4 pixels, expected"),
        ([], "there is no display to open a page on, expected -o PAGE.html"),
    ],
)
def test_a_page_that_cannot_be_is_refused(
    run: Shell, rdp: Path, options: list[str], sentence: str
) -> None:
    """Each with a sentence; nothing is written."""
    Image.new("RGB", (5, 4)).save("small.png")
    result = run("view", rdp, "--browser", *options)
    assert result.issue == "RDP-701"
    assert sentence in result.err
    assert not list(Path().glob("page.*"))


def test_an_original_needs_a_page(run: Shell, rdp: Path) -> None:
    """Elsewhere it is refused instead of ignored."""
    result = run("view", rdp, "-o", "out.png", "--original", "in.png")
    assert result.issue == "RDP-701"
    assert "expected --browser as well" in result.err


def test_a_page_is_opened(run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -o a browser is started, with a page that stays where it is."""
    opened: list[str] = []
    monkeypatch.setattr("rdpcodec.cli.browser.has_display", lambda: True)
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    monkeypatch.setenv("TMPDIR", str(Path.cwd()))
    monkeypatch.setattr("tempfile.tempdir", None)
    result = run("view", rdp, "--browser")
    assert result.code == 0
    page = Path(opened[0].removeprefix("file://"))
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
