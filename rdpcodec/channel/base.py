"""What every channel coder provides, and how coordinates go to its stages and back (spec 9)."""

from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.layers import ChannelStep

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


class ChannelCoder(Protocol):
    """Simulates a Gaussian channel: the encoder knows mu, both sides obtain the same z.

    Attributes:
        name: The coder's name in the header.
        parameter: The coder's parameter in the header.
    """

    name: str
    parameter: int

    def choose_q(self, energy: float, dim: int) -> int:
        """Return the stage-size index that fits a mean of squared length `energy`."""
        ...

    def energy_of(self, q: int, dim: int) -> float:
        """Return the squared length of mu that `q` fits."""
        ...

    def expected_bits(self, q: int, dim: int) -> int:
        """Return the bits a layer takes: exactly, or nearly if the coder has an entropy code."""
        ...

    def excess_variance(self, step: ChannelStep) -> float:
        """Return v, where 1 + v is the variance of the proposal."""
        ...

    def encode(self, mu: Floats, step: ChannelStep) -> Indices:
        """Return one index per stage for the mean `mu`, (dim,) float32."""
        ...

    def decode(self, indices: Indices, step: ChannelStep) -> Floats:
        """Return z, (dim,) float32, that the indices name."""
        ...

    def pack(self, indices: Indices, step: ChannelStep) -> tuple[bytes, int]:
        """Return the indices as bits, left-aligned in bytes, and the number of bits."""
        ...

    def unpack(self, payload: bytes, step: ChannelStep) -> Indices:
        """Return the indices that `pack` wrote for this step."""
        ...


def to_stages(mu: Floats, step: ChannelStep, width: int) -> Floats:
    """Return mu permuted, signed and folded to the codebook's period, a row per stage.

    Codewords repeat past the period with fresh signs, so the inner product of a stage with a
    codeword is that of its folded row with the codeword's first `width` entries.

    Args:
        mu: (dim,) float32.
        step: The step.
        width: min(stage size, period).

    Returns:
        (stages, width) float32; coordinates past dim count as zero.
    """
    order, start = _permutation(step.seed, step.dim), _start(step)
    folds = -(-step.stage_size // width)
    rows = np.zeros((step.stages, step.stage_size), dtype=np.float32)
    values = rows.reshape(-1)[: step.dim]
    # "clip" never clips here; with the default mode, `take` would fill a copy of `out` first.
    mu.take(order[start:], out=values[: step.dim - start], mode="clip")
    mu.take(order[:start], out=values[step.dim - start :], mode="clip")
    values *= _signs(step)
    if folds == 1:
        return rows
    padded = np.zeros((step.stages, folds * width), dtype=np.float32)
    padded[:, : step.stage_size] = rows
    return padded.reshape(step.stages, folds, width).sum(axis=1)


def from_stages(rows: Floats, step: ChannelStep) -> Floats:
    """Return the vector whose permuted, signed coordinates are the stages' rows.

    Args:
        rows: (stages, stage_size) float32.
        step: The step.

    Returns:
        (dim,) float32.
    """
    order, start = _permutation(step.seed, step.dim), _start(step)
    values = rows.reshape(-1)[: step.dim] * _signs(step)
    z = np.empty(step.dim, dtype=np.float32)
    z[order[start:]], z[order[:start]] = values[: step.dim - start], values[step.dim - start :]
    return z


@lru_cache(maxsize=1)  # as large as the picture
def _permutation(seed: int, dim: int) -> NDArray[np.uint32]:
    return rng.permutation(seed, dim)


def _start(step: ChannelStep) -> int:
    """Return where in the permutation a layer starts; it moves on from layer to layer.

    The first stages of a lane have few codewords to choose from; were they always the same
    coordinates, those would fall behind for good.
    """
    return int(rng.words(step.seed, rng.Stream.PERMUTATION, step.layer + 1, 1)[0]) % step.dim


@lru_cache(maxsize=1)  # a quarter of the picture; both directions of a layer use the same
def _signs(step: ChannelStep) -> NDArray[np.int8]:
    return rng.signs(step.seed, rng.Stream.SIGNS, step.layer, step.dim)
