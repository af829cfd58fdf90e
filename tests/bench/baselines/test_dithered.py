"""The transform of `dithered` and the order of its code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.bench.baselines.dithered import from_bands, passes, to_bands


@given(st.integers(1, 20), st.integers(1, 20))
def test_passes_have_every_block_once_after_its_neighbours(rows: int, columns: int) -> None:
    """All blocks are coded, and the neighbours of each come before it."""
    seen: set[int] = set()
    for found in passes(rows, columns):
        known = set(found.neighbours.reshape(-1).tolist()) - {rows * columns}
        assert known <= seen
        assert not seen & set(found.blocks.tolist())
        seen |= set(found.blocks.tolist())
    assert seen == set(range(rows * columns))


def test_the_block_transform_is_orthonormal() -> None:
    """It keeps lengths where no padding is, and comes back in any size."""
    drawn = np.random.default_rng(1)
    whole = drawn.standard_normal((3, 16, 24)).astype(np.float32)
    assert float(np.square(to_bands(whole)).sum()) == pytest.approx(
        float(np.square(whole).sum()), rel=1e-5
    )
    odd = drawn.standard_normal((3, 13, 9)).astype(np.float32)
    assert np.allclose(from_bands(to_bands(odd), 13, 9), odd, atol=1e-5)
