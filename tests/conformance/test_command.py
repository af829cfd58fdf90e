"""A decoder that is a command: what is right passes, and whatever it does wrong is one sentence."""

import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rdpcodec import cli, conformance
from rdpcodec.conformance import Command, Result
from rdpcodec.conformance.checks import difference
from rdpcodec.conformance.process import OUTPUT_BYTES_MAX
from rdpcodec.errors import UsageError

FIXTURES = Path(__file__).parents[2] / "fixtures"
CASE = FIXTURES / "valid" / "one-layer"
OURS = f"{shlex.quote(sys.executable)} -m rdpcodec.conformance"
LAYER = {"t": 2200, "bits": 192, "indices": json.loads((CASE / "symbols.json").read_text())}
LAYER["indices"] = LAYER["indices"]["layers"][0]
RIGHT = json.dumps({"layers": [LAYER]})
# In the words of the contract $5 is rho and $7 the reconstruction, as in the names of pictures.
DECODE = f'cp {shlex.quote(str(CASE))}/"expected_rho$5_$7.png" "$3"'
FEW = (
    "RDP-101_empty.rdp",
    "RDP-201_major-2.rdp",
    "RDP-202_no-whole-layer.rdp",
    "RDP-203_header.rdp",
    "RDP-213_alpha-webp-cut.rdp",
    "RDP-301_state.rdp",
    "RDP-302_cut.rdp",
    "RDP-404_layers.rdp",
    "RDP-502_digest.rdp",
)
Judge = Callable[..., Result]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Judge a decoder that is a shell script, right but for what a test puts in its place."""

    def judged(symbols: str = "", decode: str = DECODE, seconds: float = 20) -> Result:
        (tmp_path / "right.json").write_text(RIGHT)
        symbols = symbols or f"cat {shlex.quote(str(tmp_path / 'right.json'))}"
        script = tmp_path / "decoder"
        script.write_text(f'case "$1" in\nsymbols) {symbols};;\ndecode) {decode};;\nesac\n')
        command = Command(f"sh {shlex.quote(str(script))}", seconds)
        (result,) = conformance.run(CASE, decoder=command).results
        return result

    return judged


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Some of the invalid files, one found at each stage of reading."""
    index = json.loads((FIXTURES / "invalid" / "cases.json").read_text())["cases"]
    cases = [case for case in index if case["file"] in FEW]
    assert len(cases) == len(FEW)
    folder = tmp_path / "few"
    folder.mkdir()
    for case in cases:
        shutil.copy(FIXTURES / "invalid" / case["file"], folder)
    (folder / "cases.json").write_text(json.dumps({"cases": cases}))
    return folder


def _answer(**changes: object) -> str:
    return f"echo {shlex.quote(json.dumps({'layers': [LAYER | changes]}))}"


def test_right_command_passes(judge: Judge) -> None:
    """A command that answers as the case has it passes, whatever language it is written in."""
    assert str(judge()).startswith("pass one-layer: 5 files, 96 symbols of 1 layer, 3 pictures")


@pytest.mark.parametrize(
    "name",
    [
        "valid/truncated-pfr",
        "valid/alpha-webp",
        "valid/equal-rgb-profile",
    ],
)
@pytest.mark.slow
def test_own_command_passes(name: str) -> None:
    """This package passes through the contract too: cut, with alpha, with a profile and photo-1."""
    report = conformance.run(FIXTURES / name, decoder=Command(OURS))
    assert [result.verdict for result in report.results] == ["pass"], str(report.results[0])


@pytest.mark.slow
def test_own_command_refuses_as_the_suite_asks(few: Path) -> None:
    """Files that are refused when read, decoded, within other limits or cut give their id."""
    report = conformance.run(few, decoder=Command(OURS))
    assert {result.verdict for result in report.results} == {"pass"}, str(report.failed)


@pytest.mark.parametrize(
    ("wrong", "check", "reason"),
    [
        ({"symbols": "kill -SEGV $$"}, "run", "ended by signal 11"),
        ({"symbols": "exit 3"}, "run", "exit code 3 and '', expected an id"),
        ({"symbols": "echo Traceback >&2; exit 1"}, "run", "'Traceback', expected an id"),
        ({"symbols": "yes"}, "run", "more than 16 MiB on stdout"),
        ({"decode": "yes >&2"}, "run", "more than 16 MiB on stderr"),
        ({"decode": "true"}, "run", "wrote no out.png"),
        ({"decode": f'{DECODE}; touch "$3.tmp"'}, "run", "left out.png.tmp behind"),
        ({"symbols": 'touch "$2.log"'}, "run", "left picture.rdp.log behind"),
        ({"symbols": "echo x; echo RDP-301: no >&2; exit 2"}, "run", "2 bytes on stdout"),
        (
            {"decode": 'echo half > "$3"; echo RDP-501: no >&2; exit 3'},
            "run",
            "left out.png behind",
        ),
        ({"symbols": "echo RDP-203: no >&2; exit 2"}, "symbols", "refused with RDP-203"),
        ({"symbols": "echo RDP-501: no >&2; exit 3"}, "symbols", "refused with RDP-501"),
        ({"symbols": "echo RDP-301: no >&2; exit 3"}, "symbols", "with exit code 3 (no)"),
        ({"symbols": "echo '{'"}, "symbols", "stdout cannot be read"),
        ({"symbols": r"printf '\377'"}, "symbols", "stdout cannot be read"),
        ({"symbols": "head -c 100000 /dev/zero | tr '\\0' '['"}, "symbols", "cannot be read"),
        ({"symbols": "echo '[]'"}, "symbols", "stdout is [], expected an object"),
        ({"symbols": "echo '{\"layers\": []}'"}, "symbols", "0 layers, expected 1"),
        ({"symbols": _answer(q=1)}, "symbols", "unknown key q"),
        ({"symbols": _answer(t=2201)}, "symbols", "t and bits are 2201 and 192"),
        ({"symbols": _answer(bits=190)}, "symbols", "t and bits are 2200 and 190"),
        ({"symbols": _answer(indices=[1.0])}, "symbols", "not all integers"),
        ({"symbols": _answer(indices=LAYER["indices"][:-1])}, "symbols", "95 symbols, expected"),
        ({"decode": 'echo half > "$3"'}, "pictures", "out.png is not a PNG file"),
        ({"decode": f'{DECODE}; head -c 90 "$3" >x && mv x "$3"'}, "pictures", "cannot be read"),
        ({"decode": 'mkfifo "$3"'}, "pictures", "out.png is not a plain file"),
        ({"decode": f'cp {CASE}/expected_rho0_geodesic.png "$3"'}, "pictures", "rms error"),
    ],
)
def test_whatever_is_wrong_fails(
    judge: Judge,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    wrong: dict[str, str],
    check: str,
    reason: str,
) -> None:
    """A decoder that crashes, floods, writes garbage or leaves files fails, for that reason."""
    monkeypatch.chdir(tmp_path)
    result = judge(**wrong)
    assert (result.check, reason in str(result.reason)) == (check, True), str(result)


def test_command_that_hangs_is_ended_with_its_children(judge: Judge, tmp_path: Path) -> None:
    """A run over its time fails the case, and no process that it started goes on."""
    begun = time.monotonic()
    pid = tmp_path / "pid"
    result = judge(f"sleep 300 & echo $! > {shlex.quote(str(pid))}; wait", seconds=0.5)
    assert str(result) == "FAIL one-layer: run: it had not ended after 0.5 s"
    assert time.monotonic() - begun < 30
    _await_end(int(pid.read_text()))


def test_children_that_outlive_a_command_are_ended(judge: Judge, tmp_path: Path) -> None:
    """A process that a run leaves behind is ended, and does not keep the suite waiting."""
    pid = tmp_path / "pid"
    result = judge(f"sleep 300 & echo $! > {shlex.quote(str(pid))}; echo '{{}}'")
    assert str(result) == "FAIL one-layer: symbols: stdout has no layers"
    _await_end(int(pid.read_text()))


def _await_end(pid: int) -> None:
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":  # dead, and nobody has asked yet
            return
        time.sleep(0.01)
    raise AssertionError(f"process {pid} is still there")


@pytest.mark.parametrize(
    "left_out",
    [
        {"symbols": "echo RDP-301: no such coder >&2; exit 2"},
        {"decode": "echo RDP-501: no such prior >&2; exit 3"},
        {"decode": f"case $7 in ode) echo RDP-701: no ode >&2; exit 1;; esac; {DECODE}"},
    ],
)
def test_what_is_left_out_is_not_supported(judge: Judge, left_out: dict[str, str]) -> None:
    """A coder, a prior or an option that a decoder lacks neither passes nor fails a case."""
    result = judge(**left_out)
    assert (result.verdict, result.check) == ("not supported", None), str(result)


def test_what_is_left_out_excuses_nothing_else(judge: Judge) -> None:
    """Where one picture is not supported, another that is wrong still fails the case."""
    wrong = f'cp {CASE}/expected_rho0_geodesic.png "$3"'
    result = judge(decode=f"case $7 in ode) echo RDP-701: no ode >&2; exit 1;; esac; {wrong}")
    assert (result.check, result.verdict) == ("pictures", "FAIL")


@pytest.mark.parametrize(
    ("answer", "excused"),
    [
        ("RDP-501: no >&2; exit 3", {"RDP-301_state.rdp", "RDP-302_cut.rdp", "RDP-502_digest.rdp"}),
        ("RDP-301: no >&2; exit 2", set(FEW) - {"RDP-101_empty.rdp", "RDP-201_major-2.rdp"}),
        ("RDP-701: no >&2; exit 1", set(FEW)),
        ("RDP-301: no >&2; exit 3", set()),
        ("RDP-202: no >&2; exit 2", set()),
    ],
)
def test_faults_that_come_first_are_not_excused(few: Path, answer: str, excused: set[str]) -> None:
    """An invalid file is only not supported where the fault is found after what is left out."""
    report = conformance.run(few, decoder=Command(f"sh -c {shlex.quote(f'echo {answer}')}"))
    right = {name for name in FEW if answer.startswith(name[:7]) and "exit 3" not in answer}
    assert {result.name for result in report.not_supported} == excused - right
    assert {result.name for result in report.passed} == right | {"cases.json"}


def test_what_a_command_says_is_shown_in_one_short_line(judge: Judge) -> None:
    """Control characters are replaced and long sentences cut before anything is shown."""
    result = judge(r"printf 'RDP-203: \033[31m%0999d' 1 >&2; exit 2")
    assert "\033" not in str(result)
    assert len(str(result)) < 450


def test_decoder_is_asked_under_a_name_that_tells_nothing(few: Path, tmp_path: Path) -> None:
    """The file of an invalid case lies alone, under a name without its id."""
    script = tmp_path / "decoder"
    seen = tmp_path / "seen"
    script.write_text(f'echo "$*" >> {seen}; ls "$(dirname "$2")" >> {seen}; exit 9')
    conformance.run(few, decoder=Command(f"sh {script}"))
    said = seen.read_text()
    assert "picture.rdp" in said
    assert "RDP-" not in said
    assert "decode " in said
    assert "--rho 0 --reconstruction geodesic --evaluations 10\n" in said
    assert "--evaluations 10 --limit layers=1\n" in said
    assert "--evaluations 10 --allow-partial\n" in said


def test_command_line_judges_a_command(
    judge: Judge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`conform --decoder` prints what came of each case; none supported is no success."""
    judge()
    assert cli.main(["conform", str(CASE), "--decoder", f"sh {tmp_path / 'decoder'}"]) == 0
    assert capsys.readouterr().out.endswith("1 passed, 0 failed\n")
    lacking = "sh -c 'echo RDP-301: no >&2; exit 2'"
    assert cli.main(["conform", str(CASE), "--decoder", lacking]) == 2
    captured = capsys.readouterr()
    assert captured.out.endswith("0 passed, 0 failed, 1 not supported\n")
    assert "error RDP-801: the decoder supports none of the 1 cases" in captured.err


def test_cases_run_at_once_are_reported_in_order(few: Path, tmp_path: Path) -> None:
    """With several jobs each case is judged as with one, and the order is the same."""
    script = tmp_path / "decoder"
    script.write_text('sleep 0.$(($(wc -c <"$2") % 4)); echo RDP-202: cut >&2; exit 2')
    command = Command(f"sh {script}")
    assert conformance.run(few, decoder=command, jobs=4) == conformance.run(few, decoder=command)


@pytest.mark.parametrize("line", ["", "'", "no-such-program --fast"])
def test_command_that_cannot_be_run_is_refused(line: str) -> None:
    """A decoder that is no program is a mistake of the user, said before any case is run."""
    with pytest.raises(UsageError, match="--decoder is "):
        Command(line)


def test_own_device_is_not_for_other_decoders(capsys: pytest.CaptureFixture[str]) -> None:
    """--device and --precision together with --decoder contradict each other."""
    assert cli.main(["conform", str(CASE), "--decoder", "cat", "--precision", "bfloat16"]) == 1
    assert "RDP-701: --device and --precision" in capsys.readouterr().err


def test_errors_are_in_levels_of_8_bits() -> None:
    """A difference counts the same in pictures of 8 and of 16 bits."""
    eight = np.array([[10, 20], [30, 40]], dtype=np.uint8)
    other = np.array([[10, 20], [30, 42]], dtype=np.uint8)
    assert difference(other, eight) == (1.0, 2.0)
    wide = [pixels.astype(np.uint16) * 257 for pixels in (other, eight)]
    assert difference(*wide) == pytest.approx((1.0, 2.0))


def test_limit_of_output_is_that_of_the_contract() -> None:
    """The README names the bound that is applied."""
    said = (FIXTURES / "README.md").read_text()
    assert f"more than {OUTPUT_BYTES_MAX >> 20} MiB on stdout or stderr" in said


def test_contract_command_refuses_bad_options(capsys: pytest.CaptureFixture[str]) -> None:
    """The own command answers a wrong use of it as the contract has it."""
    from rdpcodec.conformance.__main__ import main  # noqa: PLC0415 - runs nothing

    file = str(CASE / "stream.rdp")
    for words in (
        [],
        ["symbols"],
        ["symbols", file, "--limit", "size=3"],
        ["decode", file, os.devnull, "--rho", "2", "--reconstruction", "ode", "--evaluations", "1"],
        ["decode", file, os.devnull, "--rho", "1", "--reconstruction", "x", "--evaluations", "1"],
    ):
        assert main(words) == 1
        assert capsys.readouterr().err.splitlines()[-1].startswith("RDP-701: ")
