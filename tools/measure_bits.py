"""Show where every bit of a file goes: container, noise levels, and axes by frequency.

    python tools/measure_bits.py PICTURE [--bpp 0.1]

A layer spends its bits on all coordinates together, so a bit belongs to no frequency of its own:
each layer's bits are shared out as the energy of what it was asked to carry.
"""

import argparse
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import rdpcodec
from rdpcodec import container
from rdpcodec.arrays import copy
from rdpcodec.encoder.search import CodedLayer, Encoder
from rdpcodec.images import read_picture
from rdpcodec.schedule import sigma
from rdpcodec.transforms.bands import BANDS, band_energy
from rdpcodec.transforms.cosine import to_coefficients

BANDS_SHOWN = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, BANDS))
AXES = ("brightness", "red - blue", "green - others")


@dataclass
class Spent:
    """What was spent on each axis and band, (C, BANDS) bits, and in each layer."""

    layers: list[tuple[int, int]] = field(default_factory=list)
    shares: list[NDArray[np.float64]] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what each layer carries, for as long as this lasts."""
        code = Encoder._fit  # noqa: SLF001 - a look inside

        def fit(encoder: Encoder, t: int, q: int) -> CodedLayer | None:
            basis = encoder.chain.domain.basis
            energy = band_energy(to_coefficients(copy(encoder.residual), basis))
            found = code(encoder, t, q)
            if found is not None:
                self.layers.append((found.layer.t, found.layer.bits))
                self.shares.append(found.layer.bits * energy / max(energy.sum(), 1e-12))
            return found

        Encoder._fit = fit  # type: ignore[method-assign]  # noqa: SLF001 - put back below
        try:
            yield
        finally:
            Encoder._fit = code  # type: ignore[method-assign]  # noqa: SLF001 - as it was


def table_of(file: container.RdpFile, size: int, spent: Spent) -> Iterator[tuple[str, float]]:
    """Yield what bits were spent on, and how many; they add up to the file."""
    table = sum(bits for _, bits in table_bits(file))
    yield "container, without the layer table", 8 * container.container_bytes(file) - table
    yield "layer table", table
    coded = sum(bits for _, bits in spent.layers)
    shares = np.sum(spent.shares, axis=0)
    for axis, row in enumerate(shares):
        name = AXES[axis] if len(shares) == len(AXES) else AXES[0]
        for low, high in BANDS_SHOWN:
            yield f"{name}, {wavelengths(low, high)}", float(row[low:high].sum())
    yield "padding of the last byte", 8 * size - 8 * container.container_bytes(file) - coded


def table_bits(file: container.RdpFile) -> Iterator[tuple[int, int]]:
    """Yield the level of each layer and the bits of its entry in the table."""
    size = container.FileSize.without_layers(file.header)
    for layer in file.header.layers:
        after = size.plus(layer)
        yield layer.t, after.table_bits - size.table_bits
        size = after


def wavelengths(low: int, high: int) -> str:
    """Return what bands, from `low` to before `high`, are in pixels a wave."""
    longest = 2 / math.sqrt(2.0 ** (low - 13)) if low else math.inf
    shortest = 2 / math.sqrt(2.0 ** (high - 13))
    return f"waves of {shortest:.3g} to {longest:.3g} px"


def by_level(spent: Spent) -> Iterator[tuple[str, int, int]]:
    """Yield octaves of noise, from coarse to fine: layers and bits of each."""
    groups: dict[int, list[int]] = {}
    for t, bits in spent.layers:
        groups.setdefault(math.floor(math.log2(255 / 2 * sigma(t))), []).append(bits)
    for octave, bits in sorted(groups.items(), reverse=True):
        yield f"noise of {2.0**octave:g} to {2.0 ** (octave + 1):g} of 255", len(bits), sum(bits)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--bpp", type=float, default=0.1)
    options = parser.parse_args()
    spent = Spent()
    with spent.watching():
        data = rdpcodec.encode(read_picture(options.picture)[0], bpp=options.bpp)
    file = container.parse(data)
    print(f"{len(data)} bytes, {len(spent.layers)} layers\n")
    print("| bits of | bytes | share |\n|---|---|---|")
    for name, bits in table_of(file, len(data), spent):
        print(f"| {name} | {bits / 8:.1f} | {100 * bits / 8 / len(data):.1f} % |")
    print("\n| layers that end at | layers | bytes | share |\n|---|---|---|---|")
    for name, layers, bits in by_level(spent):
        print(f"| {name} | {layers} | {bits / 8:.1f} | {100 * bits / 8 / len(data):.1f} % |")


if __name__ == "__main__":
    main()
