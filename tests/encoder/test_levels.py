"""The encoder's ladder of noise levels falls to the target, on the steps the table predicts."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdpcodec.encoder import levels
from rdpcodec.layers import MAX_LAYERS, STEP_PRIMER
from rdpcodec.schedule import T_MAX, sigma


def ladder(target: int, energy: float) -> list[int]:
    """Return the levels of a picture whose error never changes."""
    out: list[int] = []
    while not out or out[-1] != target:
        out.append(levels.next_t(len(out), out[-1] if out else None, energy, target))
    return out


@given(st.integers(0, T_MAX), st.floats(0, 1e9))
@settings(max_examples=200, deadline=None)
def test_ladders_fall_to_the_target(target: int, energy: float) -> None:
    """Any picture and any target give a falling ladder that ends there, within the layer limit."""
    found = ladder(target, energy)
    assert found[-1] == target
    assert all(a > b for a, b in pairwise(found))
    assert all(0 <= t <= T_MAX for t in found)
    assert len(found) <= MAX_LAYERS


def test_longest_ladder_fits_the_format() -> None:
    """Even from the first level to the last there are fewer layers than the format allows."""
    assert len(ladder(0, 1e9)) < MAX_LAYERS // 1.5


def test_steps_are_those_that_the_table_predicts() -> None:
    """After the first layer the steps are the primer's, then the last of them for ever."""
    found = ladder(500, 1e5)
    steps = [a - b for a, b in pairwise(found)]
    assert tuple(steps[: len(STEP_PRIMER)]) == STEP_PRIMER
    assert set(steps[len(STEP_PRIMER) : -1]) <= {STEP_PRIMER[-1]}


def test_last_step_is_not_tiny() -> None:
    """A rest of under 8 is joined to the step before it."""
    for target in range(1800, 1900):
        found = ladder(target, 1e5)
        assert found[-2] - found[-1] >= levels.STEP_MIN


@pytest.mark.parametrize("energy", [1.0, 1e3, 1e6])
def test_first_layer_costs_256_bits(energy: float) -> None:
    """The first level is that at which the divergence is 256 bits, up to half a step of t."""
    t = levels.next_t(0, None, energy, 0)
    bits = energy / sigma(t) ** 2 / (2 * math.log(2))
    if 0 < t < T_MAX:
        assert bits == pytest.approx(256, rel=2 ** (1 / 256) - 1)
    else:
        assert t == (T_MAX if bits < 256 else 0)


@given(st.integers(300, T_MAX), st.integers(1, 300))
@settings(max_examples=100, deadline=None)
def test_precision_names_its_level(above: int, step: int) -> None:
    """The t of a precision is the level that adds it."""
    below = above - step
    added = levels.step_between(above, below).precision
    assert levels.t_of_precision(above, added) == below
    assert levels.t_of_precision(None, 1 / sigma(below) ** 2) == below
