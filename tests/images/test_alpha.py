"""Alpha to bytes and back, and the colour of what is invisible."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rdpcodec.errors import ISSUE, ImageError, LimitError, MalformedError, UsageError
from rdpcodec.images import (
    Picture,
    decode_alpha,
    encode_alpha,
    encode_picture,
    for_screen,
    on_colour,
    read_picture,
    with_invisible_filled,
)
from rdpcodec.images.alpha import _webp_alpha

Pixels = NDArray[np.uint8]
SHAPES = ((1, 1), (1, 9), (7, 5), (33, 17), (64, 65))


def soft(height: int, width: int) -> Pixels:
    """Return a slope from invisible to opaque."""
    rows, columns = np.ogrid[:height, :width]
    return np.clip(4 * (rows + columns) - 40, 0, 255).astype(np.uint8)


KINDS: dict[str, Callable[[int, int], Pixels]] = {
    "noise": lambda h, w: np.random.default_rng(0).integers(0, 256, (h, w), dtype=np.uint8),
    "constant": lambda h, w: np.full((h, w), 77, np.uint8),
    "soft": soft,
    "binary": lambda h, w: np.where(soft(h, w) > 99, 255, 0).astype(np.uint8),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_alpha_comes_back_as_it_was(kind: str, shape: tuple[int, int]) -> None:
    """Every form is lossless at every size."""
    alpha = KINDS[kind](*shape)
    stored = encode_alpha(alpha)
    assert stored is not None
    assert np.array_equal(decode_alpha(*stored, shape[1], shape[0]), alpha)


def test_what_is_the_same_everywhere_costs_a_byte_or_nothing() -> None:
    """Opaque is no alpha at all, another value is that value."""
    assert encode_alpha(np.full((9, 9), 255, np.uint8)) is None
    assert encode_alpha(np.full((9, 9), 0, np.uint8)) == ("constant", b"\0")


def test_a_side_that_webp_cannot_have_is_deflated() -> None:
    """WebP ends at 16383 pixels a side, the format does not."""
    alpha = np.arange(16_384, dtype=np.uint32).astype(np.uint8)[None, :]
    stored = encode_alpha(alpha)
    assert stored is not None
    assert stored[0] == "deflate"
    assert np.array_equal(decode_alpha(*stored, 16_384, 1), alpha)


def test_damaged_alpha_is_refused() -> None:
    """Whatever libwebp cannot read is one error with an id."""
    _, data = encode_alpha(soft(64, 64)) or ("", b"")
    for cut in range(1, len(data), 7):
        with pytest.raises(MalformedError) as caught:
            decode_alpha("webp", data[:cut], 64, 64)
        assert caught.value.issue == ISSUE.BAD_ANCILLARY


def test_what_is_invisible_becomes_smooth() -> None:
    """Noise behind alpha 0 gives way to the visible colours; the rest is as it was."""
    noise = np.random.default_rng(1).integers(0, 256, (41, 30, 3), dtype=np.uint8)
    noise[:, :15] = (200, 100, 50)
    alpha = np.zeros((41, 30), np.uint8)
    alpha[:, :15] = 1
    for pixels in (noise, np.ascontiguousarray(noise[:, :, 0])):
        filled = with_invisible_filled(Picture(pixels, b"icc", alpha))
        assert np.array_equal(filled.pixels[:, :15], pixels[:, :15])
        assert np.abs(filled.pixels.astype(int) - pixels[0, 0]).max() <= 1
        assert filled.icc == b"icc"
        assert filled.alpha is alpha


def test_a_picture_that_is_all_visible_or_all_invisible() -> None:
    """The first is left alone, the second is of one colour."""
    pixels = np.random.default_rng(2).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    seen = Picture(pixels, None, np.full((8, 9), 1, np.uint8))
    assert with_invisible_filled(seen) is seen
    unseen = with_invisible_filled(Picture(pixels, None, np.zeros((8, 9), np.uint8)))
    assert np.ptp(unseen.pixels) == 0


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_files_carry_alpha(suffix: str, channels: int) -> None:
    """What was written is read again, the colours of what is invisible included."""
    shape = (33, 20) if channels == 1 else (33, 20, 3)
    pixels = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    written = Picture(pixels, alpha=soft(33, 20))
    again, _ = read_picture(encode_picture(written, suffix))
    assert np.array_equal(again.alpha, written.alpha)  # type: ignore[arg-type]
    grey_webp = suffix == ".webp" and channels == 1
    assert np.array_equal(again.grey if grey_webp else again.pixels, pixels)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".bmp", ".ppm", ".pgm"])
def test_formats_without_alpha_are_refused(suffix: str) -> None:
    """Alpha is never left out without a word, and a background is the way out."""
    picture = Picture(np.zeros((9, 9), np.uint8), alpha=soft(9, 9))
    with pytest.raises(UsageError, match="--background"):
        encode_picture(picture, suffix)
    assert encode_picture(on_colour(picture, "white"), suffix)


def test_a_background_is_mixed_in() -> None:
    """Half of red on blue is violet; colours that do not fit are refused."""
    red = np.tile(np.array([255, 0, 0], np.uint8), (2, 2, 1))
    mixed = on_colour(Picture(red, b"icc", np.full((2, 2), 128, np.uint8)), "blue")
    assert mixed.pixels[0, 0].tolist() == [128, 0, 127]
    assert (mixed.icc, mixed.alpha) == (b"icc", None)
    grey = Picture(red[:, :, 0].copy(), alpha=np.zeros((2, 2), np.uint8))
    assert on_colour(grey, "#404040").pixels.tolist() == [[64, 64], [64, 64]]
    for colour in ("no colour", "blue", "#ffffff80"):
        with pytest.raises(UsageError, match="background"):
            on_colour(grey, colour)


def test_the_screen_shows_squares_behind() -> None:
    """What is transparent looks so in a terminal."""
    clear = Picture(np.zeros((32, 32, 3), np.uint8), alpha=np.zeros((32, 32), np.uint8))
    assert set(for_screen(clear, 32).ravel().tolist()) == {102, 153}


def test_an_opaque_picture_can_be_asked_for() -> None:
    """Who cannot use alpha refuses it by name."""
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 4)).save(out, "PNG")
    with pytest.raises(ImageError, match="alpha"):
        read_picture(out.getvalue(), opaque=True)


def test_more_pixels_than_pillow_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where limits are raised above Pillow's own, that one is told as ours are."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    data = _webp_alpha(soft(33, 17))
    with pytest.raises(
        LimitError, match="pixels of the image is 561, above the limit 20"
    ) as caught:
        decode_alpha("webp", data, 17, 33)
    assert caught.value.issue is ISSUE.LIMIT_PIXELS
