"""The compiled loops of the trellis encoder: scores of codewords, and the best path (spec 9.2).

The loops are compiled by numba. Entry j of codeword m is w[m XOR j], so that the inner products
of a row with all codewords are an XOR convolution: two Walsh-Hadamard transforms, at a cost that
does not depend on the row's width, instead of a product with a matrix.

In the search, the states are scanned in the order of their predecessors, so that every inner loop
is a contiguous vector operation; predecessors are found again during the trace back from the
stored scores, which is cheaper than to record them.
"""

import numpy as np
from numpy.typing import NDArray

from rdpcodec.channel.codebook import CODEWORDS
from rdpcodec.channel.compiled import compiled

Floats = NDArray[np.float32]

# Constants, not sizes of arrays: with these the compiler makes the loops vector operations.
QUARTER = CODEWORDS // 4
PASSES = 5  # 4**5 = 1024


@compiled(nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
def inner_products(rows: Floats, wave: Floats, offset: Floats, products: Floats) -> None:
    """Fill `products` with the inner products of rows and codewords, plus an offset by codeword.

    Args:
        rows: (stages, width) float32, width up to 1024.
        wave: (1024,) float32; entry j of codeword m is wave[m XOR j].
        offset: (1024,) float32.
        products: (stages, 2048) float32; all codewords, twice in a row.
    """
    width = rows.shape[1]
    padded, convolved = np.empty_like(wave), np.empty_like(wave)
    spectrum = np.empty_like(wave)
    for m in range(CODEWORDS):  # loops throughout: array expressions take 2 s more to compile
        padded[m] = wave[m] / np.float32(CODEWORDS)
    _walsh_hadamard(padded, spectrum)
    for i in range(rows.shape[0]):
        for m in range(CODEWORDS):
            padded[m] = 0
        for j in range(width):
            padded[j] = rows[i, j]
        _walsh_hadamard(padded, convolved)
        for m in range(CODEWORDS):
            convolved[m] *= spectrum[m]
        _walsh_hadamard(convolved, padded)
        for m in range(CODEWORDS):
            products[i, m] = products[i, CODEWORDS + m] = padded[m] + offset[m]


@compiled(nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
def _walsh_hadamard(values: Floats, out: Floats) -> None:
    """Write the unnormalised transform of `values`, (1024,), to `out`; `values` is overwritten.

    A pass transforms the two highest bits of the index and moves them to the low end. All passes
    so read and write in sequence, and the last one restores the order.
    """
    for _ in range(PASSES):
        x0, x1 = values[:QUARTER], values[QUARTER : 2 * QUARTER]
        x2, x3 = values[2 * QUARTER : 3 * QUARTER], values[3 * QUARTER :]
        for i in range(QUARTER):
            sum01, minus01 = x0[i] + x1[i], x0[i] - x1[i]
            sum23, minus23 = x2[i] + x3[i], x2[i] - x3[i]
            out[4 * i], out[4 * i + 1] = sum01 + sum23, minus01 + minus23
            out[4 * i + 2], out[4 * i + 3] = sum01 - sum23, minus01 - minus23
        values, out = out, values


@compiled(nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
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


@compiled(nogil=True)
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
