"""Calibration: how well a prior denoises, as measured on validation photos or as assumed."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from rdpcodec.transforms.bands import BANDS

VARIANCE_MIN = 1e-12


@dataclass(frozen=True)
class Calibration:
    """The error of x0_hat at rising noise levels, in units of [-1, 1].

    Attributes:
        sigma: The noise levels.
        error: The mean squared error at each, unclipped.
        spectrum: The mean energy of a coefficient of the error at each level, for every colour
            axis and band of `priors.spectrum`, (levels, 3, BANDS) float64.
    """

    sigma: tuple[float, ...]
    error: tuple[float, ...]
    spectrum: NDArray[np.float64]

    @classmethod
    def from_json(cls, stored: Mapping[str, list[float]]) -> Self:
        """Return the calibration of a prior's file."""
        spectrum = np.maximum(np.array(stored["spectrum"], dtype=np.float64), VARIANCE_MIN)
        return cls(tuple(stored["sigma"]), tuple(stored["mse"]), spectrum)

    def mse(self, sigma: float) -> float:
        """Return the error at any level: a power of sigma between the points, constant above.

        Below the first point the error falls as that of the noisy picture, sigma^2.
        """
        if sigma <= self.sigma[0]:
            return self.error[0] * (sigma / self.sigma[0]) ** 2
        if sigma >= self.sigma[-1]:
            return self.error[-1]
        low, share = self._between(sigma)
        return float(self.error[low] ** (1 - share) * self.error[low + 1] ** share)

    def spectrum_at(self, sigma: float) -> NDArray[np.float64]:
        """Return the spectrum at any level, (3, BANDS), by the same rules, but constant below."""
        if sigma <= self.sigma[0]:
            return self.spectrum[0]
        if sigma >= self.sigma[-1]:
            return self.spectrum[-1]
        low, share = self._between(sigma)
        between: NDArray[np.float64] = (
            self.spectrum[low] ** (1 - share) * self.spectrum[low + 1] ** share
        )
        return between

    def _between(self, sigma: float) -> tuple[int, float]:
        """Return the point below and the share of the way, in log sigma, to the one above."""
        low = bisect_left(self.sigma, sigma) - 1
        span = math.log(self.sigma[low + 1] / self.sigma[low])
        return low, math.log(sigma / self.sigma[low]) / span


@dataclass(frozen=True)
class UnitVariance:
    """What is expected of a prior whose states have unit variance and that nobody measured.

    In every band the error is that of white Gaussian states, sigma^2 / (1 + sigma^2). What the
    refiner sees on the way, the same on both sides, makes up for the rest (spec 11.5).

    Attributes:
        axes: Those of the states, C.
    """

    NAME: ClassVar[str] = "unit variance"  # as a manifest has it
    REFRESH: ClassVar[int] = 64  # a good distance of evaluations (decision 0013)

    axes: int

    def spectrum_at(self, sigma: float) -> NDArray[np.float64]:
        """Return the mean energy of a coefficient of the error at a level, (C, BANDS)."""
        squared = sigma * sigma
        return np.full((self.axes, BANDS), squared / (1.0 + squared))
