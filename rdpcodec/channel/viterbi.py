"""The compiled loops of the trellis encoder: scores of codewords, and the best path (spec 9.2).

The loops are compiled by numba. Entry j of codeword m is w[m XOR j], so that the inner products
of a row with all codewords are an XOR convolution: two Walsh-Hadamard transforms, at a cost that
does not depend on the row's width, instead of a product with a matrix.

In the search every inner loop is a contiguous vector operation, and what it reads was written a
moment ago. Neither predecessors nor most scores are recorded: the trace back finds both again from
the scores before every `KEPT`-th stage, which costs little, since few states lead to a given one.
"""

import numpy as np
from numpy.typing import NDArray

from rdpcodec.channel.codebook import CODEWORDS
from rdpcodec.channel.compiled import compiled

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

# Constants, not sizes of arrays: with these the compiler makes the loops vector operations.
QUARTER = CODEWORDS // 4
PASSES = 5  # 4**5 = 1024
KEPT = 4


@compiled(nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
def inner_products(rows: Floats, wave: Floats, offset: Floats, products: Floats) -> None:
    """Fill `products` with the inner products of rows and codewords, plus an offset by codeword.

    Args:
        rows: (stages, width) float32, width up to 1024.
        wave: (1024,) float32; entry j of codeword m is wave[m XOR j].
        offset: (1024,) float32.
        products: (stages, 1024) float32.
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
            products[i, m] = padded[m] + offset[m]


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
def forward(products: Floats, shifts: Indices, kept: Floats, run: int) -> None:
    """Fill `kept[j]` with the best total of every state before stage KEPT * j.

    Args:
        products: (stages, 1024) float32; score of each codeword.
        shifts: (states / run, 4) int64; first label of the branches to each run of states, by
            the tail of the state that they come from.
        kept: (at least ceil(stages / KEPT) + 1, states) float32; row 0 is given, and row
            ceil(stages / KEPT) has the totals after the last stage.
        run: Number of states in a row whose labels rise by one.
    """
    stages, states = products.shape[0], kept.shape[1]
    between = np.empty((2, states), dtype=np.float32)
    twice = np.empty(2 * CODEWORDS, dtype=np.float32)  # labels modulo 1024, read in sequence
    planes = np.empty((4, run), dtype=np.float32)
    before = kept[0]
    for i in range(stages):
        for m in range(CODEWORDS):
            twice[m] = twice[CODEWORDS + m] = products[i, m]
        is_kept = (i + 1) % KEPT == 0 or i + 1 == stages
        after = kept[(i + KEPT) // KEPT] if is_kept else between[i % 2]
        for h in range(states // 4 // run):
            _step_of_a_run(before, twice, shifts, planes, after, h)
        before = after


@compiled(nogil=True, fastmath={"nnan", "nsz"}, error_model="numpy")
def _step_of_a_run(
    before: Floats, twice: Floats, shifts: Indices, planes: Floats, after: Floats, h: int
) -> None:
    """Find the best totals after a stage of the states that are the heads of run `h`.

    Args:
        before: (states,) float32; totals before the stage.
        twice: (2048,) float32; the scores of all codewords, twice in a row.
        shifts: As in `forward`.
        planes: (4, run) float32; memory for the totals before, by tail.
        after: (states,) float32; written to.
        h: The number of the run.
    """
    run, quarter = planes.shape[1], after.shape[0] // 4
    s0, s1, s2, s3 = planes[0], planes[1], planes[2], planes[3]
    score = before[4 * h * run : 4 * (h + 1) * run]
    for x in range(run):
        s0[x], s1[x] = score[4 * x], score[4 * x + 1]
        s2[x], s3[x] = score[4 * x + 2], score[4 * x + 3]
    for u in range(4):
        row = u * (quarter // run) + h
        p0, p1 = twice[shifts[row, 0] :], twice[shifts[row, 1] :]
        p2, p3 = twice[shifts[row, 2] :], twice[shifts[row, 3] :]
        out = after[row * run : (row + 1) * run]
        for x in range(run):
            first = max(s0[x] + p0[x], s1[x] + p1[x])
            out[x] = max(first, max(s2[x] + p2[x], s3[x] + p3[x]))  # noqa: PLW3301 - SIMD


@compiled(nogil=True)
def trace_back(products: Floats, shifts: Indices, kept: Floats, run: int) -> Indices:
    """Return the branch symbols, (stages,) int64 in 0..3, of the best path through `kept`.

    The arguments are those of `forward`, and `kept` is what it has filled.

    Of a group of KEPT stages the state after it is known. 4**m states lead to it from m stages
    earlier, neighbours all: from those before the group on, `totals` has the best totals of these
    states, and `tails` the tails of the states that they come from.
    """
    stages, last_state = products.shape[0], kept.shape[1] - 1
    symbols = np.empty(stages, dtype=np.int64)
    totals = np.empty((KEPT + 1, 4**KEPT), dtype=np.float32)
    tails = np.empty((KEPT, 4**KEPT), dtype=np.int64)
    groups = (stages + KEPT - 1) // KEPT
    end = np.argmax(kept[groups])
    for j in range(groups - 1, -1, -1):
        first, count = KEPT * j, min(KEPT, stages - KEPT * j)
        for t in range(4**count):
            totals[0, t] = kept[j, ((end << 2 * count) + t) & last_state]
        for i in range(count):
            lowest = end << 2 * (count - i - 1)
            for t in range(4 ** (count - i - 1)):
                tails[i, t], totals[i + 1, t] = _best_branch(
                    totals[i, 4 * t :], products[first + i], shifts, (lowest + t) & last_state, run
                )
        t = 0
        for i in range(count - 1, -1, -1):
            state = ((end << 2 * (count - i - 1)) + t) & last_state
            symbols[first + i] = 4 * state // (last_state + 1)
            t = 4 * t + tails[i, t]
        end = ((end << 2 * count) + t) & last_state
    return symbols


@compiled(nogil=True)
def _best_branch(
    before: Floats, scores: Floats, shifts: Indices, state: int, run: int
) -> tuple[int, np.float32]:
    """Return the tail and the total of the best of the branches to a state.

    Args:
        before: (4 or more,) float32; totals of the states that branches come from, by tail.
        scores: (1024,) float32; score of each codeword.
        shifts: As in `forward`.
        state: The state.
        run: As in `forward`.
    """
    shift, beyond = shifts[state // run], state % run
    best, best_k = np.float32(-np.inf), 0
    for k in range(4):
        total = before[k] + scores[(shift[k] + beyond) % CODEWORDS]
        if total > best:
            best, best_k = total, k
    return best_k, best
