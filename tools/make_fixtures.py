"""Writes `fixtures/`, all but its README and `frozen`; nothing else does.

    .venv/bin/python tools/make_fixtures.py OPTIONS

    without         writes what is missing; refuses to change what is there
    --renew NAME    one case of fixtures/valid, or `invalid`, again
    --pictures      what is expected of all cases again, of the streams that are there
    --all           everything again, from the pictures on
    --check         do the streams follow from their symbols, and the rest from the streams?

Released fixtures decode for ever: a change to one is a change of the format, with a line in the
changelog. Runs on one machine give identical bytes. `fixtures/must_fail` is not released.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from fixture_parts.invalid import invalid_files, invalid_index
from fixture_parts.traps import traps
from fixture_parts.valid import RECIPES, Recipe, rebuilt, valid_case
from fixture_parts.writing import Files, as_json

FIXTURES = Path(__file__).parents[1] / "fixtures"


def plan(stored: dict[str, Files], streams: dict[str, bytes] | None = None) -> Files:
    """Return every file below fixtures, by path.

    Args:
        stored: Valid cases that are taken as they are.
        streams: Files of the others that are not made again.
    """
    valid = {}
    for recipe in RECIPES:
        valid[recipe.name] = stored.get(recipe.name) or _make(
            recipe, (streams or {}).get(recipe.name)
        )
    files = {f"valid/{case}/{n}": data for case, fs in valid.items() for n, data in fs.items()}
    refused, set_traps = invalid_files(valid), traps(valid["one-layer"])
    files |= {f"invalid/{file.name}": file.data for file in refused}
    files["invalid/cases.json"] = invalid_index(refused)
    files |= {f"must_fail/{t.name}/{n}": data for t in set_traps for n, data in t.files.items()}
    expected = {t.name: {"why": t.why, "check": t.check, "reason": t.reason} for t in set_traps}
    files["must_fail/expected.json"] = as_json(expected)
    return files


def _make(recipe: Recipe, stream: bytes | None) -> Files:
    print(f"making {recipe.name}", file=sys.stderr)
    return valid_case(recipe, stream)


def stored_cases() -> dict[str, Files]:
    """Return the valid cases that are there."""
    found = sorted(FIXTURES.glob("valid/*/case.json"))
    return {p.parent.name: {f.name: f.read_bytes() for f in p.parent.iterdir()} for p in found}


def differences(files: Files) -> dict[str, str]:
    """Return the paths that are not as planned, and what is wrong with each."""
    folders = (FIXTURES / name for name in ("valid", "invalid", "must_fail"))
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    there = {path.relative_to(FIXTURES).as_posix() for path in paths}
    found = dict.fromkeys(there - files.keys(), "is not planned")
    for path, data in files.items():
        if path not in there:
            found[path] = "is missing"
        elif (FIXTURES / path).read_bytes() != data:
            found[path] = "is different"
    return found


def check(files: Files) -> list[str]:
    """Return what is wrong with the fixtures that are there."""
    wrong = [f"{path} {what}" for path, what in sorted(differences(files).items())]
    for name, case in stored_cases().items():
        if rebuilt(case) != case["stream.rdp"]:
            wrong.append(f"valid/{name}/stream.rdp does not follow from its symbols")
    return wrong


def write(files: Files, renewed: Callable[[str], bool]) -> list[str]:
    """Write what is missing or may be renewed; return what was refused, then nothing is written."""
    changes = differences(files)
    index = ("invalid/cases.json", "must_fail/")
    refused = [
        f"{path} {what}; --renew it if the format has changed"
        for path, what in sorted(changes.items())
        if what != "is missing" and not (path.startswith(index) or renewed(path))
    ]
    for path in () if refused else sorted(changes):
        target = FIXTURES / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[path])
        else:
            target.unlink()
            if not any(target.parent.iterdir()):
                target.parent.rmdir()
        print(f"{'wrote' if path in files else 'removed'} {path}")
    return refused


def main() -> int:
    """Run the script and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--renew", metavar="NAME", action="append", default=[])
    choice.add_argument("--pictures", action="store_true")
    choice.add_argument("--all", action="store_true")
    choice.add_argument("--check", action="store_true")
    given = parser.parse_args()
    known = {recipe.name for recipe in RECIPES} | {"invalid"}
    if not known.issuperset(given.renew):
        parser.error(f"there is no case {min(set(given.renew) - known)}")
    stored = {} if given.all else stored_cases()
    streams = {k: case["stream.rdp"] for k, case in stored.items() if given.pictures}
    renewed = {*given.renew, *streams}
    files = plan({k: v for k, v in stored.items() if k not in renewed}, streams)
    if given.check:
        wrong = check(files)
    else:
        groups = tuple(f"{n}/" if n == "invalid" else f"valid/{n}/" for n in given.renew)
        everything = given.all or given.pictures
        wrong = write(files, lambda path: everything or path.startswith(groups or ("\0",)))
    for line in wrong:
        print(line, file=sys.stderr)
    total = sum(map(len, files.values()))
    print(f"{len(files)} files, {total} bytes: {'wrong' if wrong else 'fine'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
