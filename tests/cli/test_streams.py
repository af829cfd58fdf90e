"""Standard input and output, closed, full or gone."""

import builtins
import io
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli.shell import ERROR, Shell, process
from PIL import Image

from rdpcodec.cli import streams
from rdpcodec.cli.messages import EXIT_PIPE_CLOSED
from rdpcodec.container import parse


def test_a_closed_pipe_is_silent(rdp: Path) -> None:
    """When the reader of stdout is gone, the process ends without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    done = process("inspect", str(rdp), stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (EXIT_PIPE_CLOSED, b"")


def test_a_full_disk_behind_stdout_is_one_line(rdp: Path) -> None:
    """An error of standard output is reported like that of a file."""
    with Path("/dev/full").open("wb") as full:
        for args in (("inspect", str(rdp)), ("--version",)):
            done = process(*args, stdout=full)
            assert done.returncode == 1
            assert ERROR.fullmatch(done.stderr.decode())[1] == "RDP-703"


def test_binary_data_do_not_go_to_a_terminal(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` as output is refused while standard output is a terminal."""
    monkeypatch.setattr(streams.sys, "stdout", SimpleNamespace(isatty=lambda: True))
    result = run("compress", "in.png", "-")
    assert (result.code, result.issue) == (1, "RDP-701")


def test_closed_streams_are_one_line(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed standard input or output is an error, not a traceback."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", None)
        assert run("inspect", "-").issue == "RDP-603"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        assert run("inspect", rdp).issue == "RDP-703"


def test_no_permission_is_one_line(run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is exit code 2."""

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(io, "open", refuse)
        patch.setattr(builtins, "open", refuse)
        patch.setattr(Path, "open", refuse)
        result = run("inspect", rdp)
    assert (result.code, result.issue) == (2, "RDP-603")
    assert "Permission denied" in result.err


def test_dev_stdout_appends_to_a_log(run: Shell, rdp: Path) -> None:
    """`>> log` with /dev/stdout or /dev/fd/1 keeps what the log had, as `-` does."""
    assert run("decompress", rdp, "out.png", "-q").code == 0
    picture = Path("out.png").read_bytes()
    for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        Path("log").write_bytes(b"first line\n")
        with Path("log").open("ab") as log:
            done = process("decompress", str(rdp), name, "-q", stdout=log)
        assert (done.returncode, done.stderr) == (0, b"")
        assert Path("log").read_bytes() == b"first line\n" + picture


def test_a_report_and_a_file_do_not_mix_on_stdout(run: Shell) -> None:
    """`-` and /dev/stdout are one output."""
    result = run("compress", "in.png", "-", "--report", "/dev/stdout")
    assert (result.code, result.issue) == (1, "RDP-701")


def test_a_pipe_of_a_shell_is_an_output(rdp: Path) -> None:
    """`>(...)` of a shell, a descriptor without extension, takes what --format says."""
    reading, writing = os.pipe()
    name = f"/dev/fd/{writing}"
    done = process("decompress", str(rdp), name, "--format", "png", pass_fds=(writing,))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    assert done.returncode == 0, done.stderr
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (32, 24)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
@pytest.mark.parametrize("columns", ["40", "100"])
def test_tables_are_ascii_where_the_encoding_has_no_boxes(
    rdp: Path, encoding: str, columns: str
) -> None:
    """`inspect` and `priors` print no escapes and lose no digit, in a narrow terminal too."""
    digest = parse(rdp.read_bytes()).header.prior_digest.hex()
    for args in (("inspect", str(rdp)), ("priors",)):
        done = process(*args, env={"PYTHONIOENCODING": encoding, "COLUMNS": columns})
        text = done.stdout.decode(encoding)
        assert done.returncode == 0
        assert "+---" in text
        assert "\\u" not in text
        cells = [line.strip("|").split("|") for line in text.splitlines() if line[0:1] == "|"]
        assert digest in re.sub(r"\s", "", "".join(row[1] for row in cells if len(row) > 1))


def test_tables_have_lines_in_unicode(rdp: Path) -> None:
    """A terminal of UTF-8 still gets the drawn boxes."""
    done = process("inspect", str(rdp), env={"PYTHONIOENCODING": "utf-8"})
    assert "┏━" in done.stdout.decode()
