"""Compress a photo to several sizes, explain a file, and read each at several rho side by side.

    tools/demo [PHOTO] [--bpp B]... [--out DIRECTORY]

Without PHOTO it takes docs/images/photo.webp. It runs the public commands `compress` and `inspect`,
and calls the public `open` once for every file.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import demo_sheet
import numpy as np
from demo_sheet import BPPS, PHOTO, Row
from PIL import Image
from rich.console import Console
from rich.table import Table

from rdpcodec.errors import RdpError
from rdpcodec.images import Picture, png_bytes, read_picture, with_depth

SIDE_MAX_PX = 768


def main() -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__.splitlines()[0])
    parser.add_argument(
        "photo", nargs="?", type=Path, default=PHOTO, metavar="PHOTO", help="any image"
    )
    parser.add_argument(
        "--bpp",
        type=float,
        action="append",
        metavar="B",
        help="bits per pixel of a file, may be repeated (default 0.1 and 0.3)",
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="directory (default ./out)")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        run(options.photo, options.bpp or BPPS, options.out)
    except RdpError as error:
        print(f"tools/demo: {error}", file=sys.stderr)
        return error.exit_code
    except subprocess.CalledProcessError as error:  # the command has said why
        return error.returncode
    print(f"took {time.monotonic() - started:.0f} s")
    return 0


def run(photo: Path, bpps: tuple[float, ...], out: Path) -> None:
    """Compress, inspect, read and compare.

    Args:
        photo: The picture.
        bpps: Bits per pixel of each file.
        out: Where results go.
    """
    out.mkdir(parents=True, exist_ok=True)
    source = small_enough(photo, out)
    original = with_depth(read_picture(source)[0], 8)
    files = [out / f"{source.stem}-{bpp:g}.rdp" for bpp in bpps]
    for file, bpp in zip(files, bpps, strict=True):
        command("compress", str(source), str(file), "--bpp", str(bpp))
    command("inspect", str(files[0]))
    rows = [read(file, original) for file in files]
    show_table(files, rows)
    sheet = out / f"{source.stem}-sheet.jpg"
    demo_sheet.save(demo_sheet.draw(original, rows), sheet, original.icc)
    print(f"side by side: {sheet}\nany other rho: rdpcodec view {files[0]} --rho 0.7")


def small_enough(photo: Path, out: Path) -> Path:
    """Return the photo, or a smaller copy of it if it is large."""
    picture = with_depth(read_picture(photo)[0], 8)
    largest = max(picture.width, picture.height)
    if largest <= SIDE_MAX_PX:
        return photo
    size = [max(1, round(n * SIDE_MAX_PX / largest)) for n in (picture.width, picture.height)]
    scaled = Image.fromarray(picture.pixels).resize((size[0], size[1]), Image.Resampling.LANCZOS)
    small = out / f"{photo.stem}-small.png"
    small.write_bytes(png_bytes(replace(picture, pixels=np.asarray(scaled))))
    print(
        f"{picture.width} x {picture.height} pixels would take minutes: the demo uses a copy of "
        f"{size[0]} x {size[1]}\nfull size: rdpcodec compress {photo} photo.rdp"
    )
    return small


def command(*arguments: str) -> None:
    """Run a command as a user would."""
    print("\n$ rdpcodec", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "rdpcodec", *arguments], check=True)


def read(file: Path, original: Picture) -> Row:
    """Read a file at every rho, and print the calls that do it."""
    print(f"\n>>> received = rdpcodec.open({str(file)!r})", flush=True)
    row = demo_sheet.read(file, original)
    for reading in row.readings:
        print(f">>> received.at({reading.rho:g})  # {reading.seconds:.1f} s", flush=True)
    return row


def show_table(files: list[Path], rows: list[Row]) -> None:
    """Print rho against PSNR and size."""
    table = Table("file", "bytes", "bits per pixel", "rho", "PSNR", title="one file, any rho")
    for file, row in zip(files, rows, strict=True):
        for reading in row.readings:
            size = (str(file), f"{row.size_bytes}", f"{row.bpp:.3f}")
            table.add_row(*size, f"{reading.rho:g}", f"{reading.psnr_db:.2f} dB")
        table.add_section()
    print()
    Console().print(table)
    print("rho 0 aims at the least error, rho 1 at full realism; the file does not change.")


if __name__ == "__main__":
    sys.exit(main())
