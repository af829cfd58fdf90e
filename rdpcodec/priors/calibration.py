"""Calibration: how well a prior denoises, as a curve over the noise level."""

import math
from bisect import bisect_left
from dataclasses import dataclass


@dataclass(frozen=True)
class Calibration:
    """The mean squared error of x0_hat on validation photos.

    Attributes:
        sigma: Rising noise levels, in units of [-1, 1].
        error: The mean squared error at each, unclipped, in the same units squared.
    """

    sigma: tuple[float, ...]
    error: tuple[float, ...]

    def mse(self, sigma: float) -> float:
        """Return the error at any level: a power of sigma between the points, constant above.

        Below the first point the error falls as that of the noisy picture, sigma^2.
        """
        if sigma <= self.sigma[0]:
            return self.error[0] * (sigma / self.sigma[0]) ** 2
        if sigma >= self.sigma[-1]:
            return self.error[-1]
        above = bisect_left(self.sigma, sigma)
        low, high = self.sigma[above - 1], self.sigma[above]
        share = math.log(sigma / low) / math.log(high / low)
        return self.error[above - 1] ** (1 - share) * self.error[above] ** share
