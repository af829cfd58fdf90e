"""Ten thousand files that a seed repeats; `tools/fuzz.py` looks for others."""

import random
import traceback

import pytest
from fuzz_parts import corpus
from fuzz_parts.mutation import Mutator
from fuzz_parts.pieces import join, split
from fuzz_parts.runner import run
from fuzz_parts.targets import BrokenPromiseError

from rdpcodec.container import parse
from rdpcodec.errors import RdpError

EXECUTIONS = {"inspect": 6000, "verify": 2200, "decode": 1000, "compress": 700, "command": 100}


def test_they_are_ten_thousand() -> None:
    """All targets together."""
    assert sum(EXECUTIONS.values()) == 10_000


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", EXECUTIONS)
def test_any_bytes_give_a_value_or_an_error_of_the_project(name: str) -> None:
    """No other exception, no value that breaks a promise, no time and no memory beyond bounds."""
    tally = run(name, EXECUTIONS[name])
    told = ["".join(traceback.format_exception(error)) for _, error in tally.finds[:3]]
    assert not tally.finds, "\n".join([f"{tally.finds[0][0]!r}", *told])
    assert tally.executions == EXECUTIONS[name]


def test_pieces_are_put_together_again() -> None:
    """Every valid fixture that is whole is what its pieces give, so that CRCs are right."""
    whole = {k: v for k, v in corpus.files().items() if k.startswith("valid") and "trunc" not in k}
    assert len(whole) > 40
    for name, data in whole.items():
        assert join(split(data)) == data, name


def test_changed_files_reach_behind_the_checksums() -> None:
    """Of a thousand changed files a good part is parsed, and the others fail in many ways."""
    begin = corpus.beginnings()
    mutator, rng = Mutator(begin, corpus.words()), random.Random(1)  # noqa: S311 - repeatable
    issues, parsed = set(), 0
    for _ in range(1000):
        try:
            parse(mutator.file(rng, rng.choice(begin)))
            parsed += 1
        except RdpError as error:
            issues.add(error.issue)
    assert parsed > 100
    assert len(issues) > 15


def test_a_find_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a target raises, and time beyond the bound, is a find with its input."""

    def broken(_data: bytes) -> None:
        raise BrokenPromiseError("broken")

    monkeypatch.setitem(run.__globals__["OF_FILES"], "inspect", broken)
    tally = run("inspect", 3)
    assert [str(error) for _, error in tally.finds] == ["broken"] * 3
    monkeypatch.setitem(run.__globals__["OF_FILES"], "inspect", lambda _data: None)
    monkeypatch.setitem(run.__globals__, "SECONDS_MAX", -1.0)
    assert len(run("inspect", 3).finds) == 3
