"""Files of released versions: they decode for ever, to the pictures that they had."""

import json
from pathlib import Path

import pytest
from release_parts.environment import FailedError
from release_parts.frozen import DIGESTS, FIXTURES, FOLDER, digest, digests, freeze, problems

from rdpcodec import conformance

FROZEN = FIXTURES / FOLDER
VERSIONS = sorted(path.name for path in FROZEN.glob("*") if path.is_dir())
MISSING = pytest.param("none", marks=pytest.mark.skip(reason="no version is released yet"))


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with one valid case."""
    case = tmp_path / "fixtures" / "valid" / "one"
    case.mkdir(parents=True)
    (case / "stream.rdp").write_bytes(b"a file")
    return tmp_path / "fixtures"


@pytest.mark.parametrize("version", VERSIONS or [MISSING])
def test_every_file_of_a_release_is_read_as_it_was(version: str) -> None:
    """Symbols are the same, and pictures within the tolerance that they were published with."""
    report = conformance.run(FROZEN / version)
    assert [str(result) for result in report.failed] == []
    assert len(report.passed) == len(list((FROZEN / version).iterdir()))


@pytest.mark.parametrize("version", VERSIONS or [MISSING])
def test_what_is_frozen_is_what_was_published(version: str) -> None:
    """A changed, lost or added file changes the digest; a version without one is none."""
    assert digests()[version] == digest(FROZEN / version)


def test_every_version_that_was_frozen_is_there() -> None:
    """A version whose folder was removed is missed."""
    assert sorted(digests()) == VERSIONS


def test_a_version_is_frozen_once(suite: Path) -> None:
    """The copy is byte for byte, and a second one is refused."""
    freeze("1.2.3", suite)
    assert (suite / FOLDER / "1.2.3" / "one" / "stream.rdp").read_bytes() == b"a file"
    (suite / "valid" / "one" / "stream.rdp").write_bytes(b"another")
    with pytest.raises(FailedError, match=r"1\.2\.3 are frozen"):
        freeze("1.2.3", suite)
    freeze("1.2.4", suite)
    assert sorted(json.loads((suite / FOLDER / DIGESTS).read_text())) == ["1.2.3", "1.2.4"]
    assert problems("1.2.3", suite) == problems("1.2.4", suite) == []


def test_a_version_that_is_no_release_is_not_frozen(suite: Path) -> None:
    """Fixtures of a version under development may still change."""
    with pytest.raises(FailedError, match="not the version of a release"):
        freeze("1.2.3.dev0", suite)
    assert not (suite / FOLDER).exists()
    assert problems("1.2.3", suite) == ["fixtures/frozen has no 1.2.3: tools/release --freeze"]


@pytest.mark.parametrize("change", ["write", "add", "move", "remove"])
def test_a_change_to_a_frozen_version_is_found(suite: Path, change: str) -> None:
    """Content, names and number of files all count."""
    freeze("1.2.3", suite)
    file = suite / FOLDER / "1.2.3" / "one" / "stream.rdp"
    if change == "write":
        file.write_bytes(b"a film")
    elif change == "add":
        file.with_name("more").write_bytes(b"")
    elif change == "move":
        file.rename(file.with_name("stream.rdq"))
    else:
        file.unlink()
    assert problems("1.2.3", suite) == ["fixtures/frozen/1.2.3 is not what was frozen"]
