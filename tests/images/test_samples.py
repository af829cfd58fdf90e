"""Samples of 8 and 16 bits: from numbers, from each other, and in pictures."""

import numpy as np
import pytest

from rdpcodec.images import (
    Picture,
    at_depth,
    decode_alpha,
    encode_alpha,
    on_colour,
    to_samples,
    with_depth,
    with_invisible_filled,
)

EVERY_8 = np.arange(256, dtype=np.uint8).reshape(16, 16)
EVERY_16 = np.arange(65_536, dtype=np.uint16).reshape(256, 256)


@pytest.mark.parametrize("every", [EVERY_8, EVERY_16], ids=["8 bits", "16 bits"])
def test_every_sample_is_a_number_and_comes_back(every: np.ndarray) -> None:
    """Black is -1, white 1, and float32 between them tells all samples apart."""
    white = np.iinfo(every.dtype).max
    numbers = every.astype(np.float32) / np.float32(white / 2) - np.float32(1)
    found = to_samples(numbers, 8 * every.itemsize)
    assert found.dtype == every.dtype
    np.testing.assert_array_equal(found, every)
    beyond = to_samples(np.float32([-1.5, 1.5]), 8 * every.itemsize)
    assert beyond.tolist() == [0, white]


def test_a_sample_of_8_bits_is_257_of_16_and_back() -> None:
    """White stays white; of 16 bits the nearest of 8 is taken, and no sample lies between two."""
    np.testing.assert_array_equal(at_depth(EVERY_8, 16), EVERY_8 * np.uint16(257))
    np.testing.assert_array_equal(at_depth(at_depth(EVERY_8, 16), 8), EVERY_8)
    error = at_depth(EVERY_16, 8) * 257.0 - EVERY_16
    assert np.abs(error).max() == 128
    assert at_depth(EVERY_8, 8) is EVERY_8
    assert at_depth(EVERY_16, 16) is EVERY_16


def test_a_picture_has_one_depth() -> None:
    """Pixels and alpha have the same type, and change it together."""
    picture = Picture(EVERY_16, alpha=EVERY_16.T.copy())
    assert picture.depth == 16
    reduced = with_depth(picture, 8)
    assert (reduced.depth, reduced.alpha is not None) == (8, True)
    np.testing.assert_array_equal(reduced.alpha, at_depth(EVERY_16.T, 8))  # type: ignore[arg-type]
    assert with_depth(Picture(EVERY_8), 16).depth == 16
    with pytest.raises(TypeError, match="alpha is uint8, expected uint16"):
        Picture(EVERY_16, alpha=np.zeros((256, 256), np.uint8))
    for wrong in (np.int16, np.uint32, np.float32):
        with pytest.raises(TypeError, match="expected uint8 or uint16"):
            Picture(EVERY_16.astype(wrong))


ALPHAS = {
    "noise": np.random.default_rng(0).integers(0, 65_536, (33, 17), dtype=np.uint16),
    "slope": np.minimum(np.arange(40_000, 41_000, dtype=np.uint16).reshape(40, 25) * 3, 65_535),
    "every": EVERY_16,
    "of 8 bits": EVERY_8 * np.uint16(257),
    "pixel": np.full((1, 1), 1, np.uint16),
}


@pytest.mark.parametrize("name", ALPHAS)
def test_alpha_of_16_bits_comes_back_as_it_was(name: str) -> None:
    """Without loss, as alpha of 8 bits does."""
    alpha = ALPHAS[name]
    stored = encode_alpha(alpha)
    assert stored is not None
    found = decode_alpha(*stored, alpha.shape[1], alpha.shape[0], 16)
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, alpha)


def test_alpha_of_16_bits_takes_the_forms_of_8_where_they_hold_it() -> None:
    """Multiples of 257 are stored as their numbers of 8 bits; opaque is nothing at all."""
    assert encode_alpha(np.full((9, 9), 65_535, np.uint16)) is None
    assert encode_alpha(np.full((9, 9), 257 * 7, np.uint16)) == ("constant", b"\7")
    odd = encode_alpha(np.full((9, 9), 258, np.uint16))
    assert odd is not None
    assert odd[0] == "deflate-16"
    edge = np.where(np.indices((64, 64)).sum(0) > 60, 65_535, 0).astype(np.uint16)
    stored, of_8 = encode_alpha(edge), encode_alpha(at_depth(edge, 8))
    assert stored is not None
    assert of_8 is not None
    assert len(stored[1]) <= len(of_8[1])


def test_smooth_alpha_of_16_bits_is_small() -> None:
    """Differences of a slope are alike, so that all of it takes a fraction of a byte a pixel."""
    slope = (np.add.outer(np.arange(128), np.arange(128)) * 250).astype(np.uint16)
    _, data = encode_alpha(slope) or ("", b"")
    assert 0 < len(data) < slope.size / 16


def test_what_is_invisible_becomes_smooth_at_16_bits() -> None:
    """The visible colours are extended with all their bits, and nothing visible changes."""
    pixels = np.random.default_rng(1).integers(0, 65_536, (20, 31), dtype=np.uint16)
    pixels[:, :15] = 40_001
    alpha = np.zeros((20, 31), np.uint16)
    alpha[:, :15] = 9
    filled = with_invisible_filled(Picture(pixels, alpha=alpha))
    assert np.abs(filled.pixels.astype(int) - 40_001).max() <= 1
    unseen = with_invisible_filled(Picture(pixels, alpha=np.zeros_like(alpha)))
    assert (unseen.pixels == 32_768).all()


def test_a_background_shows_through_at_16_bits() -> None:
    """A colour of CSS is meant at any depth, and the mix is not rounded to 8 bits."""
    pixels = np.full((1, 3, 3), 65_535, np.uint16)
    alpha = np.array([[0, 1, 65_535]], np.uint16)
    mixed = on_colour(Picture(pixels, alpha=alpha), "black")
    assert (mixed.depth, mixed.alpha) == (16, None)
    assert mixed.pixels[0, :, 0].tolist() == [0, 1, 65_535]
    assert on_colour(Picture(pixels, alpha=alpha), "#804020").pixels[0, 0].tolist() == [
        0x8080, 0x4040, 0x2020,
    ]  # fmt: skip
