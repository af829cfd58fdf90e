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
from drift_parts.table import Apart, apart, legend, markdown
from drift_parts.ways import Way, elsewhere, here

from rdpcodec.images import read_picture

ROOT = Path(__file__).parents[1]
PHOTO = ROOT / "docs" / "images" / "photo.webp"
# Middle of the photo, and the options it is written with; the first word is whose tolerance holds.
CASES = {
    "photo-rgb": ((96, 64), 3, {"prior": "photo-1", "bpp": 0.5}),
    "photo-grey": ((64, 48), 1, {"prior": "photo-1", "bpp": 1.0}),
    "gaussian-rgb": ((48, 32), 3, {"prior": "gaussian-1", "bpp": 2.0}),
    "gaussian-pfr": ((32, 24), 3, {"prior": "gaussian-1", "t": 2200, "coder": "pfr"}),
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


def written(ways: list[Way], folder: Path, failed: dict[str, str]) -> dict[bytes, list[Way]]:
    """Write in every way; return the ways by what they wrote, all files joined."""
    groups: dict[bytes, list[Way]] = {}
    for way in ways:
        place = folder / way.name
        place.mkdir()
        if said := way.run("write", folder / "pictures", place):
            failed[way.label] = said
            continue
        content = b"".join(path.read_bytes() for path in sorted(place.glob("*.rdp")))
        groups.setdefault(content, []).append(way)
    return groups


def compared(
    groups: list[list[Way]], ways: list[Way], folder: Path, failed: dict[str, str]
) -> dict[tuple[str, str], Apart]:
    """Read the files of each group in every way; return how far that is from its first writer."""
    sources = [folder / group[0].name for group in groups]
    for way in ways:
        (folder / f"{way.name}-read").mkdir()
        if said := way.run("read", folder / f"{way.name}-read", *sources):
            failed[way.label] = said
    able = [way for way in ways if way.label not in failed]
    return {
        (source.name, way.name): apart(
            folder / f"{source.name}-read" / source.name, folder / f"{way.name}-read" / source.name
        )
        for source in sources
        if source.name in {way.name for way in able}
        for way in able
    }


def report(groups: list[list[Way]], able: list[Way], cells: dict[tuple[str, str], Apart]) -> None:
    """Print the tables and what was compared."""
    numbers = {way.name: number for number, way in enumerate(able, 1)}
    rows = {
        group[0].name: ", ".join(str(numbers[way.name]) for way in group if way.name in numbers)
        for group in groups
        if group[0].name in numbers
    }
    print(legend([(way.label, way.versions()) for way in able]))
    print()
    print(markdown(rows, list(numbers), cells))


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", metavar="LABEL=PYTHON", action="append", default=[])
    parser.add_argument("--only", metavar="WORD", action="append", default=[])
    given = parser.parse_args()
    ways = found_ways(given.environment, given.only)
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="drift-") as name:
        folder = Path(name)
        (folder / "pictures").mkdir()
        prepare(folder / "pictures")
        groups = list(written(ways, folder, failed).values())
        able = [way for way in ways if way.label not in failed]
        cells = compared(groups, able, folder, failed)
    report(groups, [way for way in able if way.label not in failed], cells)
    for label, said in failed.items():
        print(f"- {label} failed: {said}")
    return int(bool(failed) or any(cell.wrong for cell in cells.values()))


if __name__ == "__main__":
    sys.exit(main())
