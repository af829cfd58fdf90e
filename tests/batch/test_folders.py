"""`-o FOLDER`: the same bytes as one by one, resumed, broken, interrupted, killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from rdpcodec import cli
from rdpcodec.batch import Compressing, Job, compress_file, lost
from rdpcodec.errors import ISSUE
from rdpcodec.options import EncodeOptions

SPEC = Path(__file__).parents[2] / "spec"
HOW = ("--prior", "gaussian-1", "--t", "2200")


def _lines(name: str = "r.jsonl") -> list[dict[str, object]]:
    schema = json.loads((SPEC / "batch.schema.json").read_text())
    found = [json.loads(line) for line in Path(name).read_text().splitlines() if line]
    for entry in found:
        jsonschema.validate(entry, schema)
        if entry["report"]:
            jsonschema.validate(
                entry["report"], json.loads((SPEC / "report.schema.json").read_text())
            )
    return found


def _statuses(name: str = "r.jsonl") -> list[object]:
    return sorted(str(entry["status"]) for entry in _lines(name))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_with_a_broken_picture(
    folder: Path, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    """The others have the bytes of single runs; the failure is told at the end, and resumed."""
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:45])
    call = ["compress", "in", "-o", "out", *HOW, "--report", "r.jsonl", "--jobs", jobs]
    assert cli.main(call) == 5
    err = capsys.readouterr().err
    assert "rdpcodec: error RDP-601: in/broken.png: " in err
    assert "3 of 4 files made, 1 failed" in err
    assert "1 file is left out, by the extension: in/notes.txt" in err
    assert _statuses() == ["done", "done", "done", "failed", "left out"]
    assert cli.main(["compress", "in/sub/c.PNG", "c.rdp", *HOW]) == 0
    assert Path("out/sub/c.rdp").read_bytes() == Path("c.rdp").read_bytes()
    assert not list(Path("out").glob("**/.*"))

    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes())
    Path("out/b.rdp").write_bytes(Path("c.rdp").read_bytes())  # no longer what was made of b
    with Path("r.jsonl").open("a") as report:
        report.write('{"half a')
    assert cli.main([*call, "--resume", "-q"]) == 0
    again = [entry for entry in map(_loads, Path("r.jsonl").read_text().splitlines()) if entry][5:]
    assert sorted(str(e["status"]) for e in again) == ["done", "done", "kept", "kept", "left out"]


def _loads(line: str) -> dict[str, object] | None:
    try:
        return json.loads(line)  # type: ignore[no-any-return]
    except ValueError:
        return None


def test_there_and_back(folder: Path) -> None:
    """`decompress -o` reads what `compress -o` has written, in the format that is asked for."""
    assert cli.main(["compress", str(folder), "-o", "out", *HOW, "-q"]) == 0
    assert cli.main(["decompress", "out", "-o", "back", "--format", "bmp", "--rho", "0"]) == 0
    assert cli.main(["decompress", "out/b.rdp", "b.bmp", "--rho", "0"]) == 0
    assert Path("back/b.bmp").read_bytes() == Path("b.bmp").read_bytes()
    assert Path("back/sub/c.bmp").is_file()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("compress in/a.png out.rdp --resume", "--resume needs -o FOLDER"),
        ("compress in/a.png out.rdp --jobs 2", "--jobs needs -o FOLDER"),
        ("compress in -o out --resume", "--resume needs --report FILE.jsonl"),
        ("compress - -o out", "- is no input of -o FOLDER"),
        ("compress -o out", "needs inputs, found none"),
        ("compress in/a.png", "found 1 names"),
        ("compress in -o in/a.png", "it is a file, expected a folder"),
        ("compress in -o out --report in/a.png", "is an input or an output too"),
        ("decompress in/a.rdp a.png --report r", "--report of decompress needs -o FOLDER"),
        ("compress in -o out --prior nope", "the prior 'nope' is unknown"),
    ],
)
def test_refusals(
    folder: Path, capsys: pytest.CaptureFixture[str], call: str, sentence: str
) -> None:
    """One sentence, and no output."""
    assert cli.main(call.split()) in (1, 3)
    assert sentence in capsys.readouterr().err
    assert not list(Path.cwd().glob("out/**/*.rdp"))
    assert folder.is_dir()


def test_a_list_from_standard_input(folder: Path) -> None:
    """`--files-from -` reads names; `--report -` writes lines."""
    command = [sys.executable, "-m", "rdpcodec", "compress", "--files-from", "-", "-o", "out"]
    done = subprocess.run(
        [*command, *HOW, "--report", "-"], input=b"in/a.png\n", capture_output=True, check=True
    )
    assert json.loads(done.stdout)["out"] == "out/in/a.rdp"
    assert folder.is_dir()


def test_the_record_of_a_lost_process(folder: Path) -> None:
    """It has an id of its own and says what may help."""
    work, job = Compressing(EncodeOptions(prior="gaussian-1")), Job(folder / "a.png", Path("a"))
    record = lost(work, job, -9)
    assert record.status == "failed"
    assert record.error is not None
    assert record.error["id"] == ISSUE.WORKER_LOST
    assert "killed by signal 9" in record.error["message"]
    assert "ended with code 1" in (lost(work, job, 1).error or {})["message"]


def test_one_file_needs_no_process(folder: Path) -> None:
    """A path in, a path out, options, and a record of what became of it."""
    work = Compressing(EncodeOptions(prior="gaussian-1", t=2200))
    record = compress_file(folder / "a.png", Path("new/a.rdp"), work)
    assert (record.status, record.width, record.height) == ("done", 32, 24)
    assert record.out_bytes == Path("new/a.rdp").stat().st_size
    assert compress_file(folder / "gone.png", Path("x"), work).error is not None


def test_an_interrupt_leaves_whole_files(folder: Path) -> None:
    """SIGINT ends with 130, without a traceback, and says what is done."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("a background job of a shell ignores SIGINT, and so do its children")
    for k in range(200):
        (folder / f"x{k}.png").write_bytes((folder / "a.png").read_bytes())
    command = [sys.executable, "-m", "rdpcodec", "compress", "in", "-o", "out", *HOW]
    with subprocess.Popen(
        [*command, "--jobs", "2"], stderr=subprocess.PIPE, start_new_session=True
    ) as running:
        while not list(Path().glob("out/*.rdp")):
            time.sleep(0.1)
            assert running.poll() is None
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate()
    assert running.returncode == 130
    assert b"Traceback" not in err
    assert b"not done" in err
    assert err.endswith(b"rdpcodec: interrupted\n")
    assert not list(Path("out").glob("**/.*"))
