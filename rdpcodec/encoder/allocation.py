"""Where an encoder spends its bits: on what lessens the error most; a choice, not format.

The chain pays |x_0 - x0_hat|^2 / 2 nats for every unit of 1 / sigma^2, whatever the error consists
of. What a bit buys differs: with a posterior variance m of a coefficient, d mse / d bits is
proportional to -m, so grain that nobody can predict costs as much as the edge it lies beside and
buys next to nothing. An exact simulation of the channel sends both. An encoder that aims at a
picture without the grain sends a valid file of fewer bits and hardly less signal.

The local variance of the residual, in blocks of a cosine transform, stands for m; each coefficient
is weighed by E / (E + rdo * E_mean). `spec/decisions/0009-allocation.md` has the measurements.
"""

import math
from functools import lru_cache

import numpy as np

from rdpcodec.arrays import Array, device_of, place
from rdpcodec.transforms.cosine import Basis, mix
from rdpcodec.transforms.sizes import repeat_edges

# Noise of 2/255: whoever writes finer files wants the picture itself, grain and all.
SIGMA_MIN = 2.0**-6
BLOCK = 16
REACH = 2  # a variance is the mean of squares this far around, in frequency
ENERGY_MIN = 1e-12


def weigh(residual: Array, basis: Basis, rdo: float, layer: int, sigma: float) -> Array:
    """Return the part of a residual that is worth its bits.

    Args:
        residual: (1, C, H, W) float32. x_0 - x0_hat.
        basis: (C, C) float32. The axes of its channels.
        rdo: 0 for all of it; 0.5 takes 6 % off Kodak's bits at equal PSNR.
        layer: Its index. The grid of blocks moves by half a block from layer to layer, so that no
            seam stays where it is.
        sigma: The level of the state that the estimate was made of.

    Returns:
        (1, C, H, W) float32.
    """
    if rdo == 0:
        return residual
    height, width = residual.shape[-2:]
    start = BLOCK // 2 * (layer % 2)
    planes = mix(basis, _on_grid(residual, start))[0]
    coefficients = [_transform(plane) for plane in planes]
    energies = [_local_mean(c * c) for c in coefficients]
    typical = _typical(float(sum(energy.mean() for energy in energies)) / len(energies), sigma)
    typical *= rdo
    for plane, kept, energy in zip(planes, coefficients, energies, strict=True):
        plane[...] = _restore(kept * (energy / (energy + typical)), *plane.shape)
    weighed = mix(basis.T, planes[None])
    return weighed[..., start : start + height, start : start + width]


def _typical(energy: float, sigma: float) -> float:
    """Return the energy that others are weighed against, 0 where the prior knows no detail.

    A residual as strong as the noise is that of noise, grain or a pattern, everywhere alike: less
    of it would save bits and cost as much signal.
    """
    return energy * max(0.0, 1.0 - (energy / sigma**2) ** 4)


def _on_grid(residual: Array, start: int) -> Array:
    """Return a copy with `start` more rows and columns before it, and whole blocks."""
    height, width = (-(-(start + n) // BLOCK) * BLOCK for n in residual.shape[-2:])
    return repeat_edges(residual, start, height, width)


def _transform(plane: Array) -> Array:
    """Return the block DCT of (H, W): (H / BLOCK, BLOCK, W), each block in its place."""
    matrix = _on_device_of(plane, "basis")
    return _both_ways(matrix, plane.reshape(-1, BLOCK, plane.shape[1]))


def _restore(coefficients: Array, height: int, width: int) -> Array:
    """Return the plane (H, W) of a block DCT."""
    matrix = _on_device_of(coefficients, "basis").T
    return _both_ways(matrix, coefficients).reshape(height, width)


def _local_mean(squares: Array) -> Array:
    """Return the mean over the neighbouring frequencies of each block."""
    return _both_ways(_on_device_of(squares, "window"), squares).clip(min=ENERGY_MIN)


def _both_ways(matrix: Array, blocks: Array) -> Array:
    """Return matrix @ block @ matrix.T for every block of (H / BLOCK, BLOCK, W)."""
    along = blocks.reshape(-1, BLOCK) @ matrix.T
    return matrix @ along.reshape(blocks.shape)


def _on_device_of(like: Array, name: str) -> Array:
    return _matrix(name, device_of(like))


@lru_cache(maxsize=2)
def _matrix(name: str, device: str | None) -> Array:
    return place(_basis() if name == "basis" else _window(), device)


def _basis() -> Basis:
    """Return the orthonormal DCT-II, a row for each frequency."""
    row, column = np.arange(BLOCK)[:, None], np.arange(BLOCK)
    basis = np.cos(math.pi / BLOCK * row * (column + 0.5)) * math.sqrt(2 / BLOCK)
    basis[0] /= math.sqrt(2)
    return basis.astype(np.float32)


def _window() -> Basis:
    window = np.zeros((BLOCK, BLOCK), dtype=np.float32)
    for row in range(BLOCK):
        for offset in range(-REACH, REACH + 1):
            window[row, min(BLOCK - 1, max(0, row + offset))] += 1 / (2 * REACH + 1)
    return window
