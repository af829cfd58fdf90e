"""The file behind an image of Pillow, which knows more than the image does."""

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from rdpcodec.errors import InputError, LimitError
from rdpcodec.files import read_file, read_stream
from rdpcodec.limits import Limits

_HOLDS_ITS_DATA = ("AVIF", "WEBP")  # the decoder has read the file already
_PARENT = {"MPO": "JPEG"}


def source_of(image: Image.Image, limits: Limits) -> bytes | None:
    """Return the content of the file that an image was opened from.

    Args:
        image: An image, loaded or not.
        limits: Bounds `file_bytes`.

    Returns:
        The file; None if there is none, or if it is out of reach or another one by now.
    """
    if not isinstance(image, ImageFile.ImageFile):
        return None
    data = _from_stream(image, limits) or _from_name(image, limits)
    return data if data is not None and _is_of_format(data, image.format) else None


def is_closed(image: Image.Image) -> bool:
    """Say whether the pixels of an image are still in a file that is closed.

    Args:
        image: An image.

    Returns:
        True if it cannot be loaded any more.
    """
    if not isinstance(image, ImageFile.ImageFile):
        return False
    if not image.tile or image.format in _HOLDS_ITS_DATA:
        return False
    return image.fp is None or image.fp.closed


def _from_stream(image: ImageFile.ImageFile, limits: Limits) -> bytes | None:
    streams: tuple[Any, Any] = (image.fp, getattr(image, "_fp", None))
    for stream in streams:
        if stream is None:
            continue
        try:  # Pillow's place-holder for a closed stream raises ValueError at everything
            place = stream.tell()
            stream.seek(0)
            data = read_stream(stream, limits)
            stream.seek(place)
        except (AttributeError, OSError, ValueError, LimitError):
            continue
        return data
    return None


def _from_name(image: ImageFile.ImageFile, limits: Limits) -> bytes | None:
    if not image.filename:
        return None
    path = image.filename if isinstance(image.filename, str) else image.filename.decode()
    try:
        return read_file(Path(path), limits)
    except (InputError, LimitError):
        return None


def _is_of_format(data: bytes, name: str | None) -> bool:
    """Say whether a file still begins like that of the image."""
    try:
        with Image.open(io.BytesIO(data), formats=[_PARENT.get(name or "", name or "")]) as file:
            return file.format == name
    except (OSError, KeyError, ValueError):
        return False
