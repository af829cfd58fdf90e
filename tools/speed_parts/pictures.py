"""Pictures of any size, made of photos whose pixels stay as they are: nothing is scaled."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

Size = tuple[int, int]
PHOTO = Path(__file__).parents[2] / "docs" / "images" / "photo.webp"


def name(size: Size) -> str:
    """Return WIDTHxHEIGHT."""
    return f"{size[0]}x{size[1]}"


def photo(path: Path) -> Image.Image:
    """Return a photo in RGB.

    Raises:
        OSError: If it cannot be read.
    """
    with Image.open(path) as image:
        return image.convert("RGB")


def picture(photos: Sequence[Image.Image], size: Size) -> tuple[Image.Image, str]:
    """Return a picture, and in words how it was made.

    Args:
        photos: One or more, in RGB.
        size: Width and height, pixels.

    Returns:
        The middle of the first photo that holds it, without a colour profile, else a mosaic.
    """
    for each in photos:
        if each.width >= size[0] and each.height >= size[1]:
            return middle(each, size), "the middle of a photo"
    return mosaic(photos, size)


def mosaic(photos: Sequence[Image.Image], size: Size) -> tuple[Image.Image, str]:
    """Return pieces of the photos in turn, row by row, and in words what they are.

    Every second one is mirrored, across and down, so that a photo goes on smoothly in itself.
    """
    width, height = min(each.width for each in photos), min(each.height for each in photos)
    canvas = Image.new("RGB", size)
    columns, rows = -(-size[0] // width), -(-size[1] // height)
    for k in range(columns * rows):
        row, column = divmod(k, columns)
        piece = middle(photos[k % len(photos)], (width, height))
        piece = ImageOps.mirror(piece) if column % 2 else piece
        piece = ImageOps.flip(piece) if row % 2 else piece
        canvas.paste(piece, (column * width, row * height))
    count = f"{len(photos)} photo" + ("s" if len(photos) > 1 else "")
    return canvas, f"a mosaic of {count} in mirrored pieces of {width}x{height}"


def middle(image: Image.Image, size: Size) -> Image.Image:
    """Return the middle of an image, its pixels alone."""
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 2
    canvas = Image.new("RGB", size)
    canvas.paste(image, (-left, -top))
    return canvas
