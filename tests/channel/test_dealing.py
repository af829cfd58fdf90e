"""Coordinates go where the specification says, in pieces or at once, and come back."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.channel import ChannelStep, dealing

Floats = NDArray[np.float32]
# Stages that divide the picture, that do not, longer than codewords, longer than the picture.
STEPS = [(1000, 0), (1000, 24), (1001, 39), (5000, 81), (5000, 88), (300, 255)]


def order_of(step: ChannelStep) -> NDArray[np.int64]:
    """Return the coordinates in the order of the layer, as section 8.3 tells it."""
    moved = int(rng.words(step.seed, rng.Stream.PERMUTATION, step.layer + 1, 1)[0]) % step.dim
    return np.roll(rng.permutation(step.seed, step.dim).astype(np.int64), -moved)


def dealt(mu: Floats, step: ChannelStep) -> Floats:
    """Return every stage's signed coordinates, zeros past the last, (stages, stage size)."""
    rows = np.zeros(step.stages * step.stage_size, dtype=np.float32)
    signs = rng.signs(step.seed, rng.Stream.SIGNS, step.layer, step.dim)
    rows[: step.dim] = mu[order_of(step)] * signs
    return rows.reshape(step.stages, step.stage_size)


@pytest.fixture(params=STEPS, ids=str)
def step(request: pytest.FixtureRequest) -> ChannelStep:
    """Return a step of some dimension and stage size."""
    dim, q = request.param
    return ChannelStep(seed=6, layer=2, dim=dim, q=q)


@pytest.fixture
def mu(step: ChannelStep) -> Floats:
    """Return a random mean."""
    return np.random.default_rng(3).standard_normal(step.dim, dtype=np.float32)


def test_rows_are_signed_coordinates_folded_to_the_period(step: ChannelStep, mu: Floats) -> None:
    """Entry j of a row is the sum of the stage's entries j, j + 1024, ... in this order."""
    width = min(step.stage_size, 1024)
    expected = np.zeros((step.stages, width), dtype=np.float32)
    whole = dealt(mu, step)
    for at in range(0, step.stage_size, width):
        part = whole[:, at : at + width]
        expected[:, : part.shape[1]] += part
    assert np.array_equal(dealing.to_stages(mu, step, width), expected)


def test_coordinates_come_back(step: ChannelStep, mu: Floats) -> None:
    """What unfolded rows hold is put where it was taken from."""
    assert np.array_equal(dealing.from_stages(dealt(mu, step), step), mu)


@pytest.mark.parametrize("piece", [1, 7, 64, 1000])
def test_pieces_are_parts_of_the_whole(
    step: ChannelStep, mu: Floats, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the stages are cut, rows and coordinates are the same."""
    width = min(step.stage_size, 1024)
    rows = dealing.to_stages(mu, step, width)
    monkeypatch.setattr(dealing, "PIECE", piece)
    assert np.array_equal(dealing.to_stages(mu, step, width), rows)
    assert np.array_equal(dealing.from_stages(dealt(mu, step), step), mu)


def test_pieces_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """They cover the stages without a gap, with as many coordinates each as a piece has."""
    monkeypatch.setattr(dealing, "PIECE", 70)
    step = ChannelStep(seed=1, layer=0, dim=16 * 100, q=32)
    pieces = dealing.Dealer(step).pieces(10, 97)
    assert (pieces[0][0], pieces[-1][1]) == (10, 97)
    assert all(a[1] == b[0] for a, b in pairwise(pieces))
    assert {last - first for first, last in pieces[:-1]} == {70 // 16}
