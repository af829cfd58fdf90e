"""Measure priors as denoisers: PSNR at fixed noise levels and the bits that they would cost.

    python tools/measure_prior.py ../shared/data/kodak [--prior photo-1 --prior gaussian-1] [--bits]
    python tools/measure_prior.py ../shared/data/val --prior photo-1 --calibration curve.json

PSNR: of the one-step estimate, clipped and rounded to 8 bits, mean over the pictures.
Bits: the ideal rate of a file that ends at sigma_T, the integral of mse / sigma^2 over log sigma
in bits for each pixel (I-MMSE: spec 11.2 in the limit of small steps), from half octaves.
"""

import argparse
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from rdpcodec import schedule
from rdpcodec.arrays import host, place
from rdpcodec.domains import RgbPixels
from rdpcodec.domains.gaussian import COLOUR_BASIS
from rdpcodec.images import read_picture, to_samples
from rdpcodec.metrics import psnr
from rdpcodec.priors import BUILT_IN, load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.transforms.bands import band_energy, band_sizes
from rdpcodec.transforms.cosine import to_coefficients

Floats = NDArray[np.float32]
LEVELS = (5, 15, 25, 50, 75)  # standard deviations of the noise, of 255
ENDS = (75, 25, 10)  # where files end, of 255
HALF_OCTAVE = 128  # units of t
T_TOP, T_BOTTOM = 3712, 640  # sigma 22.6 and 0.0055
DRAWN = {".png", ".webp", ".avif"}
SEED = 0


@dataclass
class Measured:
    """What one prior did: PSNR for each level and picture, mse for each t and picture."""

    psnr: dict[int, list[float]] = field(default_factory=dict)
    mse: dict[int, list[float]] = field(default_factory=dict)
    spectrum: dict[int, list[NDArray[np.float64]]] = field(default_factory=dict)

    def curve(self) -> tuple[list[float], list[float]]:
        """Return sigma, falling, and the mean squared error at each, in units of [-1, 1]."""
        ts = sorted(self.mse, reverse=True)
        return [schedule.sigma(t) for t in ts], [float(np.mean(self.mse[t])) for t in ts]


def read_folder(folder: Path) -> list[Floats]:
    """Return the pictures of a folder as (1, 3, H, W) in [-1, 1]."""
    paths = sorted(p for p in folder.iterdir() if p.suffix in DRAWN)
    if not paths:
        raise SystemExit(f"{folder} holds no picture to measure on.")
    pictures = (read_picture(path)[0] for path in paths)
    return [RgbPixels(p.height, p.width).to_state(p.pixels) for p in pictures]


def pixels_of(x_0: Floats) -> NDArray[np.uint8]:
    """Return the 8-bit pixels of (1, 3, H, W)."""
    return to_samples(RgbPixels(*x_0.shape[-2:]).to_pixels(x_0))


def measure(prior: Prior, x_0: Floats, found: Measured, ts: list[int]) -> None:
    """Add what a prior makes of one picture."""
    generator = torch.Generator().manual_seed(SEED)
    for level in LEVELS:
        estimate = denoised(prior, x_0, 2 * level / 255, generator)
        value = psnr(pixels_of(estimate), pixels_of(x_0))
        found.psnr.setdefault(level, []).append(value)
    for t in ts:
        estimate = denoised(prior, x_0, schedule.sigma(t), generator)
        error = estimate - x_0
        found.mse.setdefault(t, []).append(float(np.square(error).mean()))
        energy = band_energy(to_coefficients(error, COLOUR_BASIS))
        size = np.maximum(band_sizes(*x_0.shape[2:]), 1)
        found.spectrum.setdefault(t, []).append(energy / size)


def denoised(prior: Prior, x_0: Floats, sigma: float, generator: torch.Generator) -> Floats:
    """Return the one-step estimate from a fresh noisy state."""
    y = x_0 + sigma * torch.randn(x_0.shape, generator=generator).numpy()
    return host(prior.denoise(place(y, prior.device), sigma))


def ideal_bits(sigma: list[float], mse: list[float], end: float) -> float:
    """Return the bits for each pixel of three channels that a file down to sigma `end` needs.

    mse is taken as a power of sigma between the points, and as constant above the first.
    """
    nats = 3 * mse[0] / (2 * sigma[0] ** 2)
    for i in range(len(sigma) - 1):
        above, below = sigma[i], max(sigma[i + 1], end)
        if below >= above:
            break
        slope = math.log(mse[i] / mse[i + 1]) / math.log(sigma[i] / sigma[i + 1]) - 2
        rate = 3 * mse[i] / above**2
        span = math.log(below / above)
        nats += rate * (-span if abs(slope) < 1e-9 else (1 - math.exp(slope * span)) / slope)
    return nats / math.log(2)


def calibration(found: Measured) -> dict[str, object]:
    """Return what a prior's calibration.json holds: means over the pictures, sigma rising."""
    sigma, mse = (values[::-1] for values in found.curve())
    spectra = [np.mean(found.spectrum[t], axis=0) for t in sorted(found.spectrum)]
    return {
        "sigma": [round(s, 6) for s in sigma],
        "mse": [short(m) for m in mse],
        "spectrum": [[[short(e) for e in axis] for axis in level] for level in spectra],
    }


def short(value: float) -> float:
    """Return the value to four digits."""
    return float(f"{value:.4g}")


def print_tables(results: dict[str, Measured], *, bits: bool) -> None:
    """Print PSNR, and the ideal bits when they were measured, one line for each prior."""
    levels = Table("PSNR (dB) at sigma", *map(str, LEVELS), title="One-step estimate")
    for name, found in results.items():
        levels.add_row(name, *(f"{np.mean(found.psnr[level]):.2f}" for level in LEVELS))
    Console().print(levels)
    if not bits:
        return
    rates = Table("bpp at sigma_T", *map(str, ENDS), title="Ideal bits (sum of KL)")
    for name, found in results.items():
        curve = found.curve()
        rates.add_row(name, *(f"{ideal_bits(*curve, 2 * end / 255):.4f}" for end in ENDS))
    Console().print(rates)


def main() -> None:
    """Measure and print; write the calibration curve if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--prior", action="append", metavar="ID", help="default: all built in")
    parser.add_argument("--bits", action="store_true", help="measure the ideal bits too")
    parser.add_argument("--calibration", type=Path, help="write sigma and mse of one prior here")
    options = parser.parse_args()
    pictures = read_folder(options.pictures)
    bottom = (
        T_BOTTOM if options.calibration else schedule.nearest_t(2 * min(ENDS) / 255) - HALF_OCTAVE
    )
    wanted = options.bits or options.calibration
    ts = list(range(T_TOP, bottom - 1, -HALF_OCTAVE)) if wanted else []
    results = {}
    for name in options.prior or BUILT_IN:
        prior, results[name] = load_prior(name), Measured()
        for x_0 in track(pictures, description=name):
            measure(prior, x_0, results[name], ts)
    print_tables(results, bits=options.bits)
    if options.calibration:
        options.calibration.write_text(json.dumps(calibration(results[name])) + "\n")


if __name__ == "__main__":
    main()
