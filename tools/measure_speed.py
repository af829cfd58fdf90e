"""Measure seconds and peak memory of whole commands, of this installation and of another one.

    .venv/bin/python tools/measure_speed.py --against ../old/.venv/bin/rdpcodec [--runs 5]
    .venv/bin/python tools/measure_speed.py [--job compress view] [--sizes 48x32,768x512]
    .venv/bin/python tools/measure_speed.py --install [--against ../old/.venv/bin/rdpcodec]

Versions take turns, and change places from round to round: A B, B A. Each command runs once before
it is counted. Seconds and memory are medians; a ratio is the median over rounds of this version's
seconds by the other's in the same round. Each version reads files it wrote itself. `inspect` and
`priors` run at the first size only. Pictures are the middle of a photo, or a mosaic of mirrored
pieces where it is too small. On Linux and macOS.
"""

import argparse
import json
import sys
import sysconfig
import tempfile
from pathlib import Path

from rich.console import Console
from speed_parts import install, pictures, show
from speed_parts.bench import Bench
from speed_parts.jobs import JOBS, ONCE
from speed_parts.process import FailedError
from speed_parts.rounds import Version, say

SIZES = "48x32,256x256,768x512,2304x1792"


def sizes(text: str) -> list[pictures.Size]:
    """Return the widths and heights, pixels, of WxH,WxH.."""
    found = []
    for word in text.split(","):
        width, height = map(int, word.split("x"))
        if min(width, height) < 1:
            raise ValueError(word)
        found.append((width, height))
    return found


def installation(text: str) -> Path:
    """Return the path of a command, which is there."""
    path = Path(text).absolute()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text} is no file, expected .../.venv/bin/rdpcodec")
    return path


def positive(text: str) -> int:
    """Return a number of runs."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def parser() -> argparse.ArgumentParser:
    """Return what understands the options."""
    found = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--against", type=installation, metavar="RDPCODEC", help="the other one")
    found.add_argument("--runs", type=positive, default=5, help="rounds (default 5)")
    found.add_argument("--job", choices=JOBS, nargs="+", help="default all")
    found.add_argument("--sizes", type=sizes, default=SIZES, metavar="WxH,..", help=SIZES)
    found.add_argument("--bpp", type=float, default=0.5, help="of files (default 0.5)")
    found.add_argument("--prior", help="of files (default: each version's own)")
    found.add_argument("--picture", type=Path, nargs="+", default=[pictures.PHOTO], help="photos")
    found.add_argument("--json", type=Path, metavar="FILE", help="also write every run")
    found.add_argument("--markdown", action="store_true", help="print a table for documents")
    found.add_argument("--install", action="store_true", help="measure `pip install` instead")
    return found


def versions(against: Path | None) -> list[Version]:
    """Return this installation, and the other one if there is one."""
    found = [Version("this", Path(sysconfig.get_path("scripts")) / "rdpcodec")]
    return found if against is None else [*found, Version("other", against)]


def commands(options: argparse.Namespace, compared: list[Version], folder: Path) -> show.Report:
    """Measure the commands, in an empty folder."""
    photos = [pictures.photo(path) for path in options.picture]
    prior = [] if options.prior is None else ["--prior", options.prior]
    bench = Bench(folder, compared, options.runs, ["--bpp", f"{options.bpp:g}", *prior])
    rows, made, left = [], {}, list(options.job or JOBS)
    for size in options.sizes:
        jobs = [job for job in JOBS if job in left]
        left = [job for job in left if job not in ONCE]
        if jobs:
            name = pictures.name(size)
            image, made[name] = pictures.picture(photos, size)
            say(f"{name} is {made[name]}")
            image.save(source := folder / f"{name}.png")
            rows += bench.rows(source, name, jobs)
    return show.of_commands(bench, made, rows)


def installs(compared: list[Version], folder: Path) -> show.Report:
    """Measure the installation of every version whose checkout is found, in an empty folder."""
    found = []
    for version in compared:
        source = install.checkout(version)
        if source is None:
            say(f"{version.command} lies in no checkout: its installation is not measured")
        else:
            say(f"installing {source}")
            found.append(install.installed(version, source, folder))
    return show.of_installs(found)


def publish(report: show.Report, options: argparse.Namespace) -> None:
    """Print a report, and write it as JSON if that is asked for."""
    if options.markdown:
        print(show.markdown(report.table), end="\n\n")
    else:
        Console().print(show.rich(report.table))
    print(*report.facts, sep="\n")
    if options.json is not None:
        options.json.write_text(json.dumps(report.data, indent=2) + "\n", "utf-8")


def main() -> int:
    """Measure and print; return the exit code."""
    options = parser().parse_args()
    compared = versions(options.against)
    try:
        with tempfile.TemporaryDirectory() as folder:
            if options.install:
                report = installs(compared, Path(folder))
            else:
                report = commands(options, compared, Path(folder))
        publish(report, options)
    except (FailedError, OSError) as error:
        print(f"measure_speed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
