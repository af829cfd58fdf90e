"""Reconstructions: from the noisy state y_T to a clean one, at any rho (spec 11.3).

    d y / d log sigma = (2 - rho) (y - x0_hat(y, sigma)),    rho in [0, 1]

rho = 1 is the probability-flow ODE (perception), rho = 0 drops the noise of the reverse SDE and
keeps its drift. `ode` is the family of the paper; `geodesic` is the line, in pixels, from the
estimate of least error to the end of the flow at rho = 1. Nothing here changes the file.
"""

import math
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from rdpcodec.arrays import Array
from rdpcodec.decoder.least_error import lessen
from rdpcodec.domains import Denoise
from rdpcodec.options import DEFAULT_EVALUATIONS, DEFAULT_RECONSTRUCTION, RECONSTRUCTIONS
from rdpcodec.transforms.cosine import Basis

SIGMA_END = 0.005
DESCENT_STEPS_PER_OCTAVE = 4


class Noisy(NamedTuple):
    """A state and its level: y is (1, C, h, w) float32."""

    y: Array
    sigma: float


class Geodesic:
    """The two ends of `geodesic`, each found when first asked for.

    Source:
        Freirich et al. 2021, arXiv:2107.02555: the line between them is optimal for squared error
        and Wasserstein distance.
    """

    def __init__(
        self,
        denoise: Denoise,
        state: Noisy,
        sigma_max: float = math.inf,
        basis: Basis | None = None,
    ) -> None:
        """Take the start.

        Args:
            denoise: E[x_0 | y].
            state: y_T and sigma_T.
            sigma_max: Where the prior's own model begins; the flow is first followed there.
            basis: (C, C) float32. The axes of its channels, where symmetries are to be averaged.
        """
        self._basis = basis
        self._denoise = denoise
        self._state = state
        self._sigma_max = sigma_max
        self._ends: dict[int, Array] = {}

    @cached_property
    def entered(self) -> Noisy:
        """Where the flow enters the prior's own range."""
        return descend(self._denoise, self._state, self._sigma_max)

    @cached_property
    def estimate(self) -> Array:
        """The denoiser's estimate, (1, C, h, w)."""
        return self._denoise(*self.entered)

    def distortion(self, symmetries: int = 1) -> Array:
        """Return the estimate of least error, (1, C, h, w): rho = 0.

        Args:
            symmetries: How many symmetries of the square to average; 1 for `estimate` itself.
        """
        if symmetries == 1:
            return self.estimate
        if self._basis is None:
            raise ValueError("symmetries are averaged, but there are no axes")
        return lessen(self._denoise, *self.entered, self.estimate, self._basis, symmetries)

    def perception(self, evaluations: int, overshoot: float = 0.0) -> Array:
        """Return the end of the probability flow, and a little beyond, (1, C, h, w): rho = 1.

        Args:
            evaluations: As for `solve`.
            overshoot: What is added of the way there from the estimate, in the mean of the
                channels alone.
        """
        if evaluations not in self._ends:
            first = self.estimate
            self._ends[evaluations] = solve(self._denoise, self.entered, first, evaluations, 1.0)
        end = self._ends[evaluations]
        if overshoot == 0.0:
            return end
        return end + overshoot * (end - self.estimate).mean(1, keepdims=True)

    def sample(self, evaluations: int, fresh: Callable[[], Array]) -> Array:
        """Return a sample of the posterior, (1, C, h, w): the reverse process with its noise.

        Args:
            evaluations: As for `solve`.
            fresh: Returns standard normals, others at every call.
        """
        first = self.estimate
        return solve(self._denoise, self.entered, first, evaluations, 2.0, fresh)


def reconstruct(
    denoise: Denoise,
    state: Noisy,
    *,
    rho: float,
    reconstruction: str = DEFAULT_RECONSTRUCTION,
    evaluations: int = DEFAULT_EVALUATIONS,
    sigma_max: float = math.inf,
) -> Array:
    """Return the clean state at one rho, (1, C, h, w), not clipped; arguments as in `Geodesic`.

    Raises:
        ValueError: If rho, the reconstruction or the number of evaluations is out of range.
    """
    if not 0.0 <= rho <= 1.0 or evaluations < 1 or reconstruction not in RECONSTRUCTIONS:
        found = f"rho {rho}, reconstruction {reconstruction!r} or evaluations {evaluations}"
        raise ValueError(f"{found} out of range")
    if reconstruction == "ode":
        return ode(denoise, state, rho, evaluations)
    ends = Geodesic(denoise, state, sigma_max)
    if rho == 0.0:
        return ends.estimate
    return (1.0 - rho) * ends.estimate + rho * ends.perception(evaluations)


def ode(denoise: Denoise, state: Noisy, rho: float, evaluations: int) -> Array:
    """Return the end of the score-scaled flow.

    Args:
        denoise: E[x_0 | y] at a noise level.
        state: y_T and sigma_T.
        rho: 0 .. 1.
        evaluations: Number of calls of `denoise`, at least 1.

    Returns:
        (1, C, h, w) float32, not clipped.

    Source:
        arXiv:2603.04005, eq. 5.
    """
    return solve(denoise, state, denoise(*state), evaluations, 2.0 - rho)


def solve(
    denoise: Denoise,
    state: Noisy,
    first: Array,
    evaluations: int,
    rate: float,
    fresh: Callable[[], Array] | None = None,
) -> Array:
    """Return the end of d y / d log sigma = rate (y - x0_hat), second order, multistep.

    Each step is exact for an x0_hat that is linear in log sigma; its slope comes from the step
    before. The last step goes to sigma = 0, where y = x0_hat.

    Args:
        denoise: E[x_0 | y].
        state: Where to start.
        first: `denoise(*state)`.
        evaluations: Number of estimates, `first` included.
        rate: 2 - rho.
        fresh: Returns standard normals, for the reverse process, whose rate is 2; it adds
            sigma_next sqrt(1 - (sigma_next / sigma_prev)^2) of them at every step.

    Returns:
        (1, C, h, w) float32.

    Source:
        Exponential Adams-Bashforth; at rate 1 DPM-Solver++(2M), Lu et al. 2022,
        arXiv:2211.01095, in its exactly integrated form; with noise its SDE (2M) variant.
    """
    y, x0_hat, slope = state.y, first, None
    for sigma_prev, sigma_next in pairwise(noise_levels(state.sigma, evaluations)):
        length = math.log(sigma_prev / sigma_next)
        decay = math.exp(-rate * length)
        y = x0_hat + decay * (y - x0_hat)
        if slope is not None:
            y = y + (length - (1.0 - decay) / rate) * slope
        if fresh is not None:
            y = y + sigma_next * math.sqrt(1.0 - decay) * fresh()
        before, x0_hat = x0_hat, denoise(y, sigma_next)
        slope = (x0_hat - before) / length
    return x0_hat


def noise_levels(sigma: float, evaluations: int) -> list[float]:
    """Return the levels at which the denoiser is evaluated, in equal ratios to `SIGMA_END`.

    Args:
        sigma: Where to start.
        evaluations: How many levels.

    Returns:
        Falling levels, the first is `sigma`; they never end above half of it.
    """
    end = min(SIGMA_END, sigma / 2)
    ratio = math.log(end / sigma) / max(1, evaluations - 1)
    return [sigma * math.exp(ratio * i) for i in range(evaluations)]


def descend(denoise: Denoise, state: Noisy, sigma_max: float) -> Noisy:
    """Return where the probability flow enters the prior's own range.

    Args:
        denoise: E[x_0 | y].
        state: The state.
        sigma_max: The level to reach, if the state is above it.

    Returns:
        The state at `sigma_max` exactly, or the state that was given.
    """
    y, steps = state.y, descent_steps(state.sigma, sigma_max)
    levels = [state.sigma * (sigma_max / state.sigma) ** (i / steps) for i in range(steps)]
    for sigma_prev, sigma_next in pairwise([*levels, sigma_max]):
        x0_hat = denoise(y, sigma_prev)
        y = x0_hat + sigma_next / sigma_prev * (y - x0_hat)
    return Noisy(y, sigma_max) if steps else state


def descent_steps(sigma: float, sigma_max: float) -> int:
    """Return the number of evaluations above `sigma_max`, four an octave, rounded up."""
    if sigma <= sigma_max:
        return 0
    return math.ceil(DESCENT_STEPS_PER_OCTAVE * math.log2(sigma / sigma_max))
