"""The estimate of x_0 at any noise level: a prior within its domain (spec 10.2 and 11.6).

Above the range of the prior the closed form of the domain answers. At every level what the state
itself shows is kept: where the prior takes detail for noise although the state holds it
clearly, the difference is put back.
"""

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array
from rdpcodec.domains import Domain
from rdpcodec.priors.base import Prior
from rdpcodec.transforms.bands import band_energy, band_sizes, scale_bands
from rdpcodec.transforms.cosine import from_coefficients, to_coefficients

SURE = 3.0  # standard deviations of a mean square that chance explains


class Estimator:
    """E[x_0 | y] for the states of one domain.

    Attributes:
        domain: What the states are.
        sigma_max: The largest level at which the prior's own model answers.
        refresh: How far t falls from evaluation to evaluation, 0 for one in every layer.
        symmetries: How many symmetries of the square are averaged by default (spec 11.3).
        overshoot: How far beyond the end of the flow rho = 1 goes (spec 11.3).
    """

    def __init__(self, prior: Prior, domain: Domain) -> None:
        self._prior = prior
        self.domain = domain
        self.sigma_max = prior.sigma_max / domain.noise_scale
        self.refresh = prior.refresh if prior.calibration else 0
        self.symmetries = min(prior.symmetries, domain.symmetries)
        self.overshoot = prior.overshoot

    @property
    def device(self) -> str | None:
        """Where states and estimates live; None for the host."""
        return self._prior.device

    def __call__(self, y: Array, sigma: float) -> Array:
        """Return the estimate.

        Args:
            y: (1, C, H, W) float32. The state.
            sigma: Its level.

        Returns:
            (1, C, H, W) float32.
        """
        if sigma > self.sigma_max:
            return self.domain.closed_form(y, sigma)
        return self._keep(self.domain.evaluate(self._prior.denoise, y, sigma), y, sigma)

    def error_variance(self, sigma: float) -> NDArray[np.float64]:
        """Return the calibrated error variance of every axis and band, (C, BANDS).

        Raises:
            ValueError: If the prior has no calibration.
        """
        if self._prior.calibration is None:
            raise ValueError(f"the prior {self._prior.id} has no calibration")
        own = self._prior.calibration.spectrum_at(self.domain.noise_scale * sigma)
        return self.domain.error_variance(own)

    def _keep(self, x0_hat: Array, y: Array, sigma: float) -> Array:
        """Put back what the state shows beyond doubt and the estimate lacks (spec 11.6)."""
        height, width = y.shape[-2:]
        missing = to_coefficients(y - x0_hat, self.domain.basis)
        size = np.maximum(band_sizes(height, width), 1.0)
        found = band_energy(missing) / size
        excess = np.maximum(0.0, found - sigma**2 * (1 + SURE * np.sqrt(2 / size)))
        if not excess.any():
            return x0_hat
        gain = excess / (excess + sigma**2)
        return x0_hat + from_coefficients(scale_bands(missing, gain), self.domain.basis)
