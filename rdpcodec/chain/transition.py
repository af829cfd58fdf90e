"""The chain of Gaussians: q(y_k | y_{k-1}, x_0), p(y_k | y_{k-1}) and their divergence (spec 11.1).

Pure functions of numbers and arrays. Source: theory of reverse channel coding under a diffusion
model (Theis et al. 2022, arXiv:2206.08889; arXiv:2603.04005), in noise-to-signal units.
"""

import math
from dataclasses import dataclass

from rdpcodec import schedule
from rdpcodec.arrays import Array

LN2 = math.log(2)


@dataclass(frozen=True)
class Step:
    """The transition from a noise level to the next, cleaner one.

    Attributes:
        sigma_prev: sigma_{k-1}; infinite before the first layer, when nothing is known.
        sigma_next: sigma_k, smaller than `sigma_prev`.
    """

    sigma_prev: float
    sigma_next: float

    @property
    def a(self) -> float:
        """The share of the way to x_0 that the mean goes: 1 - sigma_k^2 / sigma_{k-1}^2."""
        return 1.0 - (self.sigma_next / self.sigma_prev) ** 2

    @property
    def tau(self) -> float:
        """The standard deviation of the step's own noise: sigma_k sqrt(a)."""
        return self.sigma_next * math.sqrt(self.a)

    @property
    def precision(self) -> float:
        """What the step adds to 1 / sigma^2; |mu|^2 is this times |x_0 - x0_hat|^2."""
        return 1.0 / self.sigma_next**2 - 1.0 / self.sigma_prev**2


def channel_mean(residual: Array, step: Step) -> Array:
    """Return mu = a (x_0 - x0_hat) / tau, what the channel has to carry.

    Args:
        residual: (B, C, H, W) float32. x_0 - x0_hat, the clean picture less its estimate at
            `sigma_prev`.
        step: The transition.

    Returns:
        (B, C, H, W) float32, in units of the step's noise.
    """
    return residual * (step.a / step.tau)


def next_state(y: Array, x0_hat: Array, z: Array, step: Step) -> Array:
    """Return y_k = y_{k-1} + a (x0_hat - y_{k-1}) + tau z.

    Args:
        y: (B, C, H, W) float32. State at `sigma_prev`; not looked at before the first layer.
        x0_hat: (B, C, H, W) float32. Estimate of x_0 from `y`.
        z: (B, C, H, W) float32. What the channel delivered; used up.
        step: The transition.

    Returns:
        (B, C, H, W) float32.
    """
    z *= step.tau
    z += x0_hat
    if math.isfinite(step.sigma_prev):
        back = y - x0_hat
        back *= 1.0 - step.a
        z += back
    return z


def kl_bits(energy: float, dim: int, excess: float = 0.0) -> float:
    """Return KL( N(mu, I) || N(0, (1 + excess) I) ) in bits.

    Args:
        energy: |mu|^2.
        dim: Number of coordinates.
        excess: v; with v = 0 this is |mu|^2 / (2 ln 2).

    Returns:
        Bits; least, dim / 2 log2(1 + v), where v is the mean square of mu.
    """
    spread = (1.0 + energy / dim) / (1.0 + excess) - 1.0
    return dim / 2 * (math.log1p(excess) + spread) / LN2


def step_between(t_prev: int | None, t_next: int) -> Step:
    """Return the transition between two levels; before the first layer sigma is infinite."""
    sigma_prev = math.inf if t_prev is None else schedule.sigma(t_prev)
    return Step(sigma_prev, schedule.sigma(t_next))
