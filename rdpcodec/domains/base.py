"""What the chain knows of the states it walks through, whatever they are states of."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rdpcodec import layers
from rdpcodec.arrays import Array
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.transforms.cosine import Basis

Denoise = Callable[[Array, float], Array]
StateShape = tuple[int, int, int]


class Domain(ABC):
    """The states of pictures of one size.

    Attributes:
        state: How the shape of a state follows from the size of the picture (spec 4.2).
        shape: (C, h, w) of a state.
        basis: (C, C) float32, orthonormal: axes whose errors are nearly uncorrelated.
        noise_scale: What a prior's own noise level is over that of the state; 1 where the prior
            sees the state itself.
        exact: Whether `to_pixels` undoes `to_state`.
        symmetries: How many symmetries of the square make a state of a picture one of the picture
            under that symmetry; 1 is none but the picture itself.
        rdo: How far an encoder's bits go where they lessen the error most, where it is not asked
            for another strength (decision 0009).
    """

    state: layers.StateShape
    shape: StateShape
    basis: Basis
    noise_scale: float = 1.0
    exact: bool = True
    symmetries: int = 1
    rdo: float = 0.0

    @abstractmethod
    def to_state(self, pixels: NDArray[np.uint8 | np.uint16]) -> NDArray[np.float32]:
        """Return the state x_0 of a picture.

        Args:
            pixels: (H, W) or (H, W, 3), uint8 or uint16.

        Returns:
            (1, C, h, w) float32, on the host.
        """

    @abstractmethod
    def to_pixels(self, x_0: Array) -> NDArray[np.float32]:
        """Return the picture of a clean state.

        Args:
            x_0: (1, C, h, w) float32.

        Returns:
            (H, W) or (H, W, 3) float32, black at -1, white at 1, not clipped.
        """

    def tiled(self) -> Self:
        """Return the same states, made pictures of in tiles.

        Raises:
            UsageError: If these states are not decoded by a network, or not in tiles.
        """
        message = "vae_tiles is for latents, which the states of this prior are not"
        raise UsageError(ISSUE.INVALID_OPTION, message)

    @abstractmethod
    def evaluate(self, denoise: Denoise, y: Array, sigma: float) -> Array:
        """Return a prior's estimate of x_0 from the state y at `sigma`.

        Args:
            denoise: The prior's function, at the prior's own noise level.
            y: (1, C, h, w) float32.
            sigma: The level of the state.

        Returns:
            (1, C, h, w) float32.
        """

    @abstractmethod
    def closed_form(self, y: Array, sigma: float) -> Array:
        """Return the estimate that needs no network: what answers above a prior's range."""

    @abstractmethod
    def error_variance(self, spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the error variances of the state's axes, (C, BANDS), from the prior's own."""
