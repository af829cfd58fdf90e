"""Measure how far two ways to compute are apart: files of each, read by both.

    python tools/measure_drift.py ../shared/data/kodak/kodim01.webp --precision bfloat16
    python tools/measure_drift.py PHOTO.. --device cuda [--bpp 0.5] [--rho 0] [--crop 384x256]

One way is float32 on the CPU, the other what the options say. A file means the picture that its
writer's way reads; `drift` is the PSNR of another reading against that one.
"""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rdpcodec import codec, threads
from rdpcodec.compute import Compute
from rdpcodec.images import read_picture
from rdpcodec.metrics import psnr

WARM_UP_SIDE = 64


@dataclass
class Written:
    """A file, its seconds, and what each way reads.

    Attributes:
        writer: The way it was written.
        data: The file.
        seconds: What writing took, and of that the network.
        read: For each way to read, the pixels and the seconds.
    """

    writer: Compute
    data: bytes
    seconds: tuple[float, float]
    read: dict[Compute, tuple[NDArray[np.uint8], float]] = field(default_factory=dict)


def measure(
    pixels: NDArray[np.uint8], ways: tuple[Compute, Compute], bpp: float, rho: float
) -> list[Written]:
    """Return the files of a picture, (H, W, 3) uint8, written and read in each way."""
    files = []
    for writer in ways:
        encoded = codec.encode_with_report(
            pixels, bpp=bpp, device=writer.device, precision=writer.precision
        )
        seconds = encoded.report.seconds
        files.append(Written(writer, encoded.data, (seconds.total, seconds.network)))
        for reader in ways:
            files[-1].read[reader] = timed_decode(encoded.data, reader, rho)
    return files


def timed_decode(data: bytes, reader: Compute, rho: float) -> tuple[NDArray[np.uint8], float]:
    """Return the pixels and the seconds."""
    started = time.perf_counter()
    picture = codec.decode(data, rho=rho, device=reader.device, precision=reader.precision)
    return picture.pixels, time.perf_counter() - started


def add_rows(table: Table, name: str, pixels: NDArray[np.uint8], files: list[Written]) -> None:
    """Add a row for each file and reader."""
    for file in files:
        meant = file.read[file.writer][0]
        for reader, (found, seconds) in file.read.items():
            same = reader == file.writer
            table.add_row(
                name,
                label(file.writer),
                label(reader),
                str(len(file.data)),
                f"{psnr(found, pixels):.2f}",
                "-" if same else f"{psnr(found, meant):.2f}",
                "{:.1f}, {:.1f}".format(*file.seconds),
                f"{seconds:.1f}",
            )


def label(way: Compute) -> str:
    """Return a way in a word or two."""
    return way.precision if way.device == "cpu" else f"{way.device} {way.precision}"


def cropped(pixels: NDArray[np.uint8], crop: str | None) -> NDArray[np.uint8]:
    """Return the middle of a picture, `crop` being WIDTHxHEIGHT, or all of it."""
    if crop is None:
        return pixels
    width, height = map(int, crop.split("x"))
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--bpp", type=float, default=0.5)
    parser.add_argument("--rho", type=float, default=0.0)
    parser.add_argument("--crop", metavar="WxH", help="only the middle of each picture")
    options = parser.parse_args()
    ways = Compute(), Compute(options.device, options.precision)
    columns = (
        "picture",
        "written in",
        "read in",
        "bytes",
        "PSNR",
        "drift",
        "encode, network",
        "read",
    )
    title = f"dB and seconds at {options.bpp} bpp, {threads.count()} threads"
    table = Table(*columns, title=title)
    measure(np.zeros((WARM_UP_SIDE, WARM_UP_SIDE, 3), np.uint8), ways, options.bpp, options.rho)
    for path in options.pictures:
        pixels = cropped(read_picture(path)[0].pixels, options.crop)
        add_rows(table, path.stem, pixels, measure(pixels, ways, options.bpp, options.rho))
    Console().print(table)


if __name__ == "__main__":
    main()
