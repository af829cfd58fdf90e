"""Measure how far pictures drift apart between machines: files of every way, read in every way.

    .venv/bin/python tools/measure_drift.py [--environment LABEL=PYTHON ..] [--only WORD ..]

A way is an engine, a number of threads, the instructions that libraries may use, and an
environment with other versions; `tools/bounds.py` makes such environments, and those below
`.bounds` are taken by themselves. Symbols have to be equal, and pixels as near to what the writer
reads as the conformance suite asks for. Prints docs/drift.md's table; exit code 1 if any is not.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from drift_parts.table import apart, markdown
from drift_parts.ways import Way, elsewhere, here, runnable

from rdpcodec.images import read_picture

ROOT = Path(__file__).parents[1]
PHOTO = ROOT / "docs" / "images" / "photo.webp"
# Middle of the photo, and the options it is written with; the first word is whose tolerance holds.
CASES = {
    "photo-rgb": ((192, 128), 3, {"prior": "photo-1", "bpp": 0.5}),
    "photo-grey": ((128, 96), 1, {"prior": "photo-1", "bpp": 1.0}),
    "gaussian-rgb": ((64, 48), 3, {"prior": "gaussian-1", "bpp": 2.0}),
    "gaussian-pfr": ((48, 32), 3, {"prior": "gaussian-1", "t": 2200, "coder": "pfr"}),
}


def prepare(folder: Path) -> None:
    """Write the pictures and their options."""
    photo = read_picture(PHOTO)[0].pixels
    for name, ((width, height), channels, _) in CASES.items():
        top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
        piece = photo[top : top + height, left : left + width]
        np.save(folder / f"{name}.npy", piece if channels == 3 else piece[:, :, 1].copy())
    options = {name: options for name, (_, _, options) in CASES.items()}
    (folder / "cases.json").write_text(json.dumps(options))


def found_ways(given: list[str], only: list[str]) -> list[Way]:
    """Return the ways there are, or those whose labels have one of some words."""
    environments = dict(pair.split("=", 1) for pair in given)
    for path in sorted((ROOT / ".bounds").glob("*/bin/python")):
        environments.setdefault(path.parents[1].name.replace("-", ", Python "), str(path))
    ways = here(Path(sys.executable))
    for label, python in environments.items():
        ways += elsewhere(label, Path(python))
    return [way for way in ways if not only or any(word in way.label for word in only)]


def measure(ways: list[Way], folder: Path) -> tuple[list[Way], dict[str, str]]:
    """Write and read in every way; return the ways that could, and why the others could not."""
    failed: dict[str, str] = {}
    places = {way.label: folder / f"way-{number}" for number, way in enumerate(ways)}
    for task in ("write", "read"):
        able = runnable(ways, failed)
        for way in able:
            print(f"{task}: {way.label}", file=sys.stderr)
            place = places[way.label]
            if task == "write":
                place.mkdir()
                said = way.run(task, folder / "pictures", place)
            else:
                (place / "read").mkdir()
                said = way.run(task, place / "read", *(places[other.label] for other in able))
            if said:
                failed[way.label] = said
    return runnable(ways, failed), failed


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", metavar="LABEL=PYTHON", action="append", default=[])
    parser.add_argument("--only", metavar="WORD", action="append", default=[])
    given = parser.parse_args()
    ways = found_ways(given.environment, given.only)
    with tempfile.TemporaryDirectory(prefix="drift-") as name:
        folder = Path(name)
        (folder / "pictures").mkdir()
        prepare(folder / "pictures")
        able, failed = measure(ways, folder)
        places = {way.label: folder / f"way-{ways.index(way)}" for way in able}
        cells = {}
        for writer, own in places.items():
            for reader, other in places.items():
                cells[writer, reader] = apart(own / "read" / own.name, other / "read" / own.name)
        bytes_of = {
            label: b"".join(path.read_bytes() for path in sorted(place.glob("*.rdp")))
            for label, place in places.items()
        }
    print(markdown(list(places), cells))
    print(f"\nDifferent files: {len(set(bytes_of.values()))} of {len(bytes_of)} ways.\n")
    for python in dict.fromkeys(way.python for way in ways):
        labels = [way.label for way in ways if way.python == python]
        print(
            f"- {labels[0]} and the like: {next(w for w in ways if w.python == python).versions()}"
        )
    for label, said in failed.items():
        print(f"- {label} failed: {said}")
    return int(bool(failed) or any(cell.wrong for cell in cells.values()))


if __name__ == "__main__":
    sys.exit(main())
