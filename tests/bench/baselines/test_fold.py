"""Coordinates dealt out to blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.bench.baselines.fold import Cut, fold, unfold


@given(st.integers(1, 9), st.integers(60, 700))
def test_fold_is_the_adjoint_of_unfold(blocks: int, dim: int) -> None:
    """<fold(x), r> = <x, unfold(r)>, also where blocks do not divide the picture."""
    cut = Cut(layer=2, dim=dim, blocks=blocks, width=16)
    drawn = np.random.default_rng(dim)
    x = drawn.standard_normal(dim).astype(np.float32)
    rows = drawn.standard_normal((blocks, 16)).astype(np.float32)
    left, right = float((fold(x, cut) * rows).sum()), float(x @ unfold(rows, cut))
    assert left == pytest.approx(right, abs=1e-3)
