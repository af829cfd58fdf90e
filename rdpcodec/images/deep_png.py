"""PNG files of 16 bits, which Pillow writes of grey alone."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from rdpcodec.images.picture import Picture, with_alpha_last
from rdpcodec.images.resolution import Resolution

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by samples of a pixel
_BLOCK_BYTES = 1 << 20  # of rows that are filtered at once, in five ways
_METRES_PER_INCH = 0.0254
_XMP = b"XML:com.adobe.xmp"

Rows = NDArray[np.uint8]


def png_of_16_bits(picture: Picture, resolution: Resolution | None = None) -> bytes:
    """Return a picture of 16 bits as a PNG file.

    Args:
        picture: The picture.
        resolution: Dots per inch of a row and of a column, None if nobody knows.

    Returns:
        The file, with its alpha, ICC profile, EXIF and XMP.
    """
    channels = picture.channels + (picture.alpha is not None)
    head = picture.width, picture.height, 16, _COLOUR_TYPES[channels], 0, 0, 0
    chunks = [(b"IHDR", struct.pack(">2I5B", *head))]
    if picture.icc is not None:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(picture.icc)))
    if resolution is not None:
        per_metre = (round(dpi / _METRES_PER_INCH) for dpi in resolution)
        chunks.append((b"pHYs", struct.pack(">2IB", *per_metre, 1)))
    if picture.exif is not None:
        chunks.append((b"eXIf", picture.exif))
    if picture.xmp is not None:
        chunks.append((b"iTXt", _XMP + bytes(5) + picture.xmp))
    chunks += [(b"IDAT", _pixels(picture, 2 * channels)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def _pixels(picture: Picture, step: int) -> bytes:
    """Return the rows, filtered and deflated; `step` is the bytes of a pixel."""
    big_endian = with_alpha_last(picture).reshape(picture.height, -1).astype(">u2")
    rows = big_endian.view(np.uint8)
    size = max(1, _BLOCK_BYTES // rows.shape[1])
    above, stream, out = np.zeros_like(rows[:1]), zlib.compressobj(), []
    for top in range(0, picture.height, size):
        block = rows[top : top + size]
        out.append(stream.compress(_filtered(block, np.vstack([above, block[:-1]]), step)))
        above = block[-1:]
    return b"".join([*out, stream.flush()])


def _filtered(rows: Rows, above: Rows, step: int) -> bytes:
    """Return rows less what the best filter of each expects of it: of the smallest differences."""
    beside, corner = (np.pad(x, ((0, 0), (step, 0)))[:, :-step] for x in (rows, above))
    mean = ((beside.astype(np.uint16) + above) // 2).astype(np.uint8)
    expected = (np.zeros_like(rows), beside, above, mean, _paeth(beside, above, corner))
    ways = np.stack([rows - each for each in expected])
    best = np.abs(ways.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64).argmin(axis=0)
    chosen = ways[best, np.arange(len(rows))]
    return np.hstack([best[:, None].astype(np.uint8), chosen]).tobytes()


def _paeth(a: Rows, b: Rows, c: Rows) -> Rows:
    """Return which of beside, above and corner is nearest to a + b - c (PNG, 9.4)."""
    to_a = b.astype(np.int16) - c
    to_b = a.astype(np.int16) - c
    to_c = np.abs(to_a + to_b)
    to_a, to_b = np.abs(to_a), np.abs(to_b)
    return np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
