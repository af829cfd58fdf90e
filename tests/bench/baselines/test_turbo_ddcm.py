"""The atoms of a step of Turbo-DDCM."""

import numpy as np
import pytest

from rdpcodec.bench.baselines.base import coded_bytes, new_range_decoder, new_range_encoder
from rdpcodec.bench.baselines.turbo_ddcm import COUNTS, decode_layer, encode_layer, score, share


@pytest.mark.parametrize(("dim", "bits"), [(9216, 300), (1001, 90), (40_000, 4000)])
def test_layers_of_atoms_come_back(dim: int, bits: int) -> None:
    """Atoms, signs and blocks survive the code, and their sum has unit variance."""
    vector = np.random.default_rng(dim).standard_normal(dim).astype(np.float32)
    unit = vector / np.linalg.norm(vector)
    scores = score(unit, 3, bits, 16)
    count = next(i for i in scores.counts if COUNTS[i] >= 20)
    code = scores.choose(count)
    coder = new_range_encoder()
    encode_layer(coder, code)
    again = decode_layer(new_range_decoder(coded_bytes(coder)), 3, dim)
    assert again.cut == code.cut
    assert (again.chosen == code.chosen).all()
    total = again.total()
    assert float(np.square(total).mean()) == pytest.approx(1, abs=0.1)
    assert float(total @ unit) == pytest.approx(scores.gains[count], rel=1e-4)
    assert share(COUNTS[count], code.cut.blocks).sum() == COUNTS[count]
