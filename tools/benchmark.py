"""Measure the codec on a folder of pictures: one line of CSV for each picture and rate.

    python tools/benchmark.py ../shared/data/kodak out/kodak.csv [--bpp 0.25 0.5 1] [--prior ID]

Resumable: lines that the CSV already has are not measured again. The decoder walks its layers
once; rho = 0 and rho = 1 of the default reader are read from that state, and `decode_seconds` is
the time of the walk and of the read at rho = 1. Prints the means at the end.

With --memo the answers of the prior are remembered for each picture, since files of several rates
share their layers, and the decoder asks what the encoder asked: the same files and pictures in
less than half the time, but the columns of seconds are left empty.
"""

import argparse
import csv
import math
import resource
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from memo_prior import MemoPrior

from rdpcodec import codec, container, readers
from rdpcodec.images import Picture, read_picture
from rdpcodec.metrics import psnr
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior

FIELDS = (
    "picture", "prior", "coder", "bpp_asked", "bpp", "t", "layers", "container_bytes",
    "coded_over_kl", "psnr_rho0", "psnr_rho1", "encode_seconds", "network_seconds",
    "channel_seconds", "decode_seconds", "peak_mib",
)  # fmt: skip
DRAWN = {".png", ".webp", ".jpg", ".avif"}


def measure(name: str, picture: Picture, bpp: float, prior: Prior, coder: str) -> dict[str, object]:
    """Return one line of the table."""
    encoded = codec.encode_with_report(picture, bpp=bpp, prior=prior, coder=coder)
    report, file = encoded.report, container.parse(encoded.data)
    started = time.perf_counter()
    chain = codec.receive(file, prior=prior)
    with torch.inference_mode():
        y, sigma = readers.descend(chain.denoise, chain.y, chain.sigma, chain.sigma_max)
        first = chain.denoise(y, sigma)
        levels = readers.noise_levels(sigma, readers.DEFAULT_EVALUATIONS)
        end = readers.solve(chain.denoise, y, first, levels, 1.0)
    decode_seconds = time.perf_counter() - started
    row = {
        "picture": name, "prior": prior.id, "coder": coder, "bpp_asked": bpp,
        "bpp": round(report["bpp"], 5), "t": report["t"], "layers": len(report["layers"]),
        "container_bytes": container.container_bytes(file),
        "coded_over_kl": round(report["payload_bits"] / report["kl_bits"], 4),
        "psnr_rho0": round(psnr(codec.to_pixels(first), picture.pixels), 3),
        "psnr_rho1": round(psnr(codec.to_pixels(end), picture.pixels), 3),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    if isinstance(prior, MemoPrior):
        return row | {"peak_mib": ""}
    seconds = report["seconds"]
    return row | {
        "encode_seconds": round(seconds["total"], 2),
        "network_seconds": round(seconds["network"], 2),
        "channel_seconds": round(seconds["channel"], 2),
        "decode_seconds": round(decode_seconds, 2),
    }


def summary(rows: list[dict[str, str]]) -> list[str]:
    """Return one line of means for each rate; seconds over the rows that have them."""
    lines = []
    for asked in sorted({float(row["bpp_asked"]) for row in rows}):
        at = [row for row in rows if float(row["bpp_asked"]) == asked]
        means = {key: mean(at, key) for key in FIELDS[4:]}
        below = sum(float(row["psnr_rho0"]) <= float(row["psnr_rho1"]) for row in at)
        used = min(float(row["bpp"]) for row in at) / asked
        lines.append(
            f"{asked:g} bpp, {len(at)} pictures: bpp {means['bpp']:.4f} (least used "
            f"{100 * used:.1f} %), PSNR rho 0 {means['psnr_rho0']:.2f} dB, rho 1 "
            f"{means['psnr_rho1']:.2f} dB ({below} pictures not above), coded/KL "
            f"{means['coded_over_kl']:.4f}, encode {means['encode_seconds']:.1f} s (network "
            f"{means['network_seconds']:.1f}, channel {means['channel_seconds']:.1f}), decode "
            f"{means['decode_seconds']:.1f} s, memory {means['peak_mib']:.0f} MiB"
        )
    return lines


def mean(rows: list[dict[str, str]], key: str) -> float:
    """Return the mean of a column over the rows that have it."""
    return statistics.fmean([float(row[key]) for row in rows if row.get(key)] or [math.nan])


def main() -> None:
    """Measure what is missing and print the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--bpp", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--prior", default="photo-1")
    parser.add_argument("--coder", default="trellis")
    parser.add_argument("--memo", action="store_true")
    options = parser.parse_args()
    options.csv.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, str]] = []
    if options.csv.exists():
        with options.csv.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
    done = {(row["picture"], float(row["bpp_asked"])) for row in rows}
    plain = load_prior(options.prior)
    codec.encode(np.zeros((8, 8, 3), np.uint8), t=3000, prior=plain)  # compiles
    for path in sorted(p for p in options.pictures.iterdir() if p.suffix in DRAWN):
        prior = MemoPrior(plain) if options.memo else plain
        for bpp in (bpp for bpp in options.bpp if (path.stem, bpp) not in done):
            row = measure(path.stem, read_picture(path)[0], bpp, prior, options.coder)
            rows.append({key: str(value) for key, value in row.items()})
            print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
            with options.csv.open("w", newline="") as stream:
                writer = csv.DictWriter(stream, FIELDS)
                writer.writeheader()
                writer.writerows(rows)
    print("\n".join(summary(rows)))


if __name__ == "__main__":
    main()
