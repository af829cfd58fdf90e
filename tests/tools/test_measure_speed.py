"""The tool that measures whole commands: rounds, ratios, memory, pictures and reports."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer
from PIL import Image
from speed_parts import install, pictures
from speed_parts.bench import Bench
from speed_parts.jobs import JOBS, arguments
from speed_parts.process import FailedError, Run, measured
from speed_parts.rounds import Row, Version, in_turn

from rdpcodec.cli.app import app

TOOLS = Path(__file__).parents[2] / "tools"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
FILE_BYTES = 5
# Stands for an installation: says what it was asked for, and writes files of 5 bytes.
STAND_IN = """#!/bin/sh
echo "$(basename "$(dirname "$0")") $*" >> "$0.log"
case $1 in
compress) test ! -e "$3" && printf 12345 > "$3" ;;
inspect) test ! -e "$0.broken" || { echo one >&2; echo two >&2; exit 3; } ;;
esac
"""
SMALL_BYTES, LARGE_BYTES = 30 * 2**20, 64 * 2**20


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("measure_speed")


@pytest.fixture
def pair(tmp_path: Path) -> list[Version]:
    """Return two installations that do next to nothing, and write one log."""
    found = []
    for label in ("this", "other"):
        folder = tmp_path / label
        folder.mkdir()
        command = folder / "rdpcodec"
        command.write_text(STAND_IN.replace("$0.log", str(tmp_path / "log")))
        command.chmod(0o755)
        found.append(Version(label, command))
    return found


def _row(this: list[float], other: list[float]) -> Row:
    """Return a row of the seconds of two versions, the memory growing by a MiB each round."""
    runs = {
        label: [Run(seconds, (k + 1) * 2**20) for k, seconds in enumerate(taken)]
        for label, taken in (("this", this), ("other", other))
    }
    return Row("compress", "48x32", runs, {"this": 90, "other": 100})


def _bench(folder: Path, versions: list[Version], rounds: int = 2) -> Bench:
    (folder / "out").mkdir()
    return Bench(folder / "out", versions, rounds, ["--bpp", "0.5"])


def _main(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["measure_speed", "--sizes", "48x32", *options])
    return tool.main()


def test_a_ratio_is_the_median_of_the_ratios_of_rounds() -> None:
    """A machine that is slow for one round changes neither ratio nor medians much."""
    row = _row([1.0, 20.0, 3.0], [2.0, 10.0, 4.0])
    assert row.ratio() == 0.75
    assert (row.seconds("this"), row.seconds("other")) == (3.0, 4.0)
    assert row.peak_bytes("this") == 2 * 2**20
    assert Row("view", "1x1", {"this": [Run(1.0, 1)]}, {"this": 1}).ratio() is None


def test_versions_change_places_from_round_to_round() -> None:
    """A B, B A, A B; one alone is always first."""
    versions = [Version("A", Path("a")), Version("B", Path("b"))]
    orders = ["".join(version.label for version in in_turn(versions, k)) for k in range(3)]
    assert orders == ["AB", "BA", "AB"]
    assert in_turn(versions[:1], 1) == versions[:1]


@pytest.mark.parametrize("job", JOBS)
def test_the_command_line_understands_every_job(job: str) -> None:
    """The options that are measured are those of the command line."""
    paths = Path("a.png"), Path("b.rdp"), Path("c.png")
    name, *rest = arguments(job, *paths, ["--bpp", "0.5", "--prior", "gaussian-1"])
    COMMANDS[name].make_context(name, rest)


def test_memory_is_that_of_the_process_alone() -> None:
    """This process, with torch in it, does not count towards its children."""
    python = [sys.executable, "-I", "-S", "-c"]
    assert measured([*python, "pass"]).peak_bytes < SMALL_BYTES
    large = measured([*python, f"bytes(range(256)) * ({LARGE_BYTES} // 256)"])
    assert LARGE_BYTES < large.peak_bytes < LARGE_BYTES + SMALL_BYTES
    assert measured([*python, "import time; time.sleep(0.1)"]).seconds > 0.1


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo one >&2; echo two >&2; exit 3", "failed with exit code 3: two"),
        ("exit 1", "failed with exit code 1: it said nothing"),
        ("kill -9 $$", "failed with exit code 137: it said nothing"),
    ],
)
def test_a_failure_is_one_sentence(script: str, said: str) -> None:
    """It names the command, the exit code and what was said last."""
    with pytest.raises(FailedError) as caught:
        measured(["/bin/sh", "-c", script])
    assert str(caught.value) == f"`/bin/sh -c '{script}'` {said}"


def test_a_command_that_is_missing_is_named(tmp_path: Path) -> None:
    """The system's reason is in the sentence."""
    with pytest.raises(FailedError, match=r"gone` failed with exit code 1: .*No such file"):
        measured([str(tmp_path / "gone")])


def test_packages_of_this_process_are_not_those_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONPATH, which would show another version this one's modules, is left out."""
    monkeypatch.setenv("PYTHONPATH", "/here")
    measured(["/bin/sh", "-c", 'test -z "$PYTHONPATH"'])


def test_rounds_are_interleaved_after_one_run_of_each(tmp_path: Path, pair: list[Version]) -> None:
    """The file that is read warms `compress` up; others run once more; outputs are removed."""
    bench = _bench(tmp_path, pair)
    rows = list(bench.rows(Path("in.png"), "48x32", ["compress", "decompress"]))
    calls = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    first, then = ["this", "other"], ["this", "other", "other", "this"]
    assert [call[0] for call in calls] == 2 * [*first, *then]
    assert [call[1] for call in calls] == 6 * ["compress"] + 6 * ["decompress"]
    outs = [call[3] for call in calls]
    assert len(set(outs)) == len(outs)
    reads = {call[0]: call[2] for call in calls[6:]}
    assert reads == {calls[0][0]: outs[0], calls[1][0]: outs[1]}
    assert sorted(map(str, bench.folder.iterdir())) == sorted(outs[:2])
    assert [len(runs) for row in rows for runs in row.runs.values()] == [2, 2, 2, 2]
    assert rows[0].file_bytes == rows[1].file_bytes == dict.fromkeys(first, FILE_BYTES)


def test_a_picture_is_the_middle_of_a_photo_that_holds_it() -> None:
    """Nothing is scaled, and the colour profile is left out."""
    small, large = Image.new("RGB", (4, 4), "red"), Image.new("RGB", (8, 8), "white")
    large.putpixel((2, 1), (1, 2, 3))
    large.info["icc_profile"] = b"profile"
    made, how = pictures.picture([small, large], (4, 6))
    assert (made.size, made.info, how) == ((4, 6), {}, "the middle of a photo")
    assert made.getpixel((0, 0)) == (1, 2, 3)


def test_a_picture_larger_than_the_photos_is_a_mosaic_and_says_so() -> None:
    """Pieces take turns, row by row; a photo alone goes on in its mirror image."""
    photo = Image.new("RGB", (2, 2))
    photo.putdata([(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 3, 3)])
    made, how = pictures.picture([photo], (5, 3))
    reds = [made.getpixel((x, y))[0] for y in range(3) for x in range(5)]
    assert reds == [0, 1, 1, 0, 0, 2, 3, 3, 2, 2, 2, 3, 3, 2, 2]
    assert how == "a mosaic of 1 photo in mirrored pieces of 2x2"
    made, how = pictures.picture([photo, Image.new("RGB", (3, 4), "white")], (6, 2))
    assert [made.getpixel((x, 0))[0] for x in range(6)] == [0, 1, 255, 255, 0, 1]
    assert how == "a mosaic of 2 photos in mirrored pieces of 2x2"


def test_all_jobs_are_reported(
    tool: ModuleType,
    pair: list[Version],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """A line of Markdown for each job, those without a size once, and JSON of all runs."""
    monkeypatch.setattr(tool, "versions", lambda _: pair)
    out = tmp_path / "out.json"
    options = ("--sizes", "48x32,64x48", "--runs", "1", "--markdown", "--json", str(out))
    assert _main(tool, monkeypatch, *options) == 0
    table, facts = capsys.readouterr().out.split("\n\n")
    heads, _, *lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert heads[:5] == ["size", "job", "this s", "other s", "this / other"]
    assert heads[5:] == ["this MiB", "other MiB", "this bytes", "other bytes"]
    assert [line[1] for line in lines] == [*JOBS, *JOBS[:4]]
    assert [line[0] for line in lines] == 5 * ["48x32"] + ["-"] + 4 * ["64x48"]
    assert lines[0][-2:] == ["5", "5"]
    assert lines[5][-2:] == ["-", "-"]
    assert "one run each, `compress --bpp 0.5`\n" in facts
    _check_data(json.loads(out.read_text()), pair)


def _check_data(data: dict[str, object], pair: list[Version]) -> None:
    """Check the fields of the JSON, down to one run."""
    rows = data.pop("rows")
    assert set(data.pop("machine")) == {"cpu", "cores", "python", "date"}
    assert data == {
        "versions": {version.label: str(version.command) for version in pair},
        "rounds": 1,
        "options": ["--bpp", "0.5"],
        "pictures": dict.fromkeys(("48x32", "64x48"), "the middle of a photo"),
    }
    run = rows[0]["runs"]["this"][0]
    assert set(run) == {"seconds", "peak_bytes"}
    assert rows[0]["medians"]["this"] == run
    assert rows[0]["ratio"] == run["seconds"] / rows[0]["medians"]["other"]["seconds"]
    assert rows[0]["file_bytes"] == {"this": FILE_BYTES, "other": FILE_BYTES}
    assert (rows[5]["job"], rows[5]["size"]) == ("priors", None)
    assert rows[5]["file_bytes"] == {"this": None, "other": None}


def test_a_command_that_fails_ends_the_measurement(
    tool: ModuleType,
    pair: list[Version],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 1, there is no table, and the last line is the sentence."""
    monkeypatch.setattr(tool, "versions", lambda _: pair)
    pair[1].command.with_name("rdpcodec.broken").touch()
    assert _main(tool, monkeypatch, "--job", "inspect") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    last = captured.err.splitlines()[-1]
    assert last.startswith(f"measure_speed: `{pair[1].command} inspect ")
    assert last.endswith("` failed with exit code 3: two")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sizes", "48"], "invalid sizes value: '48'"),
        (["--sizes", "0x9"], "invalid sizes value: '0x9'"),
        (["--runs", "0"], "invalid positive value: '0'"),
        (["--against", "gone"], "gone is no file, expected .../.venv/bin/rdpcodec"),
    ],
)
def test_a_wrong_option_is_refused(
    tool: ModuleType, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    """Before anything runs, the last line says what was found."""
    with pytest.raises(SystemExit):
        tool.parser().parse_args(options)
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_versions_are_named_by_their_commands(tool: ModuleType) -> None:
    """This one is the command beside this interpreter."""
    this, other = tool.versions(Path("/old/.venv/bin/rdpcodec"))
    assert (this.label, this.command) == ("this", Path(sys.executable).with_name("rdpcodec"))
    assert (other.label, other.command) == ("other", Path("/old/.venv/bin/rdpcodec"))
    assert tool.versions(None) == [this]


def test_an_installation_is_measured(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Seconds are those of pip, bytes those of site-packages; no checkout, no measurement."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "constraints.txt").touch()
    calls = []

    def stand_in(command: list[str]) -> Run:
        calls.append(command[1:])
        if "venv" in command:
            site = Path(command[-1]) / "lib" / "python3" / "site-packages" / "package"
            site.mkdir(parents=True)
            (site / "module.py").write_bytes(bytes(2_000_000))
        return Run(float(len(calls)), 1)

    monkeypatch.setattr(install, "measured", stand_in)
    inside = Version("this", tmp_path / ".venv" / "bin" / "rdpcodec")
    outside = Version("other", Path("/rdpcodec"))
    monkeypatch.setattr(tool, "versions", lambda _: [inside, outside])
    assert _main(tool, monkeypatch, "--install", "--markdown") == 0
    captured = capsys.readouterr()
    assert f"| this | {tmp_path} | 2.0 | 2 |\n\n" in captured.out
    assert "/rdpcodec lies in no checkout" in captured.err
    assert calls[1][-3:] == ["-c", str(tmp_path / "constraints.txt"), str(tmp_path)]


@pytest.mark.slow
def test_this_installation_is_measured_against_itself(tmp_path: Path) -> None:
    """The script runs the real commands; files of the same version are of the same size."""
    command = Path(sys.executable).with_name("rdpcodec")
    options = ["--job", "inspect", "--prior", "gaussian-1", "--json", str(tmp_path / "out.json")]
    subprocess.run(
        [
            *(sys.executable, str(TOOLS / "measure_speed.py"), "--sizes", "48x32", "--runs", "1"),
            *("--against", str(command), *options),
        ],
        check=True,
        capture_output=True,
    )
    (row,) = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert row["job"] == "inspect"
    assert row["file_bytes"]["this"] == row["file_bytes"]["other"] <= 48 * 32 * 0.5 / 8
    assert all(each["seconds"] > 0.01 for each in row["medians"].values())
