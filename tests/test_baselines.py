"""The baselines are real codecs: bytes that decode, of the size asked for, or a clean refusal."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rdpcodec.bench.baselines import ranges
from rdpcodec.bench.baselines.atoms import COUNTS, decode_layer, encode_layer, score, share
from rdpcodec.bench.baselines.base import BaselineCodec
from rdpcodec.bench.baselines.blocks import from_bands, to_bands
from rdpcodec.bench.baselines.ddcm import (
    DdcmCodec,
    best_codeword,
    codeword,
    ladder,
    pack_indices,
    unpack_indices,
)
from rdpcodec.bench.baselines.dithered import DitheredCodec
from rdpcodec.bench.baselines.envelope import Envelope, seal, unseal
from rdpcodec.bench.baselines.fold import Cut, fold, unfold
from rdpcodec.bench.baselines.passes import passes
from rdpcodec.bench.baselines.turbo_ddcm import TurboDdcmCodec
from rdpcodec.metrics import psnr
from rdpcodec.priors import load_prior

CODECS = (DdcmCodec, TurboDdcmCodec, DitheredCodec)
TARGETS = {DdcmCodec: (60, 160), TurboDdcmCodec: (150, 900), DitheredCodec: (250, 1100)}
MakeCodec = Callable[..., BaselineCodec]
MakePhoto = Callable[..., NDArray[np.uint8]]

pytestmark = pytest.mark.usefixtures("one_thread")


def make(codec: MakeCodec) -> BaselineCodec:
    """Return a fresh codec with the closed-form prior."""
    return codec(load_prior("gaussian-1"))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(64, 48), (37, 51)])
@pytest.mark.parametrize("codec", CODECS)
def test_a_fresh_codec_decodes_and_more_bytes_are_better(
    codec: MakeCodec, size: tuple[int, int], photo: MakePhoto
) -> None:
    """A file keeps to its target, fills most of it, and decodes in a codec that knows no more."""
    picture = photo(*size)
    quality = []
    for target in TARGETS[codec]:
        data = make(codec).encode(picture, target)
        assert 0.9 * target <= len(data) <= target
        decoded = make(codec).decode(data)
        assert decoded.shape == picture.shape
        assert decoded.dtype == np.uint8
        quality.append(psnr(picture, decoded))
    assert quality[1] > quality[0] + 0.3
    assert quality[0] > psnr(picture, np.full_like(picture, 128))


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_rho_changes_the_picture_and_encoding_repeats(codec: MakeCodec, photo: MakePhoto) -> None:
    """The same picture gives the same bytes, and one file reads differently at either end."""
    picture, target = photo(64, 48), TARGETS[codec][0]
    data = make(codec).encode(picture, target)
    assert data == make(codec).encode(picture, target)
    assert (make(codec).decode(data, 1.0) != make(codec).decode(data, 0.0)).any()


@pytest.mark.parametrize("codec", CODECS)
def test_an_impossible_target_gives_the_smallest_file(codec: MakeCodec, photo: MakePhoto) -> None:
    """With no room at all there is still a file, a small one."""
    picture = photo(24, 17)
    data = make(codec).encode(picture, 0)
    assert len(data) <= 40
    assert make(codec).decode(data).shape == picture.shape


@pytest.mark.parametrize("codec", CODECS)
def test_damage_is_refused(codec: MakeCodec, photo: MakePhoto) -> None:
    """Any flipped bit, any missing end and another codec's file are a ValueError."""
    data = make(codec).encode(photo(24, 17), 80)
    for length in range(len(data)):
        with pytest.raises(ValueError, match="file"):
            make(codec).decode(data[:length])
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        with pytest.raises(ValueError, match="file"):
            make(codec).decode(bytes(damaged))
    other = CODECS[(CODECS.index(codec) + 1) % 3]
    with pytest.raises(ValueError, match="not a file of kind"):
        make(other).decode(data)


@pytest.mark.parametrize("codec", CODECS)
def test_hostile_bodies_are_values_or_refusals(codec: MakeCodec) -> None:
    """A body of any bytes under a right checksum decodes or is a ValueError."""
    drawn = np.random.default_rng(5)
    for length in (0, 1, 3, 5, 9, 30, 60):
        body = drawn.integers(0, 256, length, dtype=np.uint8).tobytes()
        data = seal(Envelope(codec.kind, 9, 10, b"\x08" + body[1:]))
        try:
            assert make(codec).decode(data).shape == (9, 10, 3)
        except ValueError:
            continue


def test_grey_pictures_and_huge_sides_are_refused() -> None:
    """A baseline takes RGB, and sides that its header can hold."""
    with pytest.raises(ValueError, match="shape"):
        make(DitheredCodec).encode(np.zeros((8, 8), dtype=np.uint8), 100)
    with pytest.raises(ValueError, match="65535"):
        seal(Envelope(1, 2**16, 1, b""))
    with pytest.raises(ValueError, match="kind"):
        unseal(seal(Envelope(1, 0, 1, b"")), 1)


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
    assert steps[0].above == float("inf")
    assert steps[-1].below == pytest.approx(2.0**-4)
    assert np.allclose(np.diff([1 / step.below for step in steps]), 2.0)


@pytest.mark.parametrize(("dim", "bits"), [(9216, 300), (1001, 90), (40_000, 4000)])
def test_layers_of_atoms_come_back(dim: int, bits: int) -> None:
    """Atoms, signs and blocks survive the code, and their sum has unit variance."""
    vector = np.random.default_rng(dim).standard_normal(dim).astype(np.float32)
    unit = vector / np.linalg.norm(vector)
    scores = score(unit, 3, bits, 16)
    count = next(i for i in scores.counts if COUNTS[i] >= 20)
    code = scores.choose(count)
    coder = ranges.new_encoder()
    encode_layer(coder, code)
    again = decode_layer(ranges.new_decoder(ranges.to_bytes(coder)), 3, dim)
    assert again.cut == code.cut
    assert (again.chosen == code.chosen).all()
    total = again.total()
    assert float(np.square(total).mean()) == pytest.approx(1, abs=0.1)
    assert float(total @ unit) == pytest.approx(scores.gains[count], rel=1e-4)
    assert share(COUNTS[count], code.cut.blocks).sum() == COUNTS[count]


@given(st.integers(1, 9), st.integers(60, 700))
def test_fold_is_the_adjoint_of_unfold(blocks: int, dim: int) -> None:
    """<fold(x), r> = <x, unfold(r)>, also where blocks do not divide the picture."""
    cut = Cut(layer=2, dim=dim, blocks=blocks, width=16)
    drawn = np.random.default_rng(dim)
    x = drawn.standard_normal(dim).astype(np.float32)
    rows = drawn.standard_normal((blocks, 16)).astype(np.float32)
    left, right = float((fold(x, cut) * rows).sum()), float(x @ unfold(rows, cut))
    assert left == pytest.approx(right, abs=1e-3)


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
