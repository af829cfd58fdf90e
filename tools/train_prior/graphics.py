"""Pages of text, flat graphics and patterns, so that none of them is foreign to the prior."""

import string

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SHAPES = 12
LINES = 30
LETTERS = np.array(list(string.ascii_letters + string.digits + "     .,;:-()"))


def draw_page(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a page of flat shapes and lines of random text, (size, size, 3)."""
    page = Image.new("RGB", (size, size), _colour(rng, light=True))
    draw = ImageDraw.Draw(page)
    for _ in range(int(rng.integers(SHAPES))):
        _draw_shape(draw, size, rng)
    top = int(rng.integers(10))
    for _ in range(LINES):
        height = int(rng.integers(9, 36))
        if top + height > size:
            break
        if rng.random() < 0.8:
            _draw_line(draw, top, height, size, rng)
        top += round(1.3 * height)
    return np.asarray(page)


def draw_pattern(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return what no photo has: a checkerboard, stripes or random pixels, (size, size, 3)."""
    across, down = np.arange(size), np.arange(size)[:, None]
    kind, period = int(rng.integers(4)), int(rng.integers(1, 9))
    if kind == 0:
        level = ((across // period + down // period) % 2).astype(np.float64)
    elif kind == 1:
        level = ((across + int(rng.integers(3)) * down) // period % 2).astype(np.float64)
    elif kind == 2:  # a ramp, dithered to two values
        level = (rng.random((size, size)) < (across + down) / (2 * size)).astype(np.float64)
    else:
        level = np.kron(rng.random((size // 8, size // 8)), np.ones((8, 8)))
    dark, bright = (np.array(_colour(rng, light=light), float) for light in (False, True))
    return np.rint(dark + level[..., None] * (bright - dark)).astype(np.uint8)


def _draw_shape(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    (x0, x1), (y0, y1) = (sorted(rng.integers(0, size, 2).tolist()) for _ in range(2))
    outline = _colour(rng) if rng.random() < 0.5 else None
    box = (x0, y0, x1 + 1, y1 + 1)
    shape = int(rng.integers(3))
    if shape == 0:
        draw.rectangle(box, fill=_colour(rng, light=True), outline=outline)
    elif shape == 1:
        draw.ellipse(box, fill=_colour(rng), outline=outline)
    else:
        draw.line(box, fill=_colour(rng), width=int(rng.integers(1, 5)))


def _draw_line(
    draw: ImageDraw.ImageDraw, top: int, height: int, size: int, rng: np.random.Generator
) -> None:
    text = "".join(rng.choice(LETTERS, int(rng.integers(3, 3 * size // height))))
    font = ImageFont.load_default(size=height)
    draw.text((int(rng.integers(40)), top), text, font=font, fill=_colour(rng, light=False))


def _colour(rng: np.random.Generator, *, light: bool | None = None) -> tuple[int, int, int]:
    low, high = {None: (0, 256), True: (160, 256), False: (0, 110)}[light]
    red, green, blue = rng.integers(low, high, 3).tolist()
    if rng.random() < 0.2:  # the ends of the range
        red, green, blue = (255 * (v > 127) for v in rng.integers(0, 256, 3).tolist())
    return (red, red, red) if rng.random() < 0.4 else (red, green, blue)
