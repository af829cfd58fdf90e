"""Files that are no paths but addresses, as `s3://bucket/photos/a.png`: what fsspec reaches."""

import contextlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING

from rdpcodec.errors import ISSUE, InputError, OutputError, RdpError, UsageError
from rdpcodec.files.reading import read_file, read_stream
from rdpcodec.files.writing import check_output, write_atomic
from rdpcodec.limits import Limits

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_EXTRA = "pip install 'rdpcodec[cluster]'"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
# An object appears when its last byte has come; elsewhere a file is written beside and renamed.
_ATOMIC = frozenset({"abfs", "abfss", "az", "gcs", "gs", "memory", "oss", "s3", "s3a"})


@dataclass(frozen=True)
class Address:
    """A file or a folder that fsspec reaches.

    Attributes:
        url: With its scheme, without a slash at its end.
    """

    url: str

    def __str__(self) -> str:
        """Return the address."""
        return self.url

    def __truediv__(self, at: PurePath | str) -> "Address":
        """Return what lies in this folder."""
        return Address(f"{self.url}/{PurePath(at).as_posix()}")

    @property
    def name(self) -> str:
        """The last part."""
        return self.url.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The extension, with its dot."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> "Address":
        """The folder."""
        return Address(self.url.rpartition("/")[0])

    def with_suffix(self, suffix: str) -> "Address":
        """Return the address with another extension."""
        return self.parent / PurePosixPath(self.name).with_suffix(suffix)

    def is_dir(self) -> bool:
        """Say whether it is a folder, which in object stores is one that holds something.

        Raises:
            InputError: If the store cannot be asked.
        """
        with self.reading() as (store, path):
            return store.isdir(path)

    def is_file(self) -> bool:
        """Say whether there is such a file; errors as for `is_dir`."""
        with self.reading() as (store, path):
            return store.isfile(path)

    def read_bytes(self) -> bytes:
        """Return the content; errors as for `is_dir`."""
        with self.reading() as (store, path):
            return store.cat_file(path)

    def files(self) -> list[str]:
        """Return the names of all files in this folder and those below, relative to it, sorted.

        Raises:
            InputError: If the store cannot be asked.
        """
        with self.reading() as (store, path):
            return sorted(PurePosixPath(name).relative_to(path).as_posix()
                          for name in store.find(path))  # fmt: skip

    @contextmanager
    def reading(self) -> Iterator[tuple["AbstractFileSystem", str]]:
        """Yield the store and the path in it; what goes wrong then is an `InputError`."""
        store, path = self.opened()
        try:
            yield store, path
        except RdpError:
            raise
        except Exception as error:  # each store has errors of its own
            message = f"{self.url} cannot be read: {_sentence(error)}"
            raise InputError(ISSUE.INPUT_UNREADABLE, message) from error

    def write(self, data: bytes) -> None:
        """Write a file that appears whole, as far as the store has such a way.

        Args:
            data: The whole content.

        Raises:
            OutputError: If it cannot be written.
        """
        store, path = self.opened()
        try:
            if _protocols(store) & _ATOMIC:
                store.pipe_file(path, data)
            else:
                _write_beside(store, path, data)
        except Exception as error:  # each store has errors of its own
            message = f"cannot write {self.url}: {_sentence(error)}"
            raise OutputError(ISSUE.OUTPUT_NOT_WRITABLE, message) from error

    def opened(self) -> tuple["AbstractFileSystem", str]:
        """Return the store, the same for all of its addresses, and the path in it.

        Raises:
            UsageError: If there is no such scheme, or a package for it is not installed.
        """
        try:
            import fsspec  # noqa: PLC0415 - an extra

            return fsspec.core.url_to_fs(self.url)
        except ModuleNotFoundError as error:
            message = f"{self.url} needs fsspec, which is not installed: {_EXTRA}"
            raise UsageError(ISSUE.INVALID_OPTION, message) from error
        except Exception as error:  # each store has errors of its own
            message = f"{self.url} cannot be opened: {_sentence(error)}"
            raise UsageError(ISSUE.INVALID_OPTION, message) from error


Place = Path | Address


def place(name: str) -> Place:
    """Return what a name leads to: of `file://` a path, of every other scheme an address."""
    found = _SCHEME.match(name)
    if found is None:
        return Path(name)
    if found[1].lower() in ("file", "local"):
        return Path(name[found.end() :])
    return Address(name.rstrip("/"))


def read_place(source: Place, limits: Limits) -> bytes:
    """Read a whole file as `read_file`, by path or address."""
    if isinstance(source, Path):
        return read_file(source, limits)
    with source.reading() as (store, path), store.open(path, "rb") as stream:
        return read_stream(stream, limits)


def prepare_place(out: Place) -> None:
    """Make the folder of an output and refuse what cannot be written, as far as that is known.

    Raises:
        OSError: If the folder cannot be made.
        OutputError: As `check_output`.
    """
    if isinstance(out, Path):
        out.parent.mkdir(parents=True, exist_ok=True)
        check_output(out)


def write_place(out: Place, data: bytes) -> None:
    """Write a whole file as `write_atomic`, by path or address."""
    if isinstance(out, Path):
        write_atomic(out, data)
    else:
        out.write(data)


def _protocols(store: "AbstractFileSystem") -> frozenset[str]:
    found = store.protocol
    return frozenset([found] if isinstance(found, str) else found)


def _write_beside(store: "AbstractFileSystem", path: str, data: bytes) -> None:
    folder, _, name = path.rpartition("/")
    temporary = f"{folder}/.rdpcodec-{secrets.token_hex(8)}.tmp"
    store.makedirs(folder, exist_ok=True)
    try:
        store.pipe_file(temporary, data)
        store.mv(temporary, f"{folder}/{name}")
    except BaseException:  # Ctrl-C too
        with contextlib.suppress(Exception):
            store.rm_file(temporary)
        raise


def _sentence(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(reason.split()) or type(error).__name__
