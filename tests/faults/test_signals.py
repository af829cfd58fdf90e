"""Killed or interrupted at any moment: the output is old or new, and nothing stays behind."""

import signal
from collections.abc import Callable

import pytest
from faults.conftest import COMMANDS, Run

Make = Callable[[str], Run]
SLOW = (pytest.mark.slow, pytest.mark.timeout(1800))
KILLED = [
    ("compress", 1), ("decompress", 1), ("trim", 3),
    *(pytest.param(name, 50, marks=SLOW) for name in COMMANDS),
]  # fmt: skip
INTERRUPTED = [
    ("compress", 1), ("decompress", 1), ("trim", 3),
    *(pytest.param(name, 20, marks=SLOW) for name in COMMANDS),
]  # fmt: skip
OLD = b"the old content"


def _old(run: Run) -> None:
    run.out.write_bytes(OLD)


@pytest.mark.parametrize(("name", "count"), KILLED)
def test_killed(make: Make, name: str, count: int) -> None:
    """The output is the old one or the new one, never a part; the next run clears what is left."""
    run = make(name)
    for seconds in run.moments(count):
        _old(run)
        code, err = run.disturbed(signal.SIGKILL, seconds)
        assert "Traceback" not in err  # of workers, which end what they do and tell nobody
        assert run.out.read_bytes() in (OLD, run.new)
        assert code in (-signal.SIGKILL, 0)
    assert run.end(run.start())[0] == 0
    assert (run.out.read_bytes(), run.hidden()) == (run.new, [])


@pytest.mark.parametrize(("name", "count"), INTERRUPTED)
def test_interrupted(make: Make, name: str, count: int) -> None:
    """SIGINT in any phase: exit code 130 and one line, or a run that was done before."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("a background job of a shell ignores SIGINT, and so do its children")
    run = make(name)
    for seconds in run.moments(count, seed=1):
        _old(run)
        code, err = run.disturbed(signal.SIGINT, seconds)
        assert run.out.read_bytes() in (OLD, run.new)
        assert not run.hidden()
        if "in main" not in err and "rdpcodec/cli/" not in err and code not in (0, 130):
            continue  # Python itself had not begun yet
        assert code in (0, 130), err
        assert "Traceback" not in err
        if code == 130:
            assert err.splitlines()[-1] == "rdpcodec: interrupted"
