"""Draws one detail of a photo side by side: a row for each file, a column for each rho."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rdpcodec.images import Picture

TILE_PX = 320
GAP_PX = 12
TEXT_PX = 20
LINE_PX = TEXT_PX + GAP_PX
INK, PAPER = (235, 235, 235), (24, 24, 24)

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Reading:
    """A file read at one rho."""

    rho: float
    picture: Picture
    psnr_db: float


@dataclass(frozen=True)
class Row:
    """A file: what to call it, and its readings."""

    name: str
    readings: tuple[Reading, ...]


def draw(original: Picture, rows: list[Row]) -> Image.Image:
    """Return the original and every reading, pixel for pixel.

    Args:
        original: The picture that was compressed.
        rows: The files, each read at the same rhos.

    Returns:
        The busiest `TILE_PX` x `TILE_PX` of each, with captions.
    """
    box = busiest(original, TILE_PX)
    width, height = box[2] - box[0], box[3] - box[1]
    columns = 1 + len(rows[0].readings)
    size = GAP_PX + columns * (width + GAP_PX), 2 * LINE_PX + len(rows) * (height + LINE_PX)
    sheet = Image.new("RGB", size, PAPER)
    heads = ["original", *(f"rho = {reading.rho:g}" for reading in rows[0].readings)]
    _write(sheet, heads, GAP_PX, width)
    for k, row in enumerate(rows):
        top = GAP_PX + LINE_PX + k * (height + LINE_PX)
        pictures = [original, *(reading.picture for reading in row.readings)]
        for column, picture in enumerate(pictures):
            tile = Image.fromarray(picture.pixels).convert("RGB").crop(box)
            sheet.paste(tile, (GAP_PX + column * (width + GAP_PX), top))
        notes = [row.name, *(f"{reading.psnr_db:.2f} dB" for reading in row.readings)]
        _write(sheet, notes, top + height + GAP_PX // 3, width)
    return sheet


def _write(sheet: Image.Image, texts: list[str], top: int, width: int) -> None:
    """Write one text above or below each column."""
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_PX)
    for column, text in enumerate(texts):
        pen.text((GAP_PX + column * (width + GAP_PX), top), text, INK, font)


def busiest(picture: Picture, side: int) -> Box:
    """Return left, top, right and bottom of the part with most fine detail, `side` at most."""
    width, height = min(side, picture.width), min(side, picture.height)
    grey = np.asarray(Image.fromarray(picture.pixels).convert("L"), dtype=np.float64)
    slopes = np.zeros_like(grey)
    slopes[1:, 1:] = np.abs(np.diff(grey, axis=0)[:, 1:]) + np.abs(np.diff(grey, axis=1)[1:])
    corners = [
        (x, y)
        for y in range(0, picture.height - height + 1, max(1, height // 4))
        for x in range(0, picture.width - width + 1, max(1, width // 4))
    ]
    x, y = max(corners, key=lambda c: slopes[c[1] : c[1] + height, c[0] : c[0] + width].sum())
    return x, y, x + width, y + height
