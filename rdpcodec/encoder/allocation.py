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

import torch
from torch import Tensor
from torch.nn import functional

from rdpcodec.transforms import Floats

# Noise of 2/255: whoever writes finer files wants the picture itself, grain and all.
SIGMA_MIN = 2.0**-6
BLOCK = 16
REACH = 2  # a variance is the mean of squares this far around, in frequency
ENERGY_MIN = 1e-12


def weigh(residual: Tensor, basis: Floats, rdo: float, layer: int) -> Tensor:
    """Return the part of a residual that is worth its bits.

    Args:
        residual: (1, C, H, W) float32. x_0 - x0_hat.
        basis: (C, C) float32. The axes of its channels.
        rdo: 0 for all of it; 0.5 takes 6 % off Kodak's bits at equal PSNR.
        layer: Its index. The grid of blocks moves by half a block from layer to layer, so that no
            seam stays where it is.

    Returns:
        (1, C, H, W) float32.
    """
    if rdo == 0:
        return residual
    height, width = residual.shape[-2:]
    start = BLOCK // 2 * (layer % 2)
    edges = (start, -(width + start) % BLOCK, start, -(height + start) % BLOCK)
    axes = torch.from_numpy(basis).to(residual)
    planes = _mix(axes, functional.pad(residual, edges, mode="replicate")[0])
    coefficients = [_transform(plane) for plane in planes]
    energies = [_local_mean(c.square()) for c in coefficients]
    typical = rdo * float(sum(energy.mean() for energy in energies)) / len(energies)
    for plane, kept, energy in zip(planes, coefficients, energies, strict=True):
        plane.copy_(_restore(kept.mul_(energy.div_(energy + typical)), *plane.shape))
    weighed = _mix(axes.T, planes)
    return weighed[None, :, start : start + height, start : start + width].contiguous()


def _mix(matrix: Tensor, planes: Tensor) -> Tensor:
    """Return matrix @ planes over the channels of (C, H, W); grey has one axis."""
    return planes if len(matrix) == 1 else torch.einsum("ij,jhw->ihw", matrix, planes)


def _transform(plane: Tensor) -> Tensor:
    """Return the block DCT of (H, W): (H / BLOCK, BLOCK, W), each block in its place."""
    return _both_ways(_basis().to(plane), plane.view(-1, BLOCK, plane.shape[1]))


def _restore(coefficients: Tensor, height: int, width: int) -> Tensor:
    """Return the plane (H, W) of a block DCT."""
    return _both_ways(_basis().to(coefficients).T, coefficients).view(height, width)


def _local_mean(squares: Tensor) -> Tensor:
    """Return the mean over the neighbouring frequencies of each block."""
    return _both_ways(_window().to(squares), squares).clamp_(min=ENERGY_MIN)


def _both_ways(matrix: Tensor, blocks: Tensor) -> Tensor:
    """Return matrix @ block @ matrix.T for every block of (H / BLOCK, BLOCK, W)."""
    along = blocks.reshape(-1, BLOCK) @ matrix.T
    return matrix @ along.view(blocks.shape)


@lru_cache(maxsize=1)
def _basis() -> Tensor:
    """Return the orthonormal DCT-II, a row for each frequency."""
    row, column = torch.arange(BLOCK)[:, None], torch.arange(BLOCK)
    basis = torch.cos(math.pi / BLOCK * row * (column + 0.5)) * math.sqrt(2 / BLOCK)
    basis[0] /= math.sqrt(2)
    return basis


@lru_cache(maxsize=1)
def _window() -> Tensor:
    window = torch.zeros((BLOCK, BLOCK))
    for row in range(BLOCK):
        for offset in range(-REACH, REACH + 1):
            window[row, min(BLOCK - 1, max(0, row + offset))] += 1 / (2 * REACH + 1)
    return window
