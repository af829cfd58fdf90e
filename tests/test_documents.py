"""README and documents: their links lead somewhere, and what they print can be run."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from rdpcodec.cli.app import app

ROOT = Path(__file__).parents[1]
TRACKED = ("*.md", "docs/**/*.md", "rdpcodec/**/*.md", "spec/**/*.md", "tools/**/*.md")
DOCUMENTS = sorted({path for pattern in TRACKED for path in ROOT.glob(pattern)})
GUIDES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
USAGE_ERROR = typer.BadParameter.__mro__[1]  # typer does not export it
WORDS_MIN, WORDS_MAX = 500, 620
PICTURE_BYTES_MAX = {"photo.webp": 150_000, "rho.jpg": 300_000}
PHOTO = ROOT / "docs" / "images" / "photo.webp"
PROVENANCE = ROOT / "docs" / "images" / "README.md"
TINY_PX = 64
SAVED = {
    "README.md": ["photo-0.3.png", "photo-0.png", "photo-1.png"],
    "command-line.md": ["photo-1.png"],
    "priors.md": [],
}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _fences(path: Path, language: str) -> list[str]:
    """Return the code blocks of a document in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.M | re.S)


def _anchors(path: Path) -> set[str]:
    """Return the anchors of the headings, as the sites that show Markdown make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def _links(path: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S)
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def _dangling(path: Path) -> list[str]:
    """Return the links of a document, relative ones, that lead nowhere."""
    found = []
    for link in _links(path):
        target, _, anchor = link.partition("#")
        goal = path.parent / target if target else path
        if not goal.exists() or (anchor and anchor not in _anchors(goal)):
            found.append(link)
    return found


def _calls(path: Path) -> list[list[str]]:
    """Return the arguments of every `rdpcodec` in the shell blocks of a document."""
    calls: list[list[str]] = []
    for line in "".join(_fences(path, "sh")).splitlines():
        words = shlex.split(line, comments=True)
        for k, word in enumerate(words):
            if Path(word).name == "rdpcodec" and (k == 0 or words[k - 1] == "|"):
                ends = [i for i in range(k, len(words)) if words[i] in ("|", ">")]
                calls.append(words[k + 1 : ends[0] if ends else None])
    return calls


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    """A link names a file of this repository, and a heading in it if it names one."""
    assert _dangling(path) == []


def test_a_dangling_link_is_found(tmp_path: Path) -> None:
    """Missing files and missing headings are told from those that exist and from code."""
    page = tmp_path / "page.md"
    page.write_text("# A b, c\n[1](#a-b-c) [2](page.md) [3](gone.md) [4](page.md#no) `[5](x)`\n")
    assert _dangling(page) == ["gone.md", "page.md#no"]


@pytest.mark.parametrize("path", GUIDES, ids=_name)
def test_every_command_is_understood(path: Path) -> None:
    """The command line accepts the options and arguments of every example."""
    for name, *arguments in _calls(path):
        COMMANDS[name].make_context(name, arguments)


@pytest.mark.parametrize(
    "call",
    ["explain photo.rdp", "inspect photo.rdp --gone", "view", "compress a.png b.rdp --bpp x"],
)
def test_a_command_that_is_gone_is_found(call: str) -> None:
    """Commands, options and arguments that the command line does not know are told."""
    name, *arguments = call.split()
    with pytest.raises((KeyError, USAGE_ERROR)):
        COMMANDS[name].make_context(name, arguments)


def test_the_documents_show_every_command() -> None:
    """docs/command-line.md has an example of each command that `rdpcodec --help` names."""
    help_text = CliRunner().invoke(app, ["--help"]).output
    shown = {call[0] for call in _calls(ROOT / "docs" / "command-line.md")}
    assert shown == set(COMMANDS)
    assert all(re.search(rf"\b{name}\b", help_text) for name in shown)


def test_the_readme_shows_two_commands_to_set_up_and_five_to_use() -> None:
    """Anyone who has two minutes runs `tools/demo` and `tools/check`, which are executable."""
    setup, use = (block.splitlines() for block in _fences(ROOT / "README.md", "sh"))
    assert [line.split()[0] for line in setup] == ["tools/demo", "tools/check"]
    assert all(os.access(ROOT / line.split()[0], os.X_OK) for line in setup)
    assert len(use) == len(_calls(ROOT / "README.md")) == 5


@pytest.mark.parametrize("path", [*GUIDES, ROOT / "docs" / "images" / "README.md"], ids=_name)
def test_every_tool_that_is_named_exists(path: Path) -> None:
    """`tools/NAME` in a guide is a file or a directory of this repository."""
    named = re.findall(r"\btools/[\w/.-]*\w", path.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_is_read_in_two_minutes() -> None:
    """README.md has 500 to 600 words, and a few more at most."""
    words = len((ROOT / "README.md").read_text("utf-8").split())
    assert WORDS_MIN <= words <= WORDS_MAX


@pytest.mark.parametrize("name", PICTURE_BYTES_MAX)
def test_pictures_stay_small(name: str) -> None:
    """The photo and the picture of the README are whole images of bounded size."""
    path = PHOTO.parent / name
    assert path.stat().st_size <= PICTURE_BYTES_MAX[name]
    with Image.open(path) as picture:
        picture.load()
        assert min(picture.size) >= TINY_PX


def test_the_photo_is_the_one_whose_origin_is_told() -> None:
    """The page beside the photo prints its SHA-256, its size, its licence and its source."""
    text = PROVENANCE.read_text("utf-8")
    with Image.open(PHOTO) as photo:
        told = f"{photo.width}x{photo.height}", hashlib.sha256(PHOTO.read_bytes()).hexdigest()
    for fact in (*told, "CC0 1.0", "https://github.com/gianni-rosato/gb82-image-set"):
        assert fact in text


@pytest.mark.parametrize(
    "path", [path for path in GUIDES if _fences(path, "python")], ids=lambda path: path.name
)
def test_the_python_of_the_documents_runs(path: Path, tmp_path: Path) -> None:
    """Every block of Python runs as it is printed, on a small piece of the photo."""
    with Image.open(PHOTO) as photo:
        piece = photo.crop((100, 80, 100 + TINY_PX, 80 + TINY_PX))
    (tmp_path / "docs" / "images").mkdir(parents=True)
    piece.save(tmp_path / "docs" / "images" / "photo.webp", lossless=True)
    piece.save(tmp_path / "photo.png")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # as `one_thread`
    for block in _fences(path, "python"):
        subprocess.run([sys.executable, "-c", block], cwd=tmp_path, env=environment, check=True)
    saved = sorted(tmp_path.glob("photo-*.png"))
    assert [each.name for each in saved] == SAVED[path.name]
    for each in saved:
        with Image.open(each) as picture:
            assert picture.size == piece.size
