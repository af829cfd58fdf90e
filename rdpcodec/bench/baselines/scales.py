"""Adaptive Laplace scales: which of a grid of scales fits best what has been coded so far.

Both sides learn from the same symbols, so nothing is sent. A coefficient far below the step shows
in its symbol only through the dither, so scales are compared by likelihood, not by averages.
"""

import numpy as np
from numpy.typing import NDArray

Floats64 = NDArray[np.float64]
GRID = 2.0 ** (0.75 * np.arange(-22, 14))  # in steps of the quantiser
FLOOR = 1e-9
# How far the scale may lie from where it is first expected, in places of the grid.
SPREAD = 2.0
# Groups of brightness and colour take turns.
STRIDE = 2


class Scales:
    """One scale for every pair of a band group and a context.

    Where little is known of a pair, it is expected to be a little below the pair of the group
    before it, of the same kind.
    """

    def __init__(self, groups: int, contexts: int, first: float) -> None:
        self._evidence = np.zeros((groups, contexts, GRID.size))
        place = int(np.abs(np.log(GRID / first)).argmin())
        self._first = np.minimum(place + np.arange(contexts), GRID.size - 1)

    def of(self, group: int, context: NDArray[np.int64]) -> Floats64:
        """Return the scale of each symbol, in steps."""
        return np.asarray(GRID[self._best(group)][context], dtype=np.float64)

    def learn(
        self, group: int, context: NDArray[np.int64], symbols: Floats64, centre: Floats64
    ) -> None:
        """Take note of coded symbols.

        Args:
            group: Their band group.
            context: (n,) their contexts.
            symbols: (n,) what was coded.
            centre: (n,) the means of their Laplace laws.
        """
        likelihood = np.log(np.maximum(_mass(symbols - centre), FLOOR))
        for found in np.unique(context):
            self._evidence[group, found] += likelihood[context == found].sum(axis=0)

    def _best(self, group: int) -> NDArray[np.int64]:
        """Return the places in the grid for all contexts of a group."""
        expected = self._expected(group)
        distance = (np.arange(GRID.size)[None, :] - expected[:, None]) / SPREAD
        return np.asarray((self._evidence[group] - distance**2 / 2).argmax(axis=1))

    def _expected(self, group: int) -> NDArray[np.int64]:
        if group < STRIDE:
            return self._first
        before = self._evidence[group - STRIDE]
        falling = np.maximum(before.argmax(axis=1) - 1, 0)
        return np.where(before.any(axis=1), falling, self._first)


def _mass(offset: Floats64) -> Floats64:
    """Return P(|X - offset| < 1/2), (n, scales), X Laplace of mean 0 and each scale."""
    distance = np.abs(offset)[:, None]
    near = np.exp(-np.abs(distance - 0.5) / GRID)
    far = np.exp(-(distance + 0.5) / GRID)
    return np.asarray(np.where(distance < 0.5, 1.0 - (near + far) / 2, (near - far) / 2))
