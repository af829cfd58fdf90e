"""The codebook that both coders choose from is orthogonal, unit variance and made of integers."""

import numpy as np
import pytest
from scipy.linalg import hadamard

from rdpcodec import rng
from rdpcodec.channel import ChannelStep, codebook

STEP = ChannelStep(seed=2**64 - 1, layer=5, dim=10_000, q=40)


@pytest.mark.parametrize("block", [0, 1, 63, 2**20 - 1])
def test_codewords_are_orthogonal_with_unit_variance(block: int) -> None:
    """The Gram matrix of a whole codebook is exactly 1024 times the identity."""
    book = codebook.codewords(codebook.wave(STEP, block), 1024).astype(np.float64)
    assert np.array_equal(book @ book.T, 1024 * np.eye(1024))


def test_entries_are_integers_over_32() -> None:
    """Every entry is an exact multiple of 1/32, so that all machines agree on it."""
    wave = codebook.wave(STEP, 3)
    assert wave.dtype == np.float32
    assert np.array_equal(32 * wave, np.rint(32 * wave))
    assert float(np.square(wave.astype(np.float64)).sum()) == 1024


def test_wave_is_the_transform_of_the_signs_of_its_stream() -> None:
    """The wave is the Hadamard matrix times the stream's signs over 32, by layer and block."""
    index = (STEP.layer << 20) | 3
    signs = rng.signs(STEP.seed, rng.Stream.CODEBOOK, index, 1024).astype(np.float64)
    assert np.array_equal(codebook.wave(STEP, 3), hadamard(1024) @ signs / 32)


@pytest.mark.parametrize("size", [1, 2, 8, 64, 512, 1024])
def test_walsh_hadamard_is_the_sylvester_matrix(size: int) -> None:
    """The transform equals the product with scipy's Hadamard matrix, exactly on integers."""
    values = np.random.default_rng(size).integers(-9, 10, size).astype(np.float32)
    assert np.array_equal(codebook.walsh_hadamard(values), hadamard(size) @ values)


@pytest.mark.parametrize("width", [1, 7, 256, 1000])
def test_shorter_codewords_are_cut(width: int) -> None:
    """A shorter codeword is the beginning of the whole one."""
    wave = codebook.wave(STEP, 0)
    assert np.array_equal(
        codebook.codewords(wave, width), codebook.codewords(wave, 1024)[:, :width]
    )


@pytest.mark.parametrize("size", [1, 100, 1024, 1025, 3000])
def test_entries_repeat_the_codewords(size: int) -> None:
    """The decoder's entries are those of the encoder's codewords, repeated past 1024."""
    wave = codebook.wave(STEP, 0)
    chosen = np.array([0, 1, 513, 1023, 513])
    expected = np.tile(codebook.codewords(wave, 1024), (1, 3))[chosen, :size]
    assert np.array_equal(codebook.entries(wave, chosen, size), expected)


def test_entry_formula_of_the_specification() -> None:
    """Entry i of codeword m is w[m XOR (i mod 1024)]."""
    wave = codebook.wave(STEP, 9)
    for m, i in ((0, 0), (1, 0), (1023, 1023), (77, 1024 + 5), (512, 2047)):
        assert codebook.entries(wave, np.array([m]), i + 1)[0, i] == wave[m ^ (i % 1024)]


def test_codebooks_of_seeds_layers_and_blocks_differ() -> None:
    """Nothing is drawn twice: another seed, layer or block gives an unrelated wave."""
    base = codebook.wave(STEP, 0)
    others = [
        codebook.wave(STEP, 1),
        codebook.wave(ChannelStep(seed=STEP.seed, layer=6, dim=10_000, q=40), 0),
        codebook.wave(ChannelStep(seed=1, layer=5, dim=10_000, q=40), 0),
    ]
    for other in others:
        assert abs(float(base @ other)) / 1024 < 5 / 32
