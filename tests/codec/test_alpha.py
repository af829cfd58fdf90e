"""Transparent pictures through a file and back."""

import io

import numpy as np
from PIL import Image

import rdpcodec
from rdpcodec.images import Picture

SIDE = 24
ALPHA = np.clip(np.arange(SIDE * SIDE, dtype=np.int64).reshape(SIDE, SIDE) - 100, 0, 255).astype(
    np.uint8
)
COLOURS = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def encoded(image: object) -> bytes:
    """Return a small file."""
    return rdpcodec.encode(image, prior="gaussian-1", t=2000)


def test_alpha_comes_back_at_every_rho_and_layer() -> None:
    """It is no part of what is coded with loss."""
    received = rdpcodec.open(encoded(Picture(COLOURS, alpha=ALPHA)))
    for picture in (received.at(0), received.at(1), received.layers(1).at(0.5)):
        assert np.array_equal(picture.alpha, ALPHA)  # type: ignore[arg-type]
        assert picture.channels == 3


def test_arrays_images_and_files_carry_alpha_alike() -> None:
    """Whatever holds a picture gives the same file."""
    pixels = np.dstack([COLOURS, ALPHA])
    image, saved = Image.fromarray(pixels), io.BytesIO()
    image.save(saved, "PNG")
    expected = encoded(Picture(COLOURS, alpha=ALPHA))
    assert all(encoded(each) == expected for each in (pixels, image, saved.getvalue()))
    grey = np.dstack([COLOURS[:, :, 0], ALPHA])
    assert encoded(grey) == encoded(Picture(COLOURS[:, :, 0].copy(), alpha=ALPHA))


def test_what_is_invisible_does_not_change_the_file() -> None:
    """Its colours cost nothing: any give the same bytes."""
    other = np.where(ALPHA[:, :, None] == 0, 255 - COLOURS, COLOURS)
    assert encoded(Picture(COLOURS, alpha=ALPHA)) == encoded(Picture(other, alpha=ALPHA))


def test_opaque_alpha_costs_nothing() -> None:
    """A picture whose alpha is 255 is that without alpha."""
    full = np.full((SIDE, SIDE), 255, np.uint8)
    assert encoded(Picture(COLOURS, alpha=full)) == encoded(COLOURS)


def test_a_cut_file_has_alpha_whole() -> None:
    """Alpha lies before the picture data."""
    data = encoded(Picture(COLOURS, alpha=ALPHA))
    picture = rdpcodec.decode(data[:-40], allow_partial=True)
    assert np.array_equal(picture.alpha, ALPHA)  # type: ignore[arg-type]
