"""Input is read within a limit, and output files are replaced atomically."""

import os
import stat
from pathlib import Path

import pytest

from rdpcodec.errors import EXIT_USAGE, ISSUE, ImageError, LimitError, OutputError
from rdpcodec.files import check_output, read_file, write_atomic
from rdpcodec.limits import Limits


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    """A file of exactly the limit is read; one byte more is refused, endless devices too."""
    path = tmp_path / "in"
    path.write_bytes(b"12345")
    assert read_file(path, Limits(file_bytes=5)) == b"12345"
    with pytest.raises(LimitError, match="5, above the limit file_bytes = 4"):
        read_file(path, Limits(file_bytes=4))
    with pytest.raises(LimitError):
        read_file(Path("/dev/zero"), Limits(file_bytes=4))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("missing", "No such file"), ("", "Is a directory"), ("a\0b", "null")],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, name: str, sentence: str
) -> None:
    """A missing file, a directory and an impossible name are errors of the project."""
    with pytest.raises(ImageError, match=sentence) as caught:
        read_file(tmp_path / name, Limits())
    assert caught.value.issue is ISSUE.IMAGE_UNREADABLE


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    """A new file follows the umask, and no temporary file is left beside it."""
    usual = tmp_path / "usual"
    usual.touch()
    write_atomic(tmp_path / "new", b"data")
    assert (tmp_path / "new").read_bytes() == b"data"
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "usual"]


def test_an_existing_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    """The new content takes over the old permissions."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """When the disk is full, or the user stops it, the old file is whole and nothing else is."""

    def fail(_descriptor: int) -> None:
        raise error

    path = tmp_path / "out"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    if isinstance(error, OSError):
        assert str(caught.value) == f"cannot write {path}: No space left on device"


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing through a symbolic link replaces what it points to, not the link."""
    (tmp_path / "real").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to("real")
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_device_is_written_and_not_replaced(tmp_path: Path) -> None:
    """A device, which `os.replace` would destroy for root, is written as it is."""
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    write_atomic(link, b"data")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "it is a directory"),
        ("missing/out", "there is no directory"),
        ("file/out", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("a\0b", "null"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_beforehand(
    tmp_path: Path, name: str, sentence: str
) -> None:
    """Both the check and the write say in one sentence why the place is no good."""
    (tmp_path / "file").touch()
    path = tmp_path / name
    for attempt in (check_output, lambda p: write_atomic(p, b"")):
        with pytest.raises(OutputError, match=sentence) as caught:
            attempt(path)
        assert caught.value.issue is ISSUE.OUTPUT_NOT_WRITABLE
        assert caught.value.exit_code == EXIT_USAGE


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_write_protection_is_respected(tmp_path: Path) -> None:
    """A write-protected file or directory is refused, although its replacement might work."""
    path = tmp_path / "out"
    path.touch()
    path.chmod(0o400)
    with pytest.raises(OutputError, match="the file is write-protected"):
        check_output(path)
    path.unlink()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="is write-protected"):
            check_output(path)
    finally:
        tmp_path.chmod(0o700)
