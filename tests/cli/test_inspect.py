"""`inspect`: tables, JSON, and its speed."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
from cli.shell import ENVIRONMENT, ROOT, Shell

import rdpcodec


def test_inspect_json_follows_its_schema(run: Shell, rdp: Path) -> None:
    """`inspect --json` is JSON on stdout alone, and validates."""
    result = run("inspect", rdp, "--json")
    assert (result.code, result.err) == (0, "")
    facts = json.loads(result.out)
    jsonschema.validate(facts, json.loads((ROOT / "spec/inspect.schema.json").read_text()))
    assert (facts["width"], facts["height"]) == (32, 24)
    assert facts["bytes"]["file"] == rdp.stat().st_size


def test_inspect_explains_every_field(run: Shell, rdp: Path) -> None:
    """The tables name each field of the header and each layer."""
    facts = json.loads(run("inspect", rdp, "--json").out)
    text = run("inspect", rdp).out.decode()
    for field in ("format", "picture", "prior", "digest", "seed", "coder", "payload", "container"):
        assert field in text
    assert facts["prior"]["digest"] in text
    assert all(f" {layer['t']} " in text for layer in facts["layers"])


def test_several_files_are_a_line_each(run: Shell, rdp: Path) -> None:
    """A row of a table, or an object of the schema with the name in it."""
    Path("other.rdp").write_bytes(rdpcodec.trim(rdp.read_bytes(), layers=2))
    result = run("inspect", rdp, "other.rdp", "--json")
    assert (result.code, result.err) == (0, "")
    schema = json.loads((ROOT / "spec/inspect.schema.json").read_text())
    lines = [json.loads(line) for line in result.out.splitlines()]
    for facts in lines:
        jsonschema.validate(facts, schema)
    assert [facts.pop("file") for facts in lines] == ["in.rdp", "other.rdp"]
    assert lines[0] == json.loads(run("inspect", rdp, "--json").out)
    rows = run("inspect", rdp, "other.rdp").out.decode().splitlines()
    (row,) = (row for row in rows if "other.rdp" in row)
    assert row.split()[1::2][:1] == ["other.rdp"]
    for cell in ("32 x 24", "gaussian-1", " 2 ", str(Path("other.rdp").stat().st_size)):
        assert cell in row


def test_a_bad_file_does_not_keep_the_others_back(run: Shell, rdp: Path) -> None:
    """It is a line on stderr, and the first such file gives the exit code."""
    Path("cut.rdp").write_bytes(rdp.read_bytes()[:-9])
    result = run("inspect", "in.png", rdp, "cut.rdp", "gone.rdp", "--json")
    assert result.code == 2
    assert [json.loads(line)["file"] for line in result.out.splitlines()] == ["in.rdp"]
    ids = [line.split()[2] for line in result.err.splitlines()]
    assert ids == ["RDP-101:", "RDP-202:", "RDP-603:"]
    result = run("inspect", rdp, "cut.rdp", "--allow-partial")
    assert (result.code, result.err) == (0, "")
    assert " of " in result.out.decode()
    nothing = run("inspect", "in.png", "gone.rdp")
    assert (nothing.code, nothing.out) == (2, b"")


def test_inspect_loads_no_network(rdp: Path) -> None:
    """A process that inspects imports nothing heavy, which is what makes it fast."""
    script = (
        "import sys; from rdpcodec.cli import main; code = main(sys.argv[1:]); "
        "heavy = {'torch', 'numpy', 'PIL', 'scipy', 'numba', 'webbrowser'} & set(sys.modules); "
        "sys.exit(f'imports {heavy}' if heavy else code)"
    )
    command = [sys.executable, "-c", script, "inspect", str(rdp)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
