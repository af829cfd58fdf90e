"""Draw the picture of the README: a photo at two sizes, each file read at two rho.

    .venv/bin/python tools/demo_sheet.py [PHOTO] [--bpp B]... [--out FILE]

Without options it makes docs/images/rho.jpg of docs/images/photo.webp, and prints the table of
docs/results.md that measures the same files.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import rdpcodec
from rdpcodec.cli.progress import progress
from rdpcodec.decoder.received import Received
from rdpcodec.images import Picture, read_picture, with_depth
from rdpcodec.metrics import psnr

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PHOTO = IMAGES / "photo.webp"
BPPS = (0.1, 0.3)
RHOS = (0.0, 0.3, 0.5, 1.0)
ON_SHEET = (0.0, 1.0)
TILE_PX = 320
GAP_PX = 12
TEXT_PX = 20
LINE_PX = TEXT_PX + GAP_PX
QUALITY = 90
INK, PAPER = (235, 235, 235), (24, 24, 24)

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Reading:
    """A file read at one rho."""

    rho: float
    picture: Picture
    psnr_db: float
    seconds: float


@dataclass(frozen=True)
class Row:
    """A file, and how it reads at every rho of `RHOS`."""

    size_bytes: int
    container_bytes: int
    bpp: float
    readings: tuple[Reading, ...]


def main() -> None:
    """Compress, read, draw; print what was measured as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", type=Path, default=PHOTO)
    parser.add_argument("--bpp", type=float, action="append", help="default 0.1 and 0.3")
    parser.add_argument("--out", type=Path, default=IMAGES / "rho.jpg")
    options = parser.parse_args()
    original = with_depth(read_picture(options.photo)[0], 8)
    rows = []
    for bpp in options.bpp or BPPS:
        with progress("compressing", quiet=False) as shown:
            data = rdpcodec.encode(options.photo, bpp=bpp, progress=shown)
        rows.append(read(data, original))
    save(draw(original, rows), options.out, original.icc)
    print(markdown(rows))


def read(source: Path | bytes, original: Picture) -> Row:
    """Open a file once and read it at every rho.

    Args:
        source: The .rdp file.
        original: The picture that was compressed.

    Returns:
        The file's sizes and its readings.
    """
    with progress("decoding", quiet=False) as shown:
        received = rdpcodec.open(source, progress=shown)
        readings = tuple(_read(received, rho, original) for rho in RHOS)
    size = received.info["bytes"]
    bpp = 8 * size["file"] / (original.width * original.height)
    return Row(size["file"], size["container"], bpp, readings)


def _read(received: Received, rho: float, original: Picture) -> Reading:
    started = time.monotonic()
    picture = received.at(rho, depth=8)
    error = psnr(original.pixels, picture.pixels)
    return Reading(rho, picture, error, time.monotonic() - started)


def markdown(rows: Sequence[Row]) -> str:
    """Return the table of sizes and PSNR in Markdown."""
    heads = ["bytes", "of them container", "bpp", *(f"rho {rho:g}" for rho in RHOS)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        errors = [f"{reading.psnr_db:.2f} dB" for reading in row.readings]
        cells = [f"{row.size_bytes}", f"{row.container_bytes}", f"{row.bpp:.3f}", *errors]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def save(sheet: Image.Image, path: Path, icc: bytes | None) -> None:
    """Write a sheet as JPEG without subsampling of colour."""
    sheet.save(path, quality=QUALITY, subsampling=0, optimize=True, icc_profile=icc)


def draw(original: Picture, rows: Sequence[Row]) -> Image.Image:
    """Return the original and the readings at `ON_SHEET`, pixel for pixel.

    Args:
        original: The picture that was compressed.
        rows: The files.

    Returns:
        The busiest `TILE_PX` x `TILE_PX` of each, with captions: a row for each file.
    """
    box = busiest(original, TILE_PX)
    width, height = box[2] - box[0], box[3] - box[1]
    columns = 1 + len(ON_SHEET)
    size = GAP_PX + columns * (width + GAP_PX), 2 * LINE_PX + len(rows) * (height + LINE_PX)
    sheet = Image.new("RGB", size, PAPER)
    _write(sheet, ["original", *(f"rho = {rho:g}" for rho in ON_SHEET)], GAP_PX, width)
    for k, row in enumerate(rows):
        top = GAP_PX + LINE_PX + k * (height + LINE_PX)
        shown = [reading for reading in row.readings if reading.rho in ON_SHEET]
        for column, picture in enumerate([original, *(reading.picture for reading in shown)]):
            tile = Image.fromarray(picture.pixels).convert("RGB").crop(box)
            sheet.paste(tile, (GAP_PX + column * (width + GAP_PX), top))
        name = f"{row.size_bytes} bytes, {row.bpp:.3f} bits per pixel"
        notes = [name, *(f"{reading.psnr_db:.2f} dB" for reading in shown)]
        _write(sheet, notes, top + height + GAP_PX // 3, width)
    return sheet


def _write(sheet: Image.Image, texts: list[str], top: int, width: int) -> None:
    """Write one text above or below each column."""
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_PX)
    for column, text in enumerate(texts):
        pen.text((GAP_PX + column * (width + GAP_PX), top), text, INK, font)


def busiest(picture: Picture, side: int) -> Box:
    """Return left, top, right and bottom of the part with most fine detail, `side` at most."""
    width, height = min(side, picture.width), min(side, picture.height)
    grey = np.asarray(Image.fromarray(picture.pixels).convert("L"), dtype=np.float64)
    slopes = np.zeros_like(grey)
    slopes[1:, 1:] = np.abs(np.diff(grey, axis=0)[:, 1:]) + np.abs(np.diff(grey, axis=1)[1:])
    corners = [
        (x, y)
        for y in range(0, picture.height - height + 1, max(1, height // 4))
        for x in range(0, picture.width - width + 1, max(1, width // 4))
    ]
    x, y = max(corners, key=lambda c: slopes[c[1] : c[1] + height, c[0] : c[0] + width].sum())
    return x, y, x + width, y + height


if __name__ == "__main__":
    main()
