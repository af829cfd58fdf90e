"""Scores are likelihood ratios, and lanes searched together are those searched alone."""

import math

import numpy as np
import pytest

from rdpcodec.channel import ChannelStep, codebook
from rdpcodec.channel.dealing import Dealer
from rdpcodec.channel.search import Search, likelihood_ratios
from rdpcodec.channel.trellis import label_run, label_shifts

STEP = ChannelStep(seed=8, layer=3, dim=7_990, q=32)  # 500 stages of 16, the last one cut
LANES = [((0, 40), 0), ((40, 300), 1), ((300, 500), 2)]


@pytest.mark.parametrize(("width", "excess"), [(1, 3.0), (16, 0.3), (1024, 0.004)])
def test_scores_weigh_the_energy_of_codewords(width: int, excess: float) -> None:
    """They are sqrt(1 + v) <c, row> - v / 2 |c|^2 for every codeword c."""
    rows = np.random.default_rng(width).standard_normal((3, width), dtype=np.float32)
    wave, found = codebook.wave(STEP, 0), np.empty((3, 1024), dtype=np.float32)
    likelihood_ratios(rows, wave, excess, found)
    book = codebook.codewords(wave, width).astype(np.float64)
    expected = math.sqrt(1 + excess) * rows @ book.T - excess / 2 * np.square(book).sum(axis=1)
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_lanes_searched_together_are_those_searched_alone(threads: int) -> None:
    """The memory of a lane is its own, and what an earlier search left there does not matter."""
    mu = np.random.default_rng(1).standard_normal(STEP.dim, dtype=np.float32)
    lanes = [(span, codebook.wave(STEP, block)) for span, block in LANES]
    shifts, run, deal = label_shifts(6), label_run(6), Dealer(STEP)
    alone = [
        Search(shifts, run, 260).best_paths(mu, deal, [lane], 0.2, 1)[0].tolist() for lane in lanes
    ]
    search = Search(shifts, run, 260)
    for group in ([2, 1], [0, 1, 2], [1]):
        found = search.best_paths(mu, deal, [lanes[i] for i in group], 0.2, threads)
        assert [path.tolist() for path in found] == [alone[i] for i in group]
