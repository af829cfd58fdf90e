"""Measure the codec on a folder of pictures: one line of CSV for each picture and rate.

    python tools/benchmark.py ../shared/data/kodak out/kodak.csv [--bpp 0.25 0.5 1] [--prior ID]

Resumable: lines that the CSV already has are not measured again. The decoder walks its layers
once; rho = 0 and rho = 1 of the default reader are read from that state, and `decode_seconds` is
the time of the walk and of the read at rho = 1. Prints the means at the end.
"""

import argparse
import csv
import itertools
import resource
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from rdpcodec import codec, container, readers
from rdpcodec.images import Picture, read_picture
from rdpcodec.metrics import psnr

FIELDS = (
    "picture", "prior", "coder", "bpp_asked", "bpp", "t", "layers", "container_bytes",
    "coded_over_kl", "psnr_rho0", "psnr_rho1", "encode_seconds", "network_seconds",
    "channel_seconds", "decode_seconds", "peak_mib",
)  # fmt: skip
DRAWN = {".png", ".webp", ".jpg", ".avif"}


def measure(name: str, picture: Picture, bpp: float, prior: str, coder: str) -> dict[str, object]:
    """Return one line of the table."""
    encoded = codec.encode_with_report(picture, bpp=bpp, prior=prior, coder=coder)
    report, file = encoded.report, container.parse(encoded.data)
    started = time.perf_counter()
    chain = codec.receive(file)
    first = chain.x0_hat()
    with torch.inference_mode():
        end = readers.read(
            chain.denoise, chain.y, chain.sigma, rho=1.0, reader="geodesic",
            evaluations=readers.DEFAULT_EVALUATIONS,
        )  # fmt: skip
    decode_seconds = time.perf_counter() - started
    seconds = report["seconds"]
    return {
        "picture": name, "prior": prior, "coder": coder, "bpp_asked": bpp,
        "bpp": round(report["bpp"], 5), "t": report["t"], "layers": len(report["layers"]),
        "container_bytes": container.container_bytes(file),
        "coded_over_kl": round(report["payload_bits"] / report["kl_bits"], 4),
        "psnr_rho0": round(psnr(codec.to_pixels(first), picture.pixels), 3),
        "psnr_rho1": round(psnr(codec.to_pixels(end), picture.pixels), 3),
        "encode_seconds": round(seconds["total"], 2),
        "network_seconds": round(seconds["network"], 2),
        "channel_seconds": round(seconds["channel"], 2),
        "decode_seconds": round(decode_seconds, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def summary(rows: list[dict[str, str]]) -> list[str]:
    """Return one line of means for each rate."""
    lines = []
    for asked in sorted({float(row["bpp_asked"]) for row in rows}):
        at = [row for row in rows if float(row["bpp_asked"]) == asked]
        means = {
            key: statistics.fmean(float(row[key]) for row in at)
            for key in FIELDS[4:] if key not in ("t", "layers")
        }  # fmt: skip
        below = sum(float(row["psnr_rho0"]) <= float(row["psnr_rho1"]) for row in at)
        used = min(float(row["bpp"]) for row in at) / asked
        lines.append(
            f"{asked:g} bpp, {len(at)} pictures: bpp {means['bpp']:.4f} (least used "
            f"{100 * used:.1f} %), PSNR rho 0 {means['psnr_rho0']:.2f} dB, rho 1 "
            f"{means['psnr_rho1']:.2f} dB ({below} pictures not above), coded/KL "
            f"{means['coded_over_kl']:.4f}, encode {means['encode_seconds']:.1f} s (network "
            f"{means['network_seconds']:.1f}, channel {means['channel_seconds']:.1f}), decode "
            f"{means['decode_seconds']:.1f} s, peak {max(int(row['peak_mib']) for row in at)} MiB"
        )
    return lines


def main() -> None:
    """Measure what is missing and print the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--bpp", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--prior", default="ffdnet-1")
    parser.add_argument("--coder", default="trellis")
    options = parser.parse_args()
    options.csv.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    if options.csv.exists():
        with options.csv.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
    done = {(row["picture"], float(row["bpp_asked"])) for row in rows}
    codec.encode(np.zeros((8, 8, 3), np.uint8), t=3000, prior=options.prior)  # loads and compiles
    paths = sorted(path for path in options.pictures.iterdir() if path.suffix in DRAWN)
    for bpp, path in itertools.product(options.bpp, paths):
        if (path.stem, bpp) in done:
            continue
        row = measure(path.stem, read_picture(path)[0], bpp, options.prior, options.coder)
        rows.append({key: str(value) for key, value in row.items()})
        print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
        with options.csv.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, FIELDS)
            writer.writeheader()
            writer.writerows(rows)
    print("\n".join(summary(rows)))


if __name__ == "__main__":
    main()
