"""One line of error with its id, and the exit codes."""

import errno
import signal
import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import IO

import pytest
import torch
from cli.shell import COMPRESS, ENVIRONMENT, ROOT, Shell, names

from rdpcodec import codec
from rdpcodec.cli.messages import EXIT_INTERRUPTED


@pytest.mark.parametrize(
    ("args", "issue"),
    [
        (("compress", "in.png", "o.rdp", "--bpp", "1", "--t", "2000"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--bpp", "1", "--target-bytes", "9"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--bpp", "-1"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--bpp", "nan"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--bpp", "inf"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--t", "4096"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--seed", "-1"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--coder", "zip"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--rho-hint", "2", "--prior", "gaussian-1"), "RDP-701"),
        (
            ("compress", "in.png", "o.rdp", "--target-bytes", "9", "--prior", "gaussian-1"),
            "RDP-702",
        ),
        (("compress", "in.png", "."), "RDP-703"),
        (("compress", "in.png", "missing/o.rdp"), "RDP-703"),
        (("compress", "in.png", "o.rdp", "--report", "missing/r.json"), "RDP-703"),
        (("compress", "in.png", "o.rdp", "--report", "./o.rdp"), "RDP-701"),
        (("compress", "in.png", "-", "--report", "-"), "RDP-701"),
        (("compress", "in.png"), "RDP-701"),
        (("view", "in.rdp", "--rho", "1.5"), "RDP-701"),
        (("view", "in.rdp", "--rho", "nan"), "RDP-701"),
        (("view", "in.rdp", "--rho", "much"), "RDP-701"),
        (("view", "in.rdp", "--reconstruction", "aloud"), "RDP-701"),
        (("view", "in.rdp", "--layers", "0"), "RDP-701"),
        (("view", "in.rdp", "--layers", "999"), "RDP-701"),
        (("view", "in.rdp", "--evaluations", "0"), "RDP-701"),
        (("view", "in.rdp", "-o", "out.jpg"), "RDP-701"),
        (("decompress", "in.rdp", "out"), "RDP-701"),
        (("decompress", "in.rdp", "missing/out.png"), "RDP-703"),
        (("inspect", "in.rdp", "--yaml"), "RDP-701"),
        (("shrink", "in.rdp"), "RDP-701"),
    ],
)
def test_usage_errors_are_exit_code_1(run: Shell, args: tuple[str, ...], issue: str) -> None:
    """A wrong option, combination or output place is one line that says what was expected."""
    result = run(*args)
    assert (result.code, result.out, result.issue) == (1, b"", issue)
    assert not Path("o.rdp").exists()


@pytest.mark.parametrize(
    ("name", "data", "issue"),
    [
        ("missing", None, "RDP-603"),
        (".", None, "RDP-603"),
        ("empty", b"", "RDP-101"),
        ("image", b"\x89PNG\r\n\x1a\n", "RDP-101"),
        ("desktop", b"screen mode id:i:2\r\nfull address:s:host\r\n", "RDP-102"),
        ("text mode", b"\x89RDP\n\x1a\n", "RDP-103"),
    ],
)
def test_unreadable_input_is_exit_code_2(
    run: Shell, name: str, data: bytes | None, issue: str
) -> None:
    """What is no .rdp file is named, whichever command is given it."""
    if data is not None:
        Path(name).write_bytes(data)
    for command in (("inspect", name), ("view", name), ("verify", name)):
        result = run(*command)
        assert (result.code, result.out, result.issue) == (2, b"", issue)
        assert f": {name}: " in result.err


def wait_until_read(pipe: IO[bytes]) -> None:
    """Wait until the other side has taken all that was written to a pipe: it is at work then."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    deadline = time.monotonic() + 120
    while array("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_signal_ends_a_process_with_130(rdp: Path) -> None:
    """A real SIGINT while a process waits for its input leaves no traceback."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("a background job of a shell ignores SIGINT, and so do its children")
    command = [sys.executable, "-m", "rdpcodec", "inspect", "-"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environment = ENVIRONMENT
    with subprocess.Popen(command, env=environment, **pipes) as running:
        assert running.stdin is not None
        running.stdin.write(rdp.read_bytes()[:9])
        running.stdin.flush()
        wait_until_read(running.stdin)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate()
    assert (running.returncode, err) == (EXIT_INTERRUPTED, b"rdpcodec: interrupted\n")


def test_a_hostile_file_name_stays_on_one_line(run: Shell) -> None:
    """Control characters of a name are escaped on the way to the terminal."""
    result = run("inspect", "evil\n\x1b[31m.rdp")
    assert result.issue == "RDP-603"
    assert r"evil\n\x1b[31m.rdp" in result.err


@pytest.mark.parametrize("kind", ["python", "host", "accelerator"])
def test_memory_that_does_not_suffice_is_exit_code_4(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Running out of memory is RDP-901, whether Python, PyTorch or its accelerator says so."""

    def fail(*_args: object, **_options: object) -> None:
        if kind == "host":
            torch.empty(1 << 50)
        raise MemoryError if kind == "python" else torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(codec, "receive_as", fail)
    result = run("decompress", rdp, "out.png")
    assert result.code == 4
    assert result.err == "rdpcodec: error RDP-901: the memory of this machine does not suffice\n"


@pytest.mark.parametrize("error", [ZeroDivisionError, EOFError])
def test_a_mistake_in_the_program_is_not_hidden(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """An exception that nobody foresaw keeps its traceback; EOFError is no Ctrl-D."""

    def fail(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(codec, "receive_as", fail)
    with pytest.raises(error):
        run("decompress", rdp, "out.png")


def test_what_the_system_refuses_has_an_id(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the system that nobody foresaw is RDP-902 with its file, exit code 2."""

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files", "weights")

    monkeypatch.setattr(codec, "receive_as", fail)
    result = run("decompress", rdp, "out.png")
    assert result.code == 2
    assert result.err == "rdpcodec: error RDP-902: weights: Too many open files\n"


def test_a_name_that_looks_like_an_option_gets_a_word_about_dashes(run: Shell) -> None:
    """`-dash.png` is refused with the way to say it, which then works."""
    Path("in.png").rename("-dash.png")
    options = ("--prior", "gaussian-1", "--t", 2300)
    result = run("compress", "-dash.png", "out.rdp")
    assert (result.code, result.issue) == (1, "RDP-701")
    assert "No such option: -d; a file name that begins with - goes after --; see" in result.err
    assert run("compress", *options, "--", "-dash.png", "out.rdp").code == 0


def test_an_end_of_file_inside_a_command_is_no_interrupt(
    run: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typer takes an EOFError for Ctrl-D at a prompt; here it is a fault, and is seen as one."""

    def end(*_args: object, **_options: object) -> None:
        raise EOFError("Ran out of input")

    monkeypatch.setattr(codec, "receive_as", end)
    with pytest.raises(EOFError, match="Ran out of input"):
        run("decompress", "in.rdp", "out.png")
    assert "out.png" not in names()


def test_a_damaged_cache_of_the_compiler_does_not_end_a_command(rdp: Path, tmp_path: Path) -> None:
    """Every file of numba's cache cut to nothing: exit 0, the same bytes, and a whole cache."""
    assert rdp.exists()
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "c")}
    command = [sys.executable, "-m", "rdpcodec", *COMPRESS, "--t", "2200", "-q"]
    written = []
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        written.append(Path("out.rdp").read_bytes())
        cache = list((tmp_path / "c").rglob("*.nb?"))
        assert min(path.stat().st_size for path in cache) > 0
        for path in cache:
            path.write_bytes(b"")
    assert written[0] == written[1]
