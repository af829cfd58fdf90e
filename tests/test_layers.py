"""Tests of the integer arithmetic of layers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.layers import (
    MANTISSA,
    Q_MAX,
    Layer,
    q_nearest,
    stage_count,
    stage_size,
    trellis_bits,
)


def test_mantissa_is_the_floor_of_the_eighth_roots() -> None:
    """The committed integers are floor(2^16 * 2^(i/8)), derived here in integers only."""
    for i, value in enumerate(MANTISSA):
        assert value**8 <= 2 ** (128 + i) < (value + 1) ** 8


@pytest.mark.parametrize(
    ("q", "size"), [(0, 1), (7, 1), (8, 2), (64, 256), (65, 279), (110, 13777), (255, 3938484224)]
)
def test_stage_size_vectors(q: int, size: int) -> None:
    """The stage sizes of the spec."""
    assert stage_size(q) == size


def test_stage_sizes_never_fall() -> None:
    """A larger index never names a smaller stage."""
    sizes = [stage_size(q) for q in range(Q_MAX + 1)]
    assert sizes == sorted(sizes)


@given(st.integers(1, 2**40), st.integers(0, Q_MAX))
def test_stages_cover_the_state(dim: int, q: int) -> None:
    """The stages cover all coordinates and none is empty, and each has two bits."""
    stages, size = stage_count(dim, q), stage_size(q)
    assert (stages - 1) * size < dim <= stages * size
    assert trellis_bits(dim, q) == 2 * stages


@given(st.floats(min_value=1e-3, max_value=1e12))
def test_q_nearest_is_the_nearest_in_ratio(size: float) -> None:
    """No index is nearer in ratio than the chosen one, up to rounding."""

    def distance(q: int) -> float:
        return abs(math.log(stage_size(q) / size))

    assert distance(q_nearest(size)) <= min(map(distance, range(Q_MAX + 1))) + 1e-12


def test_q_nearest_picks_the_smallest_of_equals() -> None:
    """Indices that name the same size give the smallest; infinity gives the largest size."""
    assert q_nearest(1.0) == 0
    assert q_nearest(math.inf) == Q_MAX


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan])
def test_q_nearest_refuses_what_is_not_positive(size: float) -> None:
    """A stage has a positive size."""
    with pytest.raises(ValueError, match="stage size"):
        q_nearest(size)


@pytest.mark.parametrize("fields", [(-1, 0, 0), (4096, 0, 0), (0, -1, 0), (0, 256, 0), (0, 0, -1)])
def test_layer_refuses_what_the_format_cannot_carry(fields: tuple[int, int, int]) -> None:
    """A layer holds only values in range."""
    with pytest.raises(ValueError, match="expected"):
        Layer(*fields)


@pytest.mark.parametrize("q", [-1, 256])
def test_stage_size_refuses_an_index_out_of_range(q: int) -> None:
    """Stage size indices are bytes."""
    with pytest.raises(ValueError, match="q is"):
        stage_size(q)
