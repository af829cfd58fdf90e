"""`inspect`: tables, JSON, and its speed."""

import json
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
from cli.shell import ENVIRONMENT, ROOT, Shell


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


def test_inspect_is_fast_and_loads_no_network(rdp: Path) -> None:
    """A process that inspects imports neither torch nor numpy; its best time is printed."""
    script = (
        "import sys; from rdpcodec.cli import main; code = main(sys.argv[1:]); "
        "heavy = {'torch', 'numpy', 'PIL', 'scipy', 'numba'} & set(sys.modules); "
        "sys.exit(f'imports {heavy}' if heavy else code)"
    )
    command = [sys.executable, "-c", script, "inspect", str(rdp)]
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False)
        best = min(best, time.perf_counter() - start)
        assert done.returncode == 0, done.stderr
    sys.stdout.write(f"inspect: {best:.2f} s\n")
    assert best < 0.5
