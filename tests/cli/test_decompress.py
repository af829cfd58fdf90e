"""`decompress`: lossless formats, cut files, and old outputs that stay."""

import contextlib
import math
import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli.shell import ENVIRONMENT, Shell, names, opened
from PIL import Image

from rdpcodec import codec
from rdpcodec.cli.messages import EXIT_INTERRUPTED
from rdpcodec.container import build, pack_icc, parse
from rdpcodec.layers import Layer, trellis_bits

PROFILE = b"the container holds any bytes as a profile"


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".bmp", ".ppm"])
def test_decompress_writes_what_decode_returns(run: Shell, rdp: Path, suffix: str) -> None:
    """Every lossless format holds the pixels of `decode`, at the options that were given."""
    options = ("--rho", 1, "--reconstruction", "geodesic", "--layers", 2, "--evaluations", 3)
    result = run("decompress", rdp, f"out{suffix}", *options)
    assert (result.code, result.out) == (0, b"")
    want = codec.decode(rdp.read_bytes(), rho=1, reconstruction="geodesic", layers=2, evaluations=3)
    assert np.array_equal(opened(f"out{suffix}"), want.pixels)


def test_a_cut_file_is_read_when_asked_for(run: Shell, rdp: Path) -> None:
    """A cut file is one sentence that counts its layers; `--allow-partial` reads those."""
    rdp.write_bytes(rdp.read_bytes()[:-5])
    result = run("view", rdp)
    assert (result.code, result.issue) == (2, "RDP-202")
    assert re.search(r"\d+ of \d+ layers are whole; view --allow-partial shows these", result.err)
    result = run("decompress", rdp, "out.png", "--allow-partial")
    assert result.code == 0
    assert "note: in.rdp: the file is cut" in result.err
    assert opened("out.png").shape == (24, 32, 3)
    assert "whole of" in run("inspect", rdp, "--allow-partial").out.decode()


def test_a_failure_leaves_the_old_output(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the work or the disk fails, the old file and nothing else is there."""
    before = names()
    Path("out.png").write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        result = run("decompress", rdp, "out.png", "-q")
    assert (result.code, result.issue) == (1, "RDP-703")
    Path("bad.rdp").write_bytes(rdp.read_bytes()[:-5])
    assert run("decompress", "bad.rdp", "out.png").code == 2
    assert Path("out.png").read_bytes() == b"old"
    assert names() == sorted([*before, "out.png", "bad.rdp"])


@pytest.mark.parametrize("where", ["inside", "after"])
def test_an_interrupt_is_exit_code_130(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Ctrl-C during the work or the writing is one line, and the old output stays."""

    def interrupt(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    Path("out.png").write_bytes(b"old")
    target = (codec, "open") if where == "inside" else (os, "fsync")
    monkeypatch.setattr(*target, interrupt)
    result = run("decompress", rdp, "out.png")
    assert (result.code, result.err) == (EXIT_INTERRUPTED, "rdpcodec: interrupted\n")
    assert Path("out.png").read_bytes() == b"old"
    assert names() == ["in.png", "in.rdp", "out.png"]


def test_a_bar_names_the_phase_in_a_terminal(rdp: Path) -> None:
    """Where stderr is a terminal, a bar shows the phase and leaves the last line clean."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rdpcodec", "decompress", str(rdp), "out.png"]
    environment = ENVIRONMENT | {"TERM": "xterm"}
    shown = ""
    with subprocess.Popen(command, env=environment, stderr=theirs) as running:
        os.close(theirs)
        with contextlib.suppress(OSError):  # Linux ends a terminal with an error
            while data := os.read(ours, 4096):
                shown += data.decode(errors="replace")
    os.close(ours)
    assert running.returncode == 0
    assert "loading the prior" in shown
    assert shown.endswith("rdpcodec: in.rdp -> out.png: 32 x 24 pixels\r\n")


def test_output_may_replace_input_and_keeps_its_permissions(run: Shell, rdp: Path) -> None:
    """A file may be written over itself, since it appears at once and whole."""
    Path("in.png").chmod(0o640)
    assert run("decompress", rdp, "in.png", "-q").code == 0
    assert stat.S_IMODE(Path("in.png").stat().st_mode) == 0o640
    assert opened("in.png").shape == (24, 32, 3)


@pytest.fixture
def with_profile(rdp: Path) -> Path:
    """The file with an ICC profile."""
    file = parse(rdp.read_bytes())
    rdp.write_bytes(build(replace(file, ancillary=(pack_icc(PROFILE),))))
    return rdp


@pytest.mark.parametrize("suffix", [".ppm", ".bmp"])
def test_a_format_without_profiles_is_refused_before_decoding(
    run: Shell, with_profile: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """One line that names the ways out; --drop-profile then writes the same pixels."""
    with monkeypatch.context() as patch:
        patch.setattr(codec, "open", lambda *_args, **_options: pytest.fail("decoded"))
        result = run("decompress", with_profile, f"out{suffix}")
    assert (result.code, result.issue) == (1, "RDP-701")
    assert ".png can; --drop-profile leaves it out" in result.err
    result = run("decompress", with_profile, f"out{suffix}", "--drop-profile")
    assert result.code == 0
    assert "note: in.rdp: the ICC profile is left out, colours may look different" in result.err
    want = codec.decode(with_profile.read_bytes())
    assert want.icc == PROFILE
    assert np.array_equal(opened(f"out{suffix}"), want.pixels)


def test_a_profile_is_kept_unless_it_is_dropped(run: Shell, with_profile: Path) -> None:
    """A PNG has the profile, and has none with --drop-profile."""
    for more, icc in (((), PROFILE), (("--drop-profile",), None)):
        assert run("decompress", with_profile, "out.png", *more).code == 0
        with Image.open("out.png") as image:
            assert image.info.get("icc_profile") == icc


@pytest.mark.parametrize(
    ("shape", "out", "said"),
    [
        ((16384, 1, 3), "out.webp", "the picture has 16384 x 1 pixels, .webp holds at most 16383"),
        ((1, 16384, 1), "out.webp", "the picture has 1 x 16384 pixels, .webp holds at most 16383"),
        ((8, 8, 3), "out.pgm", "the picture has colours and .pgm has none, expected .ppm"),
    ],
)
def test_what_the_header_rules_out_is_refused_before_decoding(
    run: Shell,
    rdp: Path,
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[int, int, int],
    out: str,
    said: str,
) -> None:
    """Sides and colours that the format cannot hold are told by the header."""
    file = parse(rdp.read_bytes())
    bits = trellis_bits(math.prod(shape), 9)
    header = replace(
        file.header,
        width=shape[0],
        height=shape[1],
        kind="grey" if shape[2] == 1 else "rgb",
        layers=(Layer(t=2200, q=9, bits=bits),),
    )
    rdp.write_bytes(build(replace(file, header=header, payload=bytes(header.payload_bytes()))))
    monkeypatch.setattr(codec, "open", lambda *_args, **_options: pytest.fail("decoded"))
    result = run("decompress", rdp, out)
    assert (result.code, result.issue) == (1, "RDP-701")
    assert said in result.err


@pytest.mark.parametrize("force", [True, False])
def test_an_input_is_not_replaced(run: Shell, rdp: Path, *, force: bool) -> None:
    """Neither FILE by another name, nor the map of rho, nor another .rdp picture is lost."""
    data = rdp.read_bytes()
    Path("link.png").symlink_to(rdp)
    Path("second").write_bytes(data)
    Image.new("L", (32, 24), 9).save("mask.png")
    for out, said, more in (
        ("link.png", "is FILE itself", ()),
        ("second", "exists and is an .rdp picture", ("--format", "png")),
        ("mask.png", "is --rho-map itself", ("--rho-map", "mask.png")),
    ):
        before = Path(out).read_bytes()
        rdp.write_bytes(data)
        result = run("decompress", rdp, out, *more, *(("--force",) if force else ()))
        assert result.code == (0 if force else 1)
        assert force or (result.issue, said in result.err) == ("RDP-703", True)
        assert (Path(out).read_bytes() == before) is not force


def test_format_names_what_a_name_does_not(run: Shell, rdp: Path) -> None:
    """A name without extension needs --format, which the message says, and which works."""
    result = run("decompress", rdp, "out")
    assert (result.code, result.issue) == (1, "RDP-701")
    assert "a name without extension" in result.err
    assert "--format" in result.err
    assert run("decompress", rdp, "out", "--format", "webp").code == 0
    assert run("decompress", rdp, "-", "--format", "ppm").out.startswith(b"P6\n32 24\n255\n")
    assert run("decompress", rdp, "/dev/null", "--format", "png").code == 0
    with Image.open("out") as image:
        assert image.format == "WEBP"


@pytest.mark.parametrize(("out", "code"), [("a.tiff", 0), ("a.v2", 0), ("a.png", 1), ("a.jpg", 1)])
def test_a_format_does_not_contradict_the_name(run: Shell, rdp: Path, out: str, code: int) -> None:
    """`--format tif` fits a.tiff and a name of no image format; a.png would be a lie."""
    assert run("decompress", rdp, out, "--format", "tif").code == code
    assert Path(out).exists() is (code == 0)
