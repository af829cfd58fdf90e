"""The search of the trellis encoder: the path of largest total score (spec 9.2).

The loops are compiled by numba. The states are scanned in the order of their predecessors, so
that every inner loop is a contiguous vector operation; predecessors are found again during the
trace back from the stored scores, which is cheaper than to record them.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
def forward(products: Floats, shifts: NDArray[np.int64], scores: Floats, run: int) -> None:
    """Fill `scores[i + 1]` with the best total of every state after stage i.

    Args:
        products: (stages, 2 * M) float32; score of each codeword, written twice in a row.
        shifts: (4, states / 4 / run, 4) int64; first label of each run of branches.
        scores: (stages + 1, states) float32; row 0 is given.
        run: Number of branches in a row whose labels rise by one.
    """
    stages, quarter = products.shape[0], scores.shape[1] // 4
    planes = np.empty((4, quarter), dtype=np.float32)
    for i in range(stages):
        score = scores[i]
        for q in range(quarter):
            for k in range(4):
                planes[k, q] = score[4 * q + k]
        for u in range(4):
            for h in range(quarter // run):
                lo, hi = h * run, (h + 1) * run
                p0 = products[i, shifts[u, h, 0] :]
                p1 = products[i, shifts[u, h, 1] :]
                p2 = products[i, shifts[u, h, 2] :]
                p3 = products[i, shifts[u, h, 3] :]
                s0, s1, s2, s3 = (
                    planes[0, lo:hi],
                    planes[1, lo:hi],
                    planes[2, lo:hi],
                    planes[3, lo:hi],
                )
                out = scores[i + 1, u * quarter + lo : u * quarter + hi]
                for x in range(run):
                    first = max(s0[x] + p0[x], s1[x] + p1[x])
                    out[x] = max(first, max(s2[x] + p2[x], s3[x] + p3[x]))  # noqa: PLW3301 - SIMD


@njit(cache=True, nogil=True)
def trace_back(
    products: Floats, shifts: NDArray[np.int64], scores: Floats, run: int
) -> NDArray[np.int64]:
    """Return the branch symbols, (stages,) int64 in 0..3, of the best path through `scores`."""
    stages, quarter = products.shape[0], scores.shape[1] // 4
    symbols = np.empty(stages, dtype=np.int64)
    state = np.argmax(scores[stages])
    for i in range(stages - 1, -1, -1):
        u, q = state // quarter, state % quarter
        symbols[i] = u
        best, best_k = np.float32(-np.inf), 0
        for k in range(4):
            label = shifts[u, q // run, k] + q % run
            total = scores[i, 4 * q + k] + products[i, label]
            if total > best:
                best, best_k = total, k
        state = 4 * q + best_k
    return symbols
