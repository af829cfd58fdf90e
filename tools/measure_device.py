"""Check and measure another way to compute against the default: a GPU, bfloat16, or torch.

    python tools/measure_device.py [--device cuda] [--precision bfloat16] [--engine torch]
                                   [PHOTO..] [--crop 384x256] [--bpp 0.5] [--rho 0]

One way is the default: float32 on the CPU, by numpy and ncnn. The other is what the options say;
without any it is `cuda`, else `mps`, else torch on the CPU. The table has

- the conformance cases of `fixtures/valid` that each way passes;
- milliseconds of an evaluation of `photo-1` at noise for each of its networks and an octave above;
- for each photo and rate, the bytes, the seconds to encode, by what they were spent on, and to
  read, and the largest memory that torch had on a CUDA device;
- the drift: a file of each way read by both. Its indices do not depend on the way at all; pixels
  may differ by rounding. `loss` is how much worse the picture of the other way is.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rdpcodec import codec, conformance
from rdpcodec.arrays import finish, place
from rdpcodec.compute import HOST, Compute, torch_is_here
from rdpcodec.images import at_depth, read_picture
from rdpcodec.metrics import psnr
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior

ROOT = Path(__file__).parents[1]
PHOTO = ROOT / "docs" / "images" / "photo.webp"
# Of [-1, 1]: four scales at low noise, FFDNet, four scales at high noise, half the size.
SIGMAS = (0.02, 0.2, 0.9, 2.0)
WARM_UP_SIDE = 64

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Reading:
    """What a way reads of a file, and the seconds that it took."""

    pixels: Pixels
    seconds: float


def other_way(options: argparse.Namespace) -> Compute:
    """Return the way that the options ask for, or the best that there is beside the default."""
    engine = options.engine
    if options.device or options.precision != HOST.precision or engine:
        return Compute(options.device or HOST.device, options.precision, engine)
    if not torch_is_here():
        raise SystemExit("PyTorch is not installed, so that there is one way only.")
    from rdpcodec.arrays import tensors  # noqa: PLC0415 - torch is optional

    found = [device for device in ("cuda", "mps") if device in tensors.devices()]
    return Compute(found[0]) if found else Compute(engine="torch")


def label(way: Compute) -> str:
    """Return a way in a few words."""
    if way == HOST:
        return "default"
    words = (way.device, way.precision if way.precision != HOST.precision else "", way.engine or "")
    return " ".join(filter(None, words))


def prior_for(way: Compute) -> Prior:
    """Return photo-1, computing in a way."""
    return load_prior("photo-1", way.device, way.precision, way.engine)


def conforms(way: Compute, fixtures: Path) -> str:
    """Return how many of the valid cases pass, and the first that does not."""
    report = conformance.run(fixtures, decoder=conformance.Own(way))
    failed = f", first {report.failed[0]}" if report.failed else ""
    return f"{len(report.passed)} of {len(report.results)} passed{failed}"


def milliseconds(prior: Prior, shape: tuple[int, int], sigma: float, runs: int) -> float:
    """Return the median time of an evaluation; a first one, which loads what it needs, is out."""
    noise = np.random.default_rng(0).standard_normal((1, 3, *shape), dtype=np.float32)
    y, taken = place(np.float32(sigma) * noise, prior.device), []
    for _ in range(runs + 1):
        started = time.perf_counter()
        finish(prior.denoise(y, sigma))
        taken.append(1000 * (time.perf_counter() - started))
    return float(np.median(taken[1:]))


def read(data: bytes, prior: Prior, rho: float) -> Reading:
    """Return what a way reads."""
    started = time.perf_counter()
    pixels = codec.decode(data, rho=rho, prior=prior).pixels
    return Reading(pixels, time.perf_counter() - started)


def memory(way: Compute) -> str:
    """Return the most that torch has had on a CUDA device since the last call, in MiB."""
    if not way.device.startswith("cuda"):
        return "-"
    import torch  # noqa: PLC0415 - torch is optional

    peak = torch.cuda.max_memory_allocated(way.device) / 2**20
    torch.cuda.reset_peak_memory_stats(way.device)
    return f"{peak:.0f}"


def add_files(
    table: Table, name: str, pixels: Pixels, ways: list[Compute], bpp: float, rho: float
) -> None:
    """Add a row for a file of each way."""
    for writer, reader in (ways, ways[::-1]):
        encoded = codec.encode_with_report(pixels, bpp=bpp, prior=prior_for(writer))
        seconds = encoded.report.seconds
        meant, found = (read(encoded.data, prior_for(way), rho) for way in (writer, reader))
        largest = int(np.abs(meant.pixels.astype(int) - found.pixels).max())
        rest = seconds.total - seconds.network - seconds.channel
        table.add_row(
            f"{name} {bpp:g} bpp",
            label(writer),
            str(len(encoded.data)),
            f"{seconds.network:.2f}+{seconds.channel:.2f}+{rest:.2f}",
            f"{meant.seconds:.2f}",
            memory(writer),
            str(largest),
            f"{psnr(meant.pixels, pixels) - psnr(found.pixels, pixels):+.4f}",
        )


def cropped(pixels: Pixels, crop: str | None) -> Pixels:
    """Return the middle of a picture, `crop` being WIDTHxHEIGHT, or all of it."""
    if crop is None:
        return pixels
    width, height = map(int, crop.split("x"))
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def evaluations(ways: list[Compute], shape: tuple[int, int], runs: int) -> Table:
    """Return the table of single evaluations."""
    table = Table("way", *(f"at {sigma:g}" for sigma in SIGMAS), "engine")
    table.caption = "milliseconds of an evaluation, at sigma"
    for way in ways:
        prior = prior_for(way)
        taken = (f"{milliseconds(prior, shape, sigma, runs):.1f}" for sigma in SIGMAS)
        table.add_row(label(way), *taken, prior.engine)
    return table


def files(options: argparse.Namespace, ways: list[Compute]) -> Table:
    """Return the table of files."""
    columns = ("picture", "way", "bytes", "encode s", "read s", "MiB", "apart", "loss dB")
    table = Table(*columns, caption="encode s: network + channel + the rest")
    flat = np.full((WARM_UP_SIDE, WARM_UP_SIDE, 3), 128, np.uint8)
    add_files(Table(*columns), "", flat, ways, 0.5, options.rho)
    for path in options.pictures or [PHOTO]:
        pixels = cropped(at_depth(read_picture(path)[0].pixels, 8), options.crop)
        for bpp in options.bpp or [0.5]:
            add_files(table, path.stem, pixels, ways, bpp, options.rho)
    return table


def main() -> None:
    """Check, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path, nargs="*")
    parser.add_argument("--device", metavar="cpu|cuda|cuda:N|mps")
    parser.add_argument("--precision", default=HOST.precision)
    parser.add_argument("--engine", choices=["torch"])
    parser.add_argument("--bpp", type=float, action="append")
    parser.add_argument("--rho", type=float, default=0.0)
    parser.add_argument("--crop", metavar="WxH", help="only the middle of each picture")
    parser.add_argument("--size", metavar="WxH", default="768x512", help="of the evaluations")
    parser.add_argument("--runs", type=int, default=3, help="evaluations that are timed")
    parser.add_argument("--fixtures", type=Path, default=ROOT / "fixtures" / "valid")
    options = parser.parse_args()
    ways = [HOST, other_way(options)]
    width, height = map(int, options.size.split("x"))
    console = Console()
    for way in ways:
        console.print(f"{label(way)}: {conforms(way, options.fixtures)}")
    console.print(evaluations(ways, (height, width), options.runs))
    console.print(files(options, ways))


if __name__ == "__main__":
    main()
