"""README and documents: their links lead somewhere, and what they print can be run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from PIL import Image

from rdpcodec.cli.app import app

ROOT = Path(__file__).parents[1]
TRACKED = ("*.md", "docs/**/*.md", "rdpcodec/**/*.md", "spec/**/*.md", "tools/**/*.md")
DOCUMENTS = sorted({path for pattern in TRACKED for path in ROOT.glob(pattern)})
GUIDES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
COMMANDS = {"compress", "view", "decompress", "inspect", "verify", "priors", "conform", "bench"}
WORDS_MIN, WORDS_MAX = 500, 600
PICTURE_BYTES_MAX = {"photo.jpg": 150_000, "rho.jpg": 300_000}
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
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, *arguments in _calls(path):
        commands[name].make_context(name, arguments)


def test_the_documents_show_every_command() -> None:
    """docs/command-line.md has an example of each command."""
    assert {call[0] for call in _calls(ROOT / "docs" / "command-line.md")} == COMMANDS


def test_the_readme_is_read_in_two_minutes() -> None:
    """README.md has 500 to 600 words."""
    words = len((ROOT / "README.md").read_text("utf-8").split())
    assert WORDS_MIN <= words <= WORDS_MAX


@pytest.mark.parametrize("name", PICTURE_BYTES_MAX)
def test_pictures_stay_small(name: str) -> None:
    """The photo and the sheet of the README are JPEG files of bounded size."""
    path = ROOT / "docs" / "images" / name
    assert path.stat().st_size <= PICTURE_BYTES_MAX[name]
    with Image.open(path) as picture:
        assert picture.format == "JPEG"
        picture.load()


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [path for path in GUIDES if _fences(path, "python")], ids=lambda path: path.name
)
def test_the_python_of_the_documents_runs(path: Path, tmp_path: Path) -> None:
    """Every block of Python runs as it is printed, on a small piece of the photo."""
    with Image.open(ROOT / "docs" / "images" / "photo.jpg") as photo:
        piece = photo.crop((192, 320, 192 + TINY_PX, 320 + TINY_PX))
    (tmp_path / "docs" / "images").mkdir(parents=True)
    piece.save(tmp_path / "docs" / "images" / "photo.jpg", quality=95)
    piece.save(tmp_path / "photo.png")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # as `one_thread`
    for block in _fences(path, "python"):
        subprocess.run([sys.executable, "-c", block], cwd=tmp_path, env=environment, check=True)
    saved = sorted(tmp_path.glob("photo-*.png"))
    assert [each.name for each in saved] == SAVED[path.name]
    for each in saved:
        with Image.open(each) as picture:
            assert picture.size == piece.size
