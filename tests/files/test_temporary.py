"""Temporary files: those of dead processes go, those of living ones stay."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from rdpcodec.files import temporary, write_atomic
from rdpcodec.files.temporary import open_temporary

pytestmark = pytest.mark.skipif(not temporary.LOCKS, reason="there are no locks on this system")
ROOT = Path(__file__).parents[2]
# Stops for ever, or is killed, at one of its calls.
CHILD = """
import os, sys, time
from pathlib import Path
from rdpcodec.files import temporary, write_atomic
path, at, how = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
steps = 0
def wrap(owner, name):
    function = getattr(owner, name)
    def step(*args, **options):
        global steps
        steps += 1
        if steps == at:
            print("here", flush=True)
            time.sleep(60) if how == "wait" else os.kill(os.getpid(), 9)
        return function(*args, **options)
    setattr(owner, name, step)
for owner, name in ((os, "open"), (os, "fstat"), (os, "fsync"), (os, "close"), (os, "chmod"),
                    (Path, "chmod"), (Path, "replace"), (Path, "stat"), (os, "fdopen")):
    wrap(owner, name)
write_atomic(path, b"new" * 30000)
print("done", steps, flush=True)
"""
OLD, NEW = b"old", b"new" * 30000


@contextmanager
def _child(path: Path, at: int, how: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", CHILD, str(path), str(at), how]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as running:
        try:
            yield running
        finally:
            running.kill()


def _hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def _steps(path: Path) -> int:
    """Return how many calls a whole write makes."""
    with _child(path, 0, "wait") as running:
        out, _ = running.communicate()
    return int(out.split()[1])


@pytest.mark.parametrize("there", [True, False])
def test_killed_at_every_step(tmp_path: Path, there: bool) -> None:
    """The output is old or new, and what is left behind is gone after the next write."""
    path, left = tmp_path / "out", 0
    steps = _steps(path)
    assert steps > 10
    for at in range(1, steps + 1):
        path.unlink(missing_ok=True)
        if there:
            path.write_bytes(OLD)
        with _child(path, at, "kill") as running:
            running.communicate()
        assert running.returncode == -signal.SIGKILL
        found = path.read_bytes() if path.exists() else None
        assert found in ((OLD, NEW) if there else (None, NEW))
        left += len(_hidden(tmp_path))
        write_atomic(path, b"next")
        assert (path.read_bytes(), _hidden(tmp_path)) == (b"next", [])
    assert left > 3


def test_a_living_process_keeps_its_file(tmp_path: Path) -> None:
    """Two processes write one output: neither takes the other's file, and both end well."""
    path = tmp_path / "out"
    path.write_bytes(OLD)
    with _child(path, _steps(path) - 3, "wait") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"here\n"
        before = _hidden(tmp_path)
        write_atomic(path, b"mine")
        assert (len(before), _hidden(tmp_path)) == (1, before)
    write_atomic(path, b"mine again")
    assert (path.read_bytes(), _hidden(tmp_path)) == (b"mine again", [])


def test_the_file_of_another_output_is_left_alone(tmp_path: Path) -> None:
    """Only the next process that writes the same output clears."""
    other = tmp_path / "other"
    other.write_bytes(OLD)
    with _child(other, _steps(other) - 3, "kill") as running:
        running.communicate()
    before = _hidden(tmp_path)
    write_atomic(tmp_path / "out", b"new")
    assert (len(before), _hidden(tmp_path)) == (1, before)
    write_atomic(other, b"new")
    assert _hidden(tmp_path) == []


def test_more_processes_than_names(tmp_path: Path) -> None:
    """Each of many at once gets a file of its own."""
    made = [open_temporary(tmp_path / "out", 0o600) for _ in range(12)]
    assert len({path for path, _ in made}) == 12
    for _, descriptor in made:
        os.close(descriptor)


def test_what_lies_under_the_name_is_not_written(tmp_path: Path) -> None:
    """A link, a pipe and a folder under the name of a temporary file are left as they are."""
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_bytes(b"precious")
    first, second, third, *_ = temporary._names(out)
    first.symlink_to(victim)
    os.mkfifo(second)
    third.mkdir()
    write_atomic(out, b"new")
    assert (victim.read_bytes(), out.read_bytes()) == (b"precious", b"new")
    assert first.is_symlink()
    assert second.is_fifo()
    assert third.is_dir()


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing goes on; nothing is cleared, as nobody can say who is dead."""
    stale = temporary._names(tmp_path / "out")[0]
    stale.write_bytes(b"of nobody knows whom")

    def refuse(*_args: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(temporary.fcntl, "flock", refuse)
    write_atomic(tmp_path / "out", b"new")
    assert (tmp_path / "out").read_bytes() == b"new"
    assert _hidden(tmp_path) == [stale.name]


def test_a_name_that_was_cleared_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that locks a file too late, when another has removed it, takes the next name."""
    flock, calls = temporary.fcntl.flock, []

    def late(descriptor: int, how: int) -> None:
        calls.append(how)
        if len(calls) == 1:
            temporary._names(tmp_path / "out")[0].unlink()
        flock(descriptor, how)

    monkeypatch.setattr(temporary.fcntl, "flock", late)
    path, descriptor = open_temporary(tmp_path / "out", 0o600)
    with closing(os.fdopen(descriptor, "wb")):
        assert path == temporary._names(tmp_path / "out")[1]
        assert len(calls) == 2
