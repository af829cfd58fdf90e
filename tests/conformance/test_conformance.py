"""The conformance suite: the decoder passes all of it, and the checker fails what it should."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from rdpcodec import cli, conformance, priors
from rdpcodec.decoder.received import Received
from rdpcodec.engines import ncnn_network
from rdpcodec.errors import ISSUE, ConformanceError

pytestmark = pytest.mark.usefixtures("one_thread")
ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
VALID = sorted(path.parent.name for path in FIXTURES.glob("valid/*/case.json"))
PHOTO = [
    name for name in VALID if '"photo-1"' in (FIXTURES / "valid" / name / "case.json").read_text()
]
REFUSED = json.loads((FIXTURES / "invalid" / "cases.json").read_text())["cases"]
TRAPS = json.loads((FIXTURES / "must_fail" / "expected.json").read_text())
SCHEMA = json.loads((ROOT / "spec" / "case.schema.json").read_text())
SIZE_MAX = 700_000
# What no file can trigger: a damaged installation, other commands, the suite itself.
NOT_OF_FILES = ("RDP-503", "RDP-6", "RDP-7", "RDP-8", "RDP-9")
DECODE = """
import json, sys
from pathlib import Path
from rdpcodec import container
from rdpcodec.conformance.own import unpack_symbols
for case in sys.argv[1:]:
    data = (Path(case) / "stream.rdp").read_bytes()
    symbols = unpack_symbols(container.parse(data, allow_partial=True))
    print(json.dumps([layer.tolist() for layer in symbols]))
"""


@pytest.fixture
def torch_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let torch evaluate every network, as where ncnn is not installed."""
    monkeypatch.setattr(ncnn_network, "ncnn", None)
    priors._load.cache_clear()
    yield
    priors._load.cache_clear()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A copy of a small valid case."""
    return Path(shutil.copytree(FIXTURES / "valid" / "one-layer", tmp_path / "one-layer"))


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that writes the fixtures, at work on a copy of them."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    module = importlib.import_module("make_fixtures")
    copy = shutil.copytree(FIXTURES, tmp_path / "fixtures")
    monkeypatch.setattr(module, "FIXTURES", Path(copy))
    return module


@cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA | {"anyOf": [{"$ref": f"#/$defs/{kind}"}]})


def _edit(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_every_fixture_passes() -> None:
    """The decoder passes every valid and every invalid case, and none was left out."""
    report = conformance.run(FIXTURES)
    assert [str(result) for result in report.failed] == []
    names = {result.name for result in report.passed}
    expected = {f"valid/{name}" for name in VALID} | {"invalid/cases.json"}
    assert names == expected | {f"invalid/{case['file']}" for case in REFUSED}


@pytest.mark.weights
@pytest.mark.parametrize("name", PHOTO)
def test_photo_fixtures_pass_with_torch_alone(name: str, torch_alone: None) -> None:
    """The conformance tolerances hold for the engine that a machine without ncnn has."""
    del torch_alone
    assert [str(result) for result in conformance.run(FIXTURES / "valid" / name).failed] == []


@pytest.mark.parametrize("name", sorted(TRAPS))
def test_checker_fails_what_it_must(name: str) -> None:
    """Each trap is failed once, by the check and for the reason that it was laid for."""
    failed = conformance.run(FIXTURES / "must_fail" / name).failed
    found = [(result.check, TRAPS[name]["reason"] in str(result.reason)) for result in failed]
    assert found == [(TRAPS[name]["check"], True)], [str(result) for result in failed]


def test_every_trap_is_listed() -> None:
    """Traps and their list name each other, and each says why it is there."""
    there = {path.name for path in (FIXTURES / "must_fail").iterdir() if path.is_dir()}
    assert there == set(TRAPS)
    assert all(trap["why"] and trap["reason"] for trap in TRAPS.values())


def test_every_issue_that_a_file_can_trigger_has_a_file() -> None:
    """Each such id has an invalid file, named after it, whose exit code is that of the table."""
    wanted = {str(issue) for issue in ISSUE if not issue.startswith(NOT_OF_FILES)}
    assert {case["issue"] for case in REFUSED} == wanted
    table = json.loads((ROOT / "spec" / "issues.json").read_text())["issues"]
    exit_codes = {issue["id"]: issue["exit_code"] for issue in table}
    for case in REFUSED:
        assert case["file"].startswith(f"{case['issue']}_")
        assert case["exit_code"] == exit_codes[case["issue"]]


@pytest.mark.parametrize(
    "case",
    [case for case in REFUSED if not case.keys() & {"limits", "allow_partial"}],
    ids=lambda case: case["file"],
)
def test_command_line_refuses_invalid_files(
    case: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A user gets the id, the exit code and one line for every invalid file, and no picture."""
    out = tmp_path / "out.png"
    code = cli.main(["decompress", str(FIXTURES / "invalid" / case["file"]), str(out), "-q"])
    said = capfd.readouterr().err
    assert (code, said.count("\n")) == (case["exit_code"], 1)
    assert f"error {case['issue']}: " in said
    assert not out.exists()


def test_descriptions_follow_the_schema() -> None:
    """Every case.json, symbols.json and cases.json follows spec/case.schema.json."""
    for name in VALID:
        for kind in ("case", "symbols"):
            path = FIXTURES / "valid" / name / f"{kind}.json"
            _validator(kind).validate(json.loads(path.read_text()))
    _validator("cases").validate({"cases": REFUSED})


def test_cited_sections_exist() -> None:
    """The sections that the cases cite are headings of the specification."""
    spec = (ROOT / "spec" / "rdp.md").read_text()
    headings = set(re.findall(r"^#+ ([0-9.]+) ", spec, re.MULTILINE))
    for name in VALID:
        content = json.loads((FIXTURES / "valid" / name / "case.json").read_text())
        assert headings.issuperset(content["spec_sections"])


def test_fixtures_stay_small() -> None:
    """All fixtures together are small enough to clone without a thought."""
    files = [path for path in FIXTURES.rglob("*") if path.is_file()]
    current = [path for path in files if FIXTURES / "frozen" not in path.parents]
    assert sum(path.stat().st_size for path in current) < SIZE_MAX


def test_another_process_finds_the_same_symbols() -> None:
    """A process that has done nothing else, with another hash seed, decodes the same symbols."""
    cases = [FIXTURES / "valid" / name for name in VALID]
    done = subprocess.run(
        [sys.executable, "-c", DECODE, *map(str, cases)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711"},
        capture_output=True,
        check=True,
    )
    for case, line in zip(cases, done.stdout.splitlines(), strict=True):
        assert json.loads(line) == json.loads((case / "symbols.json").read_text())["layers"]


def test_part_of_the_suite_can_be_run(case: Path) -> None:
    """One case, or a directory of cases, is a suite too; hidden files are not looked at."""
    (case / ".DS_Store").write_bytes(b"")
    assert [result.name for result in conformance.run(case).passed] == ["one-layer"]
    assert [result.name for result in conformance.run(case.parent).passed] == ["one-layer"]
    assert len(conformance.run(FIXTURES / "invalid").passed) == len(REFUSED) + 1


def test_nothing_to_check_is_an_error(tmp_path: Path) -> None:
    """A directory that is missing, empty, without cases or with half the suite never passes."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "stray").mkdir()
    (tmp_path / "stray" / "stream.rdp").write_bytes(b"")
    (tmp_path / "half" / "valid").mkdir(parents=True)
    (tmp_path / "both" / "valid").mkdir(parents=True)
    (tmp_path / "both" / "invalid").mkdir()
    for name in ("missing", "empty", "stray", "half", "both"):
        with pytest.raises(ConformanceError) as raised:
            conformance.run(tmp_path / name)
        assert raised.value.issue == ISSUE.CONFORMANCE_FAILURE


def test_case_without_description_fails(case: Path) -> None:
    """A directory among the cases that has lost its case.json is failed, not passed over."""
    (case / "case.json").unlink()
    failed = conformance.run(case.parent).failed
    assert [str(result) for result in failed] == ["FAIL one-layer: case: case.json is missing"]


def test_decoder_that_crashes_fails(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that is no RdpError fails the case and does not end the run."""

    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("sigma")

    monkeypatch.setattr(Received, "at", crash)
    report = conformance.run(case)
    assert [str(result) for result in report.failed] == [
        "FAIL one-layer: crash: ZeroDivisionError: sigma"
    ]


def test_progress_counts_the_cases(case: Path) -> None:
    """Progress names the phase, the cases done and all cases."""
    shutil.copytree(case, case.parent / "second")
    seen: list[tuple[str, int, int]] = []
    conformance.run(case.parent, progress=lambda *step: seen.append(step))
    assert seen == [("checking", 1, 2), ("checking", 2, 2)]


def test_command_line_prints_a_line_per_case(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`conform` prints each case and a sum on stdout, and fails with RDP-801 and exit code 2."""
    shutil.copytree(case, case.parent / "second")
    assert cli.main(["conform", str(case.parent)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "pass one-layer",
        "pass second",
        "2 passed, 0 failed",
    ]
    _edit(case.parent / "second" / "case.json", lambda content: content["header"].update(seed=9))
    assert cli.main(["conform", str(case.parent)]) == 2
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1:] == [
        "FAIL second: header: seed is 1, expected 9",
        "1 passed, 1 failed",
    ]
    assert "error RDP-801: 1 of 2 cases" in captured.err
    assert cli.main(["conform", str(case.parent / "missing")]) == 2
    assert "error RDP-801: " in capsys.readouterr().err


def test_fixtures_are_what_their_script_writes(script: ModuleType) -> None:
    """Streams follow from the stored symbols, the other fixtures from the stored valid cases."""
    files = script.plan(script.stored_cases())
    assert script.check(files) == []
    symbols = script.FIXTURES / "valid" / "one-layer" / "symbols.json"
    _edit(symbols, lambda content: content["layers"][0].reverse())
    wrong = script.check(files)
    assert "valid/one-layer/stream.rdp does not follow from its symbols" in wrong
    assert "valid/one-layer/symbols.json is different" in wrong


def test_released_fixtures_are_not_overwritten(script: ModuleType) -> None:
    """The script refuses to change what is there, and writes nothing then, unless told to."""
    changed = script.FIXTURES / "invalid" / "RDP-101_unknown.rdp"
    missing = script.FIXTURES / "invalid" / "RDP-101_empty.rdp"
    changed.write_bytes(b"another")
    missing.unlink()
    files = script.plan(script.stored_cases())
    refused = script.write(files, lambda _path: False)
    assert refused == [f"invalid/{changed.name} is different; --renew it if the format has changed"]
    assert changed.read_bytes() == b"another"
    assert not missing.exists()
    assert script.write(files, lambda path: path.startswith("invalid/")) == []
    assert script.check(files) == []
