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
from rdpcodec.refiner import Refiner


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
    """The state y_k at level t_k and the estimate x0_hat that belongs to it (spec 11.1).

    Before the first layer sigma is infinite, the estimate is the prior mean 0, and y says nothing.
    """

    def __init__(self, prior: Prior, shape: tuple[int, int, int], device: str = "cpu") -> None:
        self._prior = prior
        self.clock = Clock()
        self.t: int | None = None
        self.y = torch.zeros((1, *shape), dtype=torch.float32, device=device)
        self._estimate: Tensor | None = self.y
        self._evaluated_t: int | None = None
        self._refiner = None
        if prior.refresh and prior.calibration:
            self._refiner = Refiner(prior.calibration, shape[0])

    @property
    def sigma(self) -> float:
        """The noise level of the state."""
        return step_between(self.t, 0).above

    @property
    def sigma_max(self) -> float:
        """The largest noise level at which the prior's own model answers."""
        return self._prior.sigma_max

    @property
    def refresh(self) -> int:
        """How far t falls from evaluation to evaluation, 0 for one in every layer."""
        return 0 if self._refiner is None else self._prior.refresh

    def x0_hat(self) -> Tensor:
        """Return the estimate from y_k: evaluated, or moved from the last evaluation."""
        if self._estimate is None:
            self._estimate = self._evaluate() if self._is_due() else self._move()
        return self._estimate

    def _is_due(self) -> bool:
        """Return whether the prior is to be asked at this level; integers alone decide."""
        if self._refiner is None or self._evaluated_t is None or self.t is None:
            return True
        return self._evaluated_t - self.t >= self.refresh

    def _evaluate(self) -> Tensor:
        x0_hat = self.denoise(self.y, self.sigma)
        self._evaluated_t = self.t
        if self._refiner is not None:
            with self.clock.measure("network"):
                self._refiner.restart(self.y, self.sigma, x0_hat)
        return x0_hat

    def _move(self) -> Tensor:
        assert self._refiner is not None  # noqa: S101 - _is_due has seen to it
        with self.clock.measure("network"):
            return self._refiner.estimate(self.y, self.sigma)

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
