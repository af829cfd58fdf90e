"""What the chain knows of the states it walks through, whatever they are states of."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec.transforms import Floats

Denoise = Callable[[Tensor, float], Tensor]
StateShape = tuple[int, int, int]


class Domain(ABC):
    """The states of pictures of one size.

    Attributes:
        shape: (C, h, w) of a state.
        basis: (C, C) float32, orthonormal: axes whose errors are nearly uncorrelated.
        noise_scale: What a prior's own noise level is over that of the state; 1 where the prior
            sees the state itself.
    """

    shape: StateShape
    basis: Floats
    noise_scale: float = 1.0

    @abstractmethod
    def to_state(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Return the state x_0 of a picture.

        Args:
            pixels: (H, W) or (H, W, 3) uint8.

        Returns:
            (1, C, h, w) float32.
        """

    @abstractmethod
    def to_pixels(self, x_0: Tensor) -> Floats:
        """Return the picture of a clean state.

        Args:
            x_0: (1, C, h, w) float32.

        Returns:
            (H, W) or (H, W, 3) float32, black at -1, white at 1, not clipped.
        """

    @abstractmethod
    def evaluate(self, denoise: Denoise, y: Tensor, sigma: float) -> Tensor:
        """Return a prior's estimate of x_0 from the state y at `sigma`.

        Args:
            denoise: The prior's function, at the prior's own noise level.
            y: (1, C, h, w) float32.
            sigma: The level of the state.

        Returns:
            (1, C, h, w) float32.
        """

    @abstractmethod
    def closed_form(self, y: Tensor, sigma: float) -> Tensor:
        """Return the estimate that needs no network: what answers above a prior's range."""

    @abstractmethod
    def error_variance(self, spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the error variances of the state's axes, (C, BANDS), from the prior's own."""
