"""Readers: from the noisy state y_T to a picture, at any rho (spec 11.3).

    d y / d log sigma = (2 - rho) (y - x0_hat(y, sigma)),    rho in [0, 1]

rho = 1 is the probability-flow ODE (perception), rho = 0 drops the noise of the reverse SDE and
keeps its drift (distortion). Nothing here changes the file.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

READERS = ("ode", "geodesic")
DEFAULT_READER = "geodesic"
DEFAULT_EVALUATIONS = 10
SIGMA_END = 0.02

Denoise = Callable[[Tensor, float], Tensor]
Rho = float | Tensor


def read(  # noqa: PLR0913 - what a reader depends on
    denoise: Denoise,
    y: Tensor,
    sigma: float,
    *,
    rho: Rho,
    reader: str,
    evaluations: int,
    sigma_max: float = math.inf,
) -> Tensor:
    """Return the picture that a reader makes of a state.

    Args:
        denoise: E[x_0 | y] at a noise level.
        y: (B, C, H, W) float32. The state y_T.
        sigma: sigma_T.
        rho: 0 for least distortion, 1 for best perception; one number, or a map (1, 1, H, W).
        reader: `ode` or `geodesic`.
        evaluations: Number of calls of `denoise`, at least 1.
        sigma_max: Where the prior's own model begins; `geodesic` first goes there along the
            probability flow, with further calls of `denoise`, four an octave.

    Returns:
        (B, C, H, W) float32, not clipped.

    Raises:
        ValueError: If an argument is out of range.

    Source:
        arXiv:2603.04005, eq. 5 (`ode`); Freirich et al. 2021, arXiv:2107.02555 (`geodesic`).
    """
    if not in_range(rho) or evaluations < 1 or reader not in READERS:
        raise ValueError(f"rho {rho}, reader {reader!r} or evaluations {evaluations} out of range")
    if reader == "ode":
        levels = noise_levels(sigma, evaluations)
        return solve(denoise, y, denoise(y, sigma), levels, 2.0 - rho)
    y, sigma = descend(denoise, y, sigma, sigma_max)
    first = denoise(y, sigma)
    if not needs_flow(rho):
        return first
    end = solve(denoise, y, first, noise_levels(sigma, evaluations), 1.0)
    return first + rho * (end - first)


def in_range(rho: Rho) -> bool:
    """Return whether rho, everywhere if it is a map, is a number in 0..1."""
    if isinstance(rho, Tensor):
        return bool(((rho >= 0) & (rho <= 1)).all())
    return 0.0 <= rho <= 1.0


def needs_flow(rho: Rho) -> bool:
    """Return whether `geodesic` has to solve the flow: not where rho is 0 everywhere."""
    return bool(rho.any()) if isinstance(rho, Tensor) else rho != 0.0


def descend(denoise: Denoise, y: Tensor, sigma: float, sigma_max: float) -> tuple[Tensor, float]:
    """Return the state, and its level, where the probability flow enters the prior's own range.

    Args:
        denoise: E[x_0 | y].
        y: (B, C, H, W) float32. The state at `sigma`.
        sigma: Its level.
        sigma_max: The level to reach, if it is below.

    Returns:
        (B, C, H, W) float32 and its level, `sigma_max` at most.
    """
    steps = descent_steps(sigma, sigma_max)
    if steps == 0:
        return y, sigma
    ratio = (sigma_max / sigma) ** (1 / steps)
    for i in range(steps):
        x0_hat = denoise(y, sigma * ratio**i)
        y = x0_hat + ratio * (y - x0_hat)
    return y, sigma_max


def descent_steps(sigma: float, sigma_max: float) -> int:
    """Return the number of evaluations above `sigma_max`, four an octave, rounded up."""
    return math.ceil(4 * math.log2(sigma / sigma_max)) if sigma > sigma_max else 0


def noise_levels(sigma: float, evaluations: int) -> list[float]:
    """Return the levels at which the denoiser is asked, in equal ratios down to `SIGMA_END`.

    Args:
        sigma: Where to start.
        evaluations: How many levels.

    Returns:
        Falling levels, the first is `sigma`; they never end above half of it.
    """
    end = min(SIGMA_END, sigma / 2)
    ratio = math.log(end / sigma) / max(1, evaluations - 1)
    return [sigma * math.exp(ratio * i) for i in range(evaluations)]


def solve(denoise: Denoise, y: Tensor, first: Tensor, levels: list[float], exponent: Rho) -> Tensor:
    """Return the end of d y / d log sigma = exponent (y - x0_hat), second order, multistep.

    Each step is exact for an x0_hat that is linear in log sigma; its slope comes from the step
    before. The last step goes to sigma = 0, where y = x0_hat.

    Args:
        denoise: E[x_0 | y].
        y: (B, C, H, W) float32. The state at `levels[0]`.
        first: `denoise(y, levels[0])`.
        levels: Falling noise levels.
        exponent: 2 - rho, a number or a map.

    Returns:
        (B, C, H, W) float32.

    Source:
        Exponential Adams-Bashforth; at exponent 1 DPM-Solver++(2M), Lu et al. 2022,
        arXiv:2211.01095, in its exactly integrated form.
    """
    x0_hat, slope = first, None
    for above, below in pairwise(levels):
        length = math.log(above / below)
        decay = _exp(-exponent * length)
        y = x0_hat + decay * (y - x0_hat)
        if slope is not None:
            y = y + (length - (1.0 - decay) / exponent) * slope
        before, x0_hat = x0_hat, denoise(y, below)
        slope = (x0_hat - before) / length
    return x0_hat


def _exp(x: Rho) -> Rho:
    return torch.exp(x) if isinstance(x, Tensor) else math.exp(x)
