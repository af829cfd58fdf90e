"""An interrupt that a callback from C has swallowed still ends the command."""

import ctypes
import sys
import time

import pytest
from cli.shell import Shell

from rdpcodec import codec
from rdpcodec.interrupts import delivered

CALLBACK = ctypes.CFUNCTYPE(None)


def _in_callback(error: type[BaseException]) -> None:
    def fail() -> None:
        raise error

    CALLBACK(fail)()


def test_it_comes_again(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130 and one line, as for any other."""

    def swallowing(*_args: object, **_options: object) -> None:
        _in_callback(KeyboardInterrupt)
        time.sleep(60)

    monkeypatch.setattr(codec, "receive_as", swallowing)
    start = time.monotonic()
    result = run("decompress", "in.rdp", "out.png", "-q")
    assert (result.code, result.err) == (130, "rdpcodec: interrupted\n")
    assert time.monotonic() - start < 30


def test_other_exceptions_are_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook that was there gets them, and is there again afterwards."""
    seen: list[type[BaseException]] = []

    def noted(lost: "sys.UnraisableHookArgs") -> None:
        seen.append(lost.exc_type)

    monkeypatch.setattr(sys, "unraisablehook", noted)
    with delivered():
        _in_callback(ZeroDivisionError)
    assert seen == [ZeroDivisionError]
    assert sys.unraisablehook is noted
