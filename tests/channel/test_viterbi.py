"""The compiled loops give what their definitions give, step by step."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.channel import ChannelStep, codebook, viterbi
from rdpcodec.channel.trellis import label_run, label_shifts

Floats = NDArray[np.float32]


def plain_search(scores: Floats, state_bits: int) -> list[int]:
    """Return the best path by a plain Viterbi in float32; of equal totals the first tail wins."""
    run, quarter = label_run(state_bits), 1 << (state_bits - 2)
    head, tails = np.arange(quarter), np.arange(4)
    labels = label_shifts(state_bits)[:, head // run, :] + (head % run)[None, :, None]
    before = np.full(4 * quarter, -1e30, dtype=np.float32)
    before[0], choices = 0, []
    for row in scores:
        totals = before[4 * head[:, None] + tails] + row[labels % 1024]
        choices.append(totals.argmax(axis=2).reshape(-1))
        before = totals.max(axis=2).reshape(-1)
    state, symbols = int(before.argmax()), list[int]()
    for chosen in reversed(choices):
        symbols.append(state // quarter)
        state = 4 * (state % quarter) + int(chosen[state])
    return symbols[::-1]


@pytest.mark.parametrize("width", [1, 4, 7, 16, 100, 256, 1000, 1024])
def test_fast_inner_products_are_the_direct_ones(width: int) -> None:
    """At any width the transforms give the product with the matrix of codewords."""
    random = np.random.default_rng(width)
    rows = random.standard_normal((5, width), dtype=np.float32)
    offset = random.standard_normal(1024, dtype=np.float32)
    wave = codebook.wave(ChannelStep(seed=3, layer=1, dim=5 * width, q=0), 0)
    products = np.empty((5, 1024), dtype=np.float32)
    viterbi.inner_products(rows, wave, offset, products)
    book = codebook.codewords(wave, width).astype(np.float64)
    assert products == pytest.approx(
        rows.astype(np.float64) @ book.T + offset, abs=2e-6 * (10 + width)
    )


@pytest.mark.parametrize("state_bits", range(4, 17))
@pytest.mark.parametrize("stages", [1, 2, 3, 4, 5, 50])
def test_the_path_is_that_of_a_plain_search(state_bits: int, stages: int) -> None:
    """Whatever scores are kept, every symbol is right; so it is where totals are equal."""
    scores = np.random.default_rng(stages).standard_normal((stages, 1024), dtype=np.float32)
    shifts, run = label_shifts(state_bits).reshape(-1, 4), label_run(state_bits)
    for given in (scores, np.rint(scores)):
        kept = np.full((-(-stages // viterbi.KEPT) + 1, 1 << state_bits), -1e30, dtype=np.float32)
        kept[0, 0] = 0
        viterbi.forward(given, shifts, kept, run)
        found = viterbi.trace_back(given, shifts, kept, run)
        assert found.tolist() == plain_search(given, state_bits)
