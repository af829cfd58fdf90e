"""Between two evaluations of a network: the estimate, moved by what has arrived since (spec 11.5).

The error e of an estimate is treated as Gaussian with a known spectrum S. What the channel has
delivered since is an observation of x_0 in white noise of variance 1 / d, where d is the gain in
1 / sigma^2; so the best linear estimate of e is the Wiener filter S d / (S d + 1) of the
observation less the old estimate. It costs two cosine transforms, and saves most of the bits that
an estimate out of date would cost. S is that of the prior's calibration, corrected in every band by
what the observations so far have shown; both sides see the same.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array
from rdpcodec.chain.estimator import Estimator
from rdpcodec.transforms.bands import BANDS, band_energy, band_sizes, scale_bands
from rdpcodec.transforms.cosine import from_coefficients, to_coefficients

TRUST = 1.0  # in the calibration, as a squared signal-to-noise ratio of the observations
MEMORY = 0.7
RATIO_RANGE = (0.02, 50.0)


@dataclass(frozen=True)
class _Anchor:
    """An evaluation: the state, its level, the estimate, and the calibrated spectrum."""

    y: Array
    sigma: float
    x0_hat: Array
    expected: NDArray[np.float64]
    variance: NDArray[np.float64]


class Refiner:
    """Moves the estimates of one picture's chain from evaluation to evaluation."""

    def __init__(self, estimator: Estimator) -> None:
        self._error_variance = estimator.error_variance
        self._basis = estimator.domain.basis
        axes = len(self._basis)
        self._seen = np.zeros((axes, BANDS))  # evidence: weight, and weight times ratio
        self._weight = np.zeros((axes, BANDS))
        self._anchor: _Anchor | None = None

    def leave(self, y: Array, sigma: float) -> None:
        """Learn from what arrived since the last evaluation, and let go of it.

        Args:
            y: (1, C, H, W) float32. The state.
            sigma: Its level.
        """
        if self._anchor is not None:
            self._learn(self._anchor, y, sigma)
            self._anchor = None

    def restart(self, y: Array, sigma: float, x0_hat: Array) -> None:
        """Take a fresh estimate, after learning from what arrived since the last one.

        Args:
            y: (1, C, H, W) float32. The state.
            sigma: Its level.
            x0_hat: (1, C, H, W) float32. The prior's estimate from it.
        """
        self.leave(y, sigma)
        expected = self._error_variance(sigma)
        ratio = np.clip((TRUST + self._seen) / (TRUST + self._weight), *RATIO_RANGE)
        variance = np.minimum(ratio * expected, sigma**2)
        self._anchor = _Anchor(y, sigma, x0_hat, expected, variance)

    def estimate(self, y: Array, sigma: float) -> Array:
        """Return the estimate at a level below the last evaluation.

        Args:
            y: (1, C, H, W) float32. The state.
            sigma: Its level.

        Returns:
            (1, C, H, W) float32, on the device of `y`.

        Raises:
            ValueError: If nothing was evaluated yet.
        """
        if self._anchor is None:
            raise ValueError("there is no evaluation to move")
        anchor = self._anchor
        coefficients, gained = self._innovation(anchor, y, sigma)
        signal = anchor.variance * gained
        scale_bands(coefficients, signal / (signal + 1.0))
        moved = from_coefficients(coefficients, self._basis)
        moved += anchor.x0_hat
        return moved

    def _learn(self, anchor: _Anchor, y: Array, sigma: float) -> None:
        """Compare the spectrum of the innovation with the calibrated one."""
        coefficients, gained = self._innovation(anchor, y, sigma)
        size = np.maximum(band_sizes(*y.shape[-2:]), 1.0)
        found = band_energy(coefficients) / size - 1.0 / gained
        weight = size * gained**2 / 2.0
        self._seen = MEMORY * self._seen + weight * anchor.expected * found
        self._weight = MEMORY * self._weight + weight * anchor.expected**2

    def _innovation(self, anchor: _Anchor, y: Array, sigma: float) -> tuple[Array, float]:
        """Return the coefficients of what arrived since less the estimate, and the gain d."""
        fresh, old = 1.0 / sigma**2, 1.0 / anchor.sigma**2
        gained = fresh - old
        observed = y * (fresh / gained)
        observed -= anchor.y * (old / gained)
        observed -= anchor.x0_hat
        return to_coefficients(observed, self._basis), gained
