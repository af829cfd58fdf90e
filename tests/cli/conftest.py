"""A small picture and its file, and the command line beside them."""

from pathlib import Path

import numpy as np
import pytest
from cli.shell import Shell
from PIL import Image

from rdpcodec import codec


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small picture, its .rdp file and its report, made once."""
    directory = tmp_path_factory.mktemp("material")
    rows, columns = np.mgrid[0:24, 0:32]
    waves = [np.sin(rows / 5 + c) * np.cos(columns / (6 + c)) for c in range(3)]
    pixels = (127.5 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)
    Image.fromarray(pixels).save(directory / "in.png")
    encoded = codec.encode_with_report(pixels, prior="gaussian-1", t=2200)
    (directory / "in.rdp").write_bytes(encoded.data)
    return directory


@pytest.fixture
def rdp(material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The .rdp file of the small picture, in a current directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("in.png", "in.rdp"):
        (tmp_path / name).write_bytes((material / name).read_bytes())
    return Path("in.rdp")


@pytest.fixture
def run(rdp: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Shell:
    """Run the command line in a directory with in.png and in.rdp."""
    assert rdp.exists()
    return Shell(capfdbinary)


@pytest.fixture
def terminal(run: Shell, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal of 16 columns and 2^24 colours in place of standard output."""
    run.terminal = True
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("COLUMNS", "16"), ("TERM", "xterm"), ("COLORTERM", "truecolor")):
        monkeypatch.setenv(name, value)
    return monkeypatch
