"""The chain both sides walk: one state, moved from level to level by what the channel delivers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array, finish, place
from rdpcodec.chain.estimator import Estimator
from rdpcodec.chain.refiner import Refiner
from rdpcodec.chain.transition import Step, next_state, step_between
from rdpcodec.domains import Domain


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

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator
        self.clock = Clock()
        self.t: int | None = None
        self.evaluated_t: int | None = None  # where the last estimate was evaluated
        nothing = np.zeros((1, *estimator.domain.shape), dtype=np.float32)
        self.y = place(nothing, estimator.device)
        self._estimate: Array | None = self.y
        self._refiner = Refiner(estimator) if estimator.refresh else None

    @property
    def domain(self) -> Domain:
        """What the states are."""
        return self._estimator.domain

    @property
    def sigma(self) -> float:
        """The noise level of the state."""
        return step_between(self.t, 0).sigma_prev

    @property
    def sigma_max(self) -> float:
        """The largest noise level at which the prior's own model answers."""
        return self._estimator.sigma_max

    @property
    def refresh(self) -> int:
        """How far t falls from evaluation to evaluation, 0 for one in every layer."""
        return self._estimator.refresh

    def x0_hat(self) -> Array:
        """Return the estimate from y_k: evaluated, or moved from the last evaluation."""
        if self._estimate is None:
            self._estimate = self._evaluate() if self._is_due() else self._move()
        return self._estimate

    def _is_due(self) -> bool:
        """Return whether the prior is evaluated at this level; integers alone decide."""
        if self.evaluated_t is None or self.t is None:
            return True
        return self.evaluated_t - self.t >= self.refresh

    def _evaluate(self) -> Array:
        if self._refiner is not None:  # before the network, which takes memory of its own
            with self.clock.measure("network"):
                self._refiner.leave(self.y, self.sigma)
        x0_hat = self.denoise(self.y, self.sigma)
        self.evaluated_t = self.t
        if self._refiner is not None:
            with self.clock.measure("network"):
                self._refiner.restart(self.y, self.sigma, x0_hat)
        return x0_hat

    def _move(self) -> Array:
        assert self._refiner is not None  # noqa: S101 - a refresh of 0 is always due
        with self.clock.measure("network"):
            return self._refiner.estimate(self.y, self.sigma)

    def denoise(self, y: Array, sigma: float) -> Array:
        """Return the estimate from any state, and count the evaluation."""
        with self.clock.measure("network"):
            self.clock.network_evaluations += 1
            return finish(self._estimator(y, sigma))

    def step_to(self, t: int) -> Step:
        """Return the transition from the present level to `t`."""
        return step_between(self.t, t)

    def advance(self, t: int, z: NDArray[np.float32]) -> None:
        """Move to level `t` with what the channel delivered, z of as many coordinates as y.

        z is used up.
        """
        fresh = place(z.reshape(self.y.shape), self._estimator.device)
        self.y = next_state(self.y, self.x0_hat(), fresh, self.step_to(t))
        self.t, self._estimate = t, None
