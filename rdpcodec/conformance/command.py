"""A decoder that is a command, judged through the contract of `fixtures/README.md`."""

import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory

from rdpcodec.conformance.case import ValidCase, View
from rdpcodec.conformance.decoder import CodedLayer, RefusedError
from rdpcodec.conformance.fields import CheckFailedError, Fields, parse_json
from rdpcodec.conformance.process import Ended, run_bounded
from rdpcodec.errors import ISSUE, RdpError, UsageError
from rdpcodec.images import Picture, read_picture
from rdpcodec.limits import DEFAULT, Limits

SECONDS = 60.0
_FILE = "picture.rdp"  # the name of a fixture would tell what to answer
_OUT = "out.png"
_PNG = b"\x89PNG\r\n\x1a\n"
_REFUSAL = re.compile(r"(RDP-[0-9]{3}): *(.*)", re.ASCII)


class Command:
    """A decoder that is a command."""

    may_lack = True

    def __init__(self, line: str, seconds: float = SECONDS) -> None:
        """Take the command.

        Args:
            line: The program and its first arguments, as a shell would split them.
            seconds: How long a run of it may take.

        Raises:
            UsageError: If there is no such program.
        """
        try:
            self._words = shlex.split(line)
        except ValueError as error:
            raise _usage(f"{line!r}, which cannot be split into words: {error}") from error
        if not self._words or shutil.which(self._words[0]) is None:
            raise _usage(f"{line!r}, expected a program that can be run")
        self._seconds = seconds

    def open(
        self, data: bytes, *, allow_partial: bool = False, limits: Limits = DEFAULT
    ) -> "CommandOpened":
        """Keep a file for the runs to come; see `Decoder`."""
        partial = ["--allow-partial"] if allow_partial else []
        return CommandOpened(self, data, (*partial, *_limits(limits)))

    def run(self, folder: Path, *words: str) -> bytes:
        """Run the command once.

        Args:
            folder: Where its file lies and its picture is to go.
            words: The arguments behind its own.

        Returns:
            What it wrote on stdout.

        Raises:
            RefusedError: If it refused.
            CheckFailedError: If it broke the contract.
        """
        ended = run_bounded([*self._words, *words], self._seconds)
        if ended.code == 0:
            return ended.out
        refused = _refusal(ended)
        _check_left(folder, set())
        raise refused


@dataclass(frozen=True)
class CommandOpened:
    """A file that a command is asked about; each question is a run of its own.

    Attributes:
        command: The decoder.
        data: The file.
        options: What every run of it is told.
    """

    command: Command
    data: bytes
    options: tuple[str, ...]

    def more(self, case: ValidCase) -> list[str]:  # noqa: ARG002 - the contract has no more
        """Check nothing."""
        return []

    def symbols(self) -> list[CodedLayer]:
        """Return the whole layers, coarse to fine."""
        with _folder(self.data) as folder:
            said = self.command.run(folder, "symbols", str(folder / _FILE), *self.options)
            _check_left(folder, set())
        answer = Fields(parse_json(said, "stdout", "symbols"), "stdout", "symbols")
        layers = [_layer(k, layer) for k, layer in enumerate(answer.take("layers", list))]
        answer.done()
        return layers

    def picture(self, view: View) -> Picture:
        """Return the picture."""
        with _folder(self.data) as folder:
            out = folder / _OUT
            words = ("decode", str(folder / _FILE), str(out), *_of_view(view), *self.options)
            self.command.run(folder, *words)
            _check_left(folder, {_OUT})
            return _read(out)


@contextmanager
def _folder(data: bytes) -> Iterator[Path]:
    with TemporaryDirectory(prefix="rdp-conform-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / _FILE).write_bytes(data)
        yield folder


def _of_view(view: View) -> list[str]:
    layers = [] if view.layers is None else ["--layers", str(view.layers)]
    return [
        *("--rho", f"{view.rho:g}"),
        *("--reconstruction", view.reconstruction),
        *("--evaluations", str(view.evaluations)),
        *layers,
    ]


def _limits(limits: Limits) -> list[str]:
    """Return the options for what is not the default."""
    names = [field.name for field in fields(Limits)]
    changed = {n: getattr(limits, n) for n in names if getattr(limits, n) != getattr(DEFAULT, n)}
    return [word for name, value in changed.items() for word in ("--limit", f"{name}={value}")]


def _refusal(ended: Ended) -> RefusedError:
    """Return what a run refused; a run that ended otherwise breaks the contract."""
    if ended.code < 0:
        raise CheckFailedError("run", f"it was ended by signal {-ended.code}")
    said = _REFUSAL.fullmatch(ended.last_line)
    if said is None:
        message = f"it ended with exit code {ended.code} and {ended.last_line!r}, expected an id"
        raise CheckFailedError("run", message)
    if ended.out:
        message = f"it refused with {said[1]} and wrote {len(ended.out)} bytes on stdout"
        raise CheckFailedError("run", message)
    return RefusedError(said[1], ended.code, said[2])


def _check_left(folder: Path, expected: set[str]) -> None:
    found = {path.name for path in folder.iterdir()} - {_FILE}
    if found - expected:
        raise CheckFailedError("run", f"it left {min(found - expected)} behind")
    if expected - found:
        raise CheckFailedError("run", f"it ended with exit code 0 and wrote no {_OUT}")


def _layer(k: int, layer: object) -> CodedLayer:
    read = Fields(layer, f"layer {k}", "symbols")
    found = CodedLayer(read.take("t", int), read.take("bits", int), read.take("indices", list))
    read.done()
    if not all(type(index) is int for index in found.indices):
        raise CheckFailedError("symbols", f"indices of layer {k} are not all integers")
    return found


def _read(path: Path) -> Picture:
    if path.is_symlink() or not path.is_file():
        raise CheckFailedError("pictures", f"{_OUT} is not a plain file")
    with path.open("rb") as file:
        if file.read(len(_PNG)) != _PNG:
            raise CheckFailedError("pictures", f"{_OUT} is not a PNG file")
    try:
        return read_picture(path)[0]
    except RdpError as error:
        raise CheckFailedError("pictures", f"{_OUT} cannot be read: {error}") from error


def _usage(found: str) -> UsageError:
    return UsageError(ISSUE.INVALID_OPTION, f"--decoder is {found}")
