"""The chain both sides walk: one state, moved from level to level by what the channel delivers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rdpcodec.diffusion import Step, next_state
from rdpcodec.levels import step_between
from rdpcodec.priors.base import Prior, denoise_state


@dataclass
class Clock:
    """Seconds spent, by what they were spent on, and the number of denoiser evaluations."""

    network: float = 0.0
    channel: float = 0.0
    network_evaluations: int = 0
    started: float = field(default_factory=time.perf_counter)

    @contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Add the time of a block to `network` or `channel`."""
        before = time.perf_counter()
        yield
        setattr(self, kind, getattr(self, kind) + time.perf_counter() - before)

    @property
    def total(self) -> float:
        """Seconds since the clock was made."""
        return time.perf_counter() - self.started


class Chain:
    """The state y_k at level t_k and the estimate x0_hat that belongs to it (spec 11.2).

    Before the first layer sigma is infinite, the estimate is the prior mean 0, and y says nothing.
    """

    def __init__(self, prior: Prior, shape: tuple[int, int, int], device: str = "cpu") -> None:
        self._prior = prior
        self.clock = Clock()
        self.t: int | None = None
        self.y = torch.zeros((1, *shape), dtype=torch.float32, device=device)
        self._estimate: Tensor | None = self.y

    @property
    def sigma(self) -> float:
        """The noise level of the state."""
        return step_between(self.t, 0).above

    @property
    def sigma_max(self) -> float:
        """The largest noise level at which the prior's own model answers."""
        return self._prior.sigma_max

    def x0_hat(self) -> Tensor:
        """Return E[x_0 | y_k], evaluated once per level."""
        if self._estimate is None:
            self._estimate = self.denoise(self.y, self.sigma)
        return self._estimate

    def denoise(self, y: Tensor, sigma: float) -> Tensor:
        """Return the prior's estimate and count the evaluation."""
        with self.clock.measure("network"):
            self.clock.network_evaluations += 1
            return denoise_state(self._prior, y, sigma)

    def step_to(self, t: int) -> Step:
        """Return the transition from the present level to `t`."""
        return step_between(self.t, t)

    def advance(self, t: int, z: Tensor) -> None:
        """Move to level `t` with what the channel delivered, z of the shape of y."""
        self.y = next_state(self.y, self.x0_hat(), z, self.step_to(t))
        self.t, self._estimate = t, None
