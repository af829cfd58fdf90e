"""Input is read within a limit, and output files are replaced atomically."""

import errno
import os
import stat
from pathlib import Path

import pytest

from rdpcodec.errors import EXIT_USAGE, ISSUE, InputError, LimitError, OutputError
from rdpcodec.files import check_output, descriptor_of, read_file, same_file, write_atomic
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
    with pytest.raises(InputError, match=sentence) as caught:
        read_file(tmp_path / name, Limits())
    assert caught.value.issue is ISSUE.INPUT_UNREADABLE


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


def _busy(*_args: object) -> None:
    raise OSError(errno.EBUSY, "Device or resource busy")


def test_a_file_that_cannot_be_renamed_over_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount point keeps its inode and has exactly the new content, shorter or longer."""
    path = tmp_path / "out"
    path.write_bytes(b"old and long")
    inode = path.stat().st_ino
    monkeypatch.setattr(Path, "replace", _busy)
    for data in (b"new", b"new and much longer"):
        write_atomic(path, data)
        assert path.read_bytes() == data
        assert path.stat().st_ino == inode
        assert list(tmp_path.iterdir()) == [path]


def test_a_new_name_that_cannot_be_made_stays_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an existing file is written in place."""
    monkeypatch.setattr(Path, "replace", _busy)
    with pytest.raises(OutputError, match="busy"):
        write_atomic(tmp_path / "out", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_in_place_puts_the_old_content_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full half way, the file is as it was."""
    path = tmp_path / "out"
    path.write_bytes(b"old and long")
    calls: list[int] = []

    def fail_second(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:  # the first is that of the file beside it
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", _busy)
    monkeypatch.setattr(os, "fsync", fail_second)
    with pytest.raises(OutputError, match="No space left"):
        write_atomic(path, b"new")
    assert len(calls) == 3
    assert path.read_bytes() == b"old and long"
    assert list(tmp_path.iterdir()) == [path]


def test_root_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    """Owner, group and permissions are those of the old file, even set-group-ID."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    try:
        os.chown(path, 1234, 4321)
    except (AttributeError, PermissionError):
        pytest.skip("only root may give a file away")
    path.chmod(0o2640)
    write_atomic(path, b"new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 4321, 0o2640)
    assert path.read_bytes() == b"new"


def test_a_file_that_would_change_hands_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may write the file but not give it away leaves it to its owner."""

    def refuse(*_args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path = tmp_path / "out"
    path.write_bytes(b"old")
    inode = path.stat().st_ino
    monkeypatch.setattr(Path, "chmod", refuse)  # as chown, but for every user
    write_atomic(path, b"new")
    assert (path.read_bytes(), path.stat().st_ino) == (b"new", inode)
    assert list(tmp_path.iterdir()) == [path]


def test_nobody_else_reads_the_new_content_before_it_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file beside a private one is private too, from its first byte."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(0o600)
    modes: list[int] = []
    kept = os.fsync

    def look(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        kept(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    write_atomic(path, b"new")
    assert modes == [0o600]


def test_what_is_open_already_is_appended_to(tmp_path: Path) -> None:
    """The name of a descriptor, directly or through links, writes where it stands."""
    log = tmp_path / "log"
    log.write_bytes(b"first, ")
    link = tmp_path / "link"
    with log.open("ab") as file:
        link.symlink_to(f"/dev/fd/{file.fileno()}")
        for path in (Path(f"/dev/fd/{file.fileno()}"), link):
            assert descriptor_of(path) == file.fileno()
            write_atomic(path, b"next, ")
    assert log.read_bytes() == b"first, next, next, "


def test_a_descriptor_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """Closed, or open for reading only: known before the work is done."""
    log = tmp_path / "log"
    log.touch()
    with log.open("rb") as file:
        name = Path(f"/dev/fd/{file.fileno()}")
        with pytest.raises(OutputError, match="open for reading only"):
            check_output(name)
    with pytest.raises(OutputError, match="Bad file descriptor"):
        check_output(name)


@pytest.mark.parametrize("name", ["1", "fd/1", "/dev/null", "/dev/fd/x", "a\0b", "/dev/fd"])
def test_other_names_are_no_descriptors(name: str) -> None:
    """A file called 1, a device and an impossible name are none."""
    assert descriptor_of(Path(name)) is None


def test_one_file_by_two_names_is_the_same(tmp_path: Path) -> None:
    """Links of both kinds and a linked folder are seen through; devices are not compared."""
    file, other = tmp_path / "file", tmp_path / "other"
    file.touch()
    other.touch()
    (tmp_path / "soft").symlink_to(file)
    (tmp_path / "hard").hardlink_to(file)
    (tmp_path / "folder").symlink_to(tmp_path)
    for name in ("file", "soft", "hard", "folder/file"):
        assert same_file(file, tmp_path / name)
        assert not same_file(other, tmp_path / name)
    assert same_file(tmp_path / "new", tmp_path / "folder" / "new")
    assert not same_file(Path("/dev/null"), Path("/dev/null"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_write_protection_is_respected(tmp_path: Path) -> None:
    """A write-protected file is refused, as is a new one in a write-protected directory."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(0o400)
    with pytest.raises(OutputError, match="the file is write-protected"):
        check_output(path)
    path.chmod(0o600)
    tmp_path.chmod(0o500)
    try:
        write_atomic(path, b"in place")
        assert path.read_bytes() == b"in place"
        with pytest.raises(OutputError, match=r"the directory .* is write-protected"):
            check_output(tmp_path / "new")
    finally:
        tmp_path.chmod(0o700)
