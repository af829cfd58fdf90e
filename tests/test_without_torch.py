"""A machine without torch: all that a plain install promises, and sentences for the rest."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli.shell import ENVIRONMENT, ERROR, opened
from numpy.typing import NDArray
from PIL import Image

from rdpcodec import codec
from rdpcodec.engines import ncnn_network

ROOT = Path(__file__).parents[1]
VALID = ROOT / "fixtures" / "valid"
MakePhoto = Callable[..., NDArray[np.uint8]]
MAIN = """
import sys
sys.modules["torch"] = None  # whoever imports it gets an ImportError
from rdpcodec.cli import main
code = main(sys.argv[1:])
heavy = sorted({"torch", "numba"} & {name for name, module in sys.modules.items() if module})
print(*heavy, file=open("heavy.txt", "w"))
sys.exit(code)
"""
CASES = ("trellis-photo-grey", "trellis-photo-octaves", "pfr-gaussian-rgb", "many-layers")
needs_ncnn = pytest.mark.skipif(ncnn_network.version() is None, reason="ncnn is not here")


def run(*args: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process that has no torch."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, args)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory, photo: MakePhoto) -> Path:
    """A folder with a picture and its file of photo-1, made here."""
    folder = tmp_path_factory.mktemp("material")
    Image.fromarray(photo(40, 32)).save(folder / "in.png")
    (folder / "in.rdp").write_bytes(codec.encode(photo(40, 32), t=2300))
    return folder


@pytest.fixture(autouse=True)
def here(material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory of the test's own, with both."""
    for name in ("in.png", "in.rdp"):
        (tmp_path / name).write_bytes((material / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@needs_ncnn
@pytest.mark.weights
def test_files_are_those_of_a_machine_with_torch(here: Path) -> None:
    """`compress` with the default prior writes the same bytes."""
    done = run("compress", "in.png", "out.rdp", "--t", 2300)
    assert (done.returncode, done.stdout) == (0, "")
    assert (here / "out.rdp").read_bytes() == (here / "in.rdp").read_bytes()


@needs_ncnn
@pytest.mark.weights
@pytest.mark.parametrize(
    "command", [("decompress", "in.rdp", "out.png"), ("view", "in.rdp", "-o", "out.png")]
)
def test_pictures_are_those_of_a_machine_with_torch(here: Path, command: tuple[str, ...]) -> None:
    """`decompress` and `view` give the same pixels, and decoding compiles nothing."""
    done = run(*command)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    expected = codec.decode((here / "in.rdp").read_bytes()).pixels
    assert np.array_equal(opened("out.png"), expected)
    assert (here / "heavy.txt").read_text() == "\n"


@needs_ncnn
@pytest.mark.weights
@pytest.mark.parametrize(
    ("command", "word"),
    [(("verify", "in.rdp"), ""), (("inspect", "in.rdp"), "photo-1"), (("priors",), "photo-1")],
)
def test_files_and_priors_are_looked_at(command: tuple[str, ...], word: str) -> None:
    """`verify`, `inspect` and `priors` say what they always say."""
    done = run(*command)
    assert (done.returncode, done.stderr) == (0, "")
    assert word in done.stdout


@needs_ncnn
@pytest.mark.weights
@pytest.mark.parametrize("name", CASES)
def test_cases_of_the_conformance_suite_pass(name: str) -> None:
    """A decoder without torch conforms, with both priors and both coders."""
    done = run("conform", VALID / name)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 passed, 0 failed")


@needs_ncnn
@pytest.mark.weights
@pytest.mark.slow
def test_the_whole_conformance_suite_passes() -> None:
    """Every case of it, the invalid ones too."""
    done = run("conform", ROOT / "fixtures")
    assert done.returncode == 0
    assert done.stdout.endswith(" passed, 0 failed\n")


@pytest.mark.parametrize(
    ("option", "extra", "code"),
    [
        (("--device", "cuda"), "torch", 1),
        (("--device", "mps"), "torch", 1),
        (("--precision", "bfloat16"), "torch", 1),
        (("--prior", "diffusers:some/model"), "diffusers", 3),
    ],
)
@pytest.mark.parametrize(
    "command", [("compress", "in.png"), ("decompress", "in.rdp"), ("view", "in.rdp", "-o")]
)
def test_what_needs_torch_is_refused(
    here: Path, command: tuple[str, ...], option: tuple[str, str], extra: str, code: int
) -> None:
    """One sentence names what was asked for and what to install; nothing is written."""
    done = run(*command, "out.png" if command[0] != "compress" else "out.rdp", *option)
    assert (done.returncode, done.stdout) == (code, "")
    assert ERROR.fullmatch(done.stderr), done.stderr
    assert option[1] in done.stderr
    assert f"pip install 'rdpcodec[{extra}]'" in done.stderr
    assert not [path for path in here.iterdir() if path.name.startswith("out")]
