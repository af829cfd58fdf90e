"""What is released: where its version stands, the files it needs, and what is in the packages."""

import re
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from release_parts import locks, packages, ready
from release_parts.environment import FailedError, run

import rdpcodec

ROOT = Path(__file__).parents[2]
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def test_the_version_is_written_once() -> None:
    """`rdpcodec/__init__.py` has it; what is built and installed takes it from there."""
    assert ready.version() == rdpcodec.__version__ == metadata.version("rdpcodec")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "rdpcodec/__init__.py"
    holders = [
        name
        for name in ready.tracked("rdpcodec")
        if name.endswith(".py") and f'"{rdpcodec.__version__}"' in (ROOT / name).read_text("utf-8")
    ]
    assert holders == ["rdpcodec/__init__.py"]


@pytest.mark.parametrize("lock", [locks.PLAIN, locks.TOOLS], ids=["plain", "tools"])
def test_every_file_has_a_hash(lock: Path) -> None:
    """Each package of a list is followed by the hashes of its files."""
    entries = re.split(r"\n(?=\S)", lock.read_text("utf-8"))
    assert len(entries) > 10
    for entry in entries[1:]:
        assert re.match(r"[\w.-]+==", entry)
        assert HASH.search(entry), entry


def test_the_lists_agree() -> None:
    """`requirements.lock` has the versions of constraints.txt, of all that the package asks for."""
    assert locks.stale() == []


def test_lists_that_disagree_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version and a missing package are both named."""
    other = tmp_path / "requirements.lock"
    text = (ROOT / "requirements.lock").read_text("utf-8")
    text = re.sub("^rich==", "rich==1.", text, flags=re.M)
    other.write_text(re.sub("^safetensors==", "other==", text, flags=re.M))
    monkeypatch.setattr(locks, "PLAIN", other)
    assert [line.split(",")[0] for line in locks.stale()] == [
        "requirements.lock has rich 1.15.0.0",
        "requirements.lock lacks safetensors",
    ]


def test_a_version_under_development_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reasons name the version and its missing section in the changelog."""
    monkeypatch.setattr(ready, "version", lambda: "9.9.9.dev0")
    reasons = " ".join(ready.unready())
    assert "the version in rdpcodec/__init__.py is 9.9.9.dev0" in reasons
    assert "CHANGELOG.md has no section `## [9.9.9.dev0]" in reasons
    assert "fixtures/frozen has no 9.9.9.dev0" in reasons


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    """The message has the command, its exit code and its last words."""
    with pytest.raises(FailedError, match=r"`sh -c echo why; exit 3` ended with 3:\nwhy"):
        run(["/bin/sh", "-c", "echo why; exit 3"], tmp_path)


def test_commands_see_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would lead Python to other packages than the installed ones is not passed on."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert run(["/bin/sh", "-c", "echo [$PYTHONPATH]"], tmp_path) == "[]\n"


def test_packages_hold_what_they_should(tmp_path: Path) -> None:
    """The wheel has the code and the weights alone, no package has tests; one file more is told."""
    wheel, sdist = packages.build(tmp_path)
    for package in (wheel, sdist):
        packages.require_contents(package)
        assert packages.PACKED in packages.names(package)
        assert not [name for name in packages.names(package) if "test" in name]
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(FailedError, match=r"\.whl holds notes\.txt$"):
        packages.require_contents(wheel)


def test_a_large_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size that was found and the largest there may be are both named."""
    wheel = tmp_path / "some.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("one", "hello")
    monkeypatch.setattr(packages, "_expected", lambda _: {"one"})
    packages.require_contents(wheel)
    monkeypatch.setattr(packages, "BYTES_MAX", wheel.stat().st_size - 1)
    with pytest.raises(FailedError, match=rf"has {wheel.stat().st_size} bytes, expected at most"):
        packages.require_contents(wheel)
