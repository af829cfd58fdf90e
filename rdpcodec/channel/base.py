"""What every channel coder provides (spec 9)."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
