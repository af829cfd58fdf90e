"""Addresses of fsspec: read and written like files, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from rdpcodec.errors import InputError, LimitError, OutputError, UsageError
from rdpcodec.files import Address, place, prepare_place, read_place, write_place
from rdpcodec.limits import DEFAULT, Limits


class _Renaming(MemoryFileSystem):
    """A store as of SFTP: files appear with their first byte, and are renamed."""

    protocol = "renaming"
    cachable = False
    store: ClassVar[dict[str, object]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    renamed: ClassVar[list[tuple[str, str]]] = []
    fails: ClassVar[bool] = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return MemoryFileSystem._strip_protocol(path.removeprefix("renaming://"))

    def mv(self, path1: str, path2: str, **_: object) -> None:
        if self.fails:
            raise PermissionError(13, "no")
        self.renamed.append((path1, path2))
        self.store[path2] = self.store.pop(path1)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Renaming]]:
    """A store without atomic writing, and an empty memory://."""
    fsspec.register_implementation("renaming", _Renaming, clobber=True)
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    for name, value in (("store", {}), ("pseudo_dirs", [""]), ("renamed", [])):
        monkeypatch.setattr(_Renaming, name, value)
    yield _Renaming
    MemoryFileSystem.store.clear()


def test_paths_and_addresses() -> None:
    """`file://` is a path; a drive is no scheme; parts are those of a path."""
    assert place("in/a.png") == Path("in/a.png")
    assert place("C:\\in\\a.png") == Path("C:\\in\\a.png")
    assert place("file:///in/a b?.png") == Path("/in/a b?.png")
    found = place("s3://bucket/in/")
    assert found == Address("s3://bucket/in")
    photo = found / Path("sub/a.b.png")
    assert (str(photo), photo.suffix) == ("s3://bucket/in/sub/a.b.png", ".png")
    assert str(photo.with_suffix(".rdp")) == "s3://bucket/in/sub/a.b.rdp"


@pytest.mark.usefixtures("store")
def test_an_object_is_written_and_read() -> None:
    """What is written is read, listed and within limits."""
    out = place("memory://out/sub/a.rdp")
    prepare_place(out)
    write_place(out, b"one")
    write_place(out, b"other")
    assert read_place(out, DEFAULT) == b"other"
    assert isinstance(out, Address)
    assert (out.is_file(), out.is_dir(), out.parent.is_dir()) == (True, False, True)
    assert Address("memory://out").files() == ["sub/a.rdp"]
    assert Address("memory://none").files() == []
    with pytest.raises(LimitError):
        read_place(out, Limits(file_bytes=4))
    with pytest.raises(InputError, match=r"memory://out/b\.rdp cannot be read: "):
        read_place(Address("memory://out/b.rdp"), DEFAULT)


def test_elsewhere_a_file_is_renamed(store: type[_Renaming]) -> None:
    """It never stands under its name in part; if it cannot be renamed, nothing is left."""
    out = Address("renaming://out/sub/a.rdp")
    out.write(b"one")
    [(before, after)] = store.renamed
    assert before.startswith("/out/sub/.rdpcodec-")
    assert after == "/out/sub/a.rdp"
    assert out.read_bytes() == b"one"
    store.fails = True
    try:
        with pytest.raises(OutputError, match=r"cannot write renaming://out/sub/a\.rdp: no"):
            out.write(b"other")
    finally:
        store.fails = False
    assert out.read_bytes() == b"one"
    assert Address("renaming://out").files() == ["sub/a.rdp"]


def test_a_scheme_that_is_not_there() -> None:
    """The sentence names it, or the package it needs."""
    with pytest.raises(UsageError, match=r"zzz://a cannot be opened: Protocol not known: zzz"):
        Address("zzz://a").is_file()
