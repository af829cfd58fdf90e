"""Indices, codewords and levels of DDCM."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.bench.baselines.ddcm import (
    best_codeword,
    codeword,
    ladder,
    pack_indices,
    unpack_indices,
)


@given(
    st.integers(1, 20).flatmap(
        lambda b: st.tuples(st.just(b), st.lists(st.integers(0, 2**b - 1), min_size=1, max_size=40))
    )
)
def test_ddcm_indices_are_packed_exactly(case: tuple[int, list[int]]) -> None:
    """Every index comes back, in exactly as many bits as it has."""
    bits, indices = case
    packed = pack_indices(indices, bits)
    assert len(packed) == -(-len(indices) * bits // 8)
    assert unpack_indices(packed, len(indices), bits) == indices
    with pytest.raises(ValueError, match="do not hold"):
        unpack_indices(packed + b"\0", len(indices), bits)


@pytest.mark.parametrize("bits", [4, 10, 12])
def test_ddcm_finds_the_best_of_unit_variance_codewords(bits: int) -> None:
    """The fast search agrees with the inner products of all codewords."""
    values = np.random.default_rng(3).standard_normal(1500).astype(np.float32)
    words = np.stack([codeword(index, 7, values.size) for index in range(2**bits)])
    assert best_codeword(values, 7, bits) == int((words @ values).argmax())
    assert abs(float(np.square(words).mean()) - 1) < 0.02


def test_ddcm_levels_are_even_in_the_inverse_of_sigma() -> None:
    """The ladder starts from nothing known and ends at its level."""
    steps = list(ladder(1536, 8))
    assert steps[0].sigma_prev == float("inf")
    assert steps[-1].sigma_next == pytest.approx(2.0**-4)
    assert np.allclose(np.diff([1 / step.sigma_next for step in steps]), 2.0)
