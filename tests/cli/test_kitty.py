"""Kitty's graphics protocol: what is sent is the picture, in chunks that terminals accept."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from cli.shell import Shell
from PIL import Image

from rdpcodec import codec
from rdpcodec.cli.kitty import graphics, shows_pixels

CHUNK = re.compile(rb"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\")


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, True),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, True),
        ({"TERM": "xterm-kitty", "TMUX": "socket,1,0"}, False),
        ({"TERM": "xterm-256color"}, False),
        ({}, False),
    ],
)
def test_terminals_are_told_apart(environment: dict[str, str], *, answer: bool) -> None:
    """By their variables; not through tmux."""
    assert shows_pixels(environment) is answer


def test_chunks() -> None:
    """At most 4096 bytes each, all but the last multiples of 4 and marked as not the last."""
    data = np.random.default_rng(1).bytes(10_000)
    sent = graphics(data, 100, 80)
    found = CHUNK.findall(sent)
    assert b"".join(CHUNK.split(sent)[::3]) == b"\n"
    assert base64.b64decode(b"".join(chunk for _, chunk in found)) == data
    assert all(len(chunk) <= 4096 and len(chunk) % 4 == 0 for _, chunk in found)
    assert [keys[-3:] for keys, _ in found] == [b"m=1"] * (len(found) - 1) + [b"m=0"]
    assert found[0][0] == b"a=T,f=100,q=2,m=1"
    assert b",c=80," in graphics(data, 1000, 80)


def test_view_sends_the_picture(run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`view` in such a terminal draws every pixel."""
    run.terminal = True
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.setenv("COLORTERM", "truecolor")
    result = run("view", rdp, "--rho", "0")
    assert result.code == 0
    png = base64.b64decode(b"".join(chunk for _, chunk in CHUNK.findall(result.out)))
    expected = codec.decode(rdp.read_bytes(), rho=0).pixels
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), expected)
