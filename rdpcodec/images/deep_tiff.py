"""TIFF files of 16 bits, which Pillow writes of grey alone."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from rdpcodec.images.picture import Picture, Pixels, with_alpha_last
from rdpcodec.images.resolution import Resolution

_BYTE, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 3, 4, 5, 7
_SIZES = {_BYTE: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8, _UNDEFINED: 1}
_HEAD_BYTES = 8
_STRIP_BYTES = 1 << 18
_DEFLATE, _DIFFERENCES, _STRAIGHT_ALPHA = 8, 2, 2
_GREY, _RGB = 1, 2
_INCH, _PARTS = 2, 100  # resolutions are kept to the hundredth

Entry = tuple[int, int, bytes]  # tag, type, values


def tiff_of_16_bits(picture: Picture, resolution: Resolution | None = None) -> bytes:
    """Return a picture of 16 bits as a TIFF file.

    Args:
        picture: The picture.
        resolution: Dots per inch of a row and of a column, None if nobody knows.

    Returns:
        The file, with its alpha, ICC profile and XMP.
    """
    samples = _samples(picture)
    channels = samples.shape[2]
    rows = max(1, _STRIP_BYTES // (2 * channels * picture.width))
    strips = list(_strips(samples, rows))
    lengths = [len(strip) for strip in strips]
    starts = np.cumsum([_HEAD_BYTES, *lengths]).tolist()
    entries = [
        _longs(256, picture.width),
        _longs(257, picture.height),
        _shorts(258, *([16] * channels)),
        _shorts(259, _DEFLATE),
        _shorts(262, _GREY if channels == 1 else _RGB),
        _longs(273, *starts[:-1]),
        _shorts(277, channels),
        _longs(278, rows),
        _longs(279, *lengths),
        *_dots_per_inch(resolution),
        _shorts(284, 1),
        _shorts(317, _DIFFERENCES),
    ]
    if picture.alpha is not None:
        entries.append(_shorts(338, _STRAIGHT_ALPHA))
    if picture.xmp is not None:
        entries.append((700, _BYTE, picture.xmp))
    if picture.icc is not None:
        entries.append((34675, _UNDEFINED, picture.icc))
    table = starts[-1] + starts[-1] % 2
    head = b"II*\0" + struct.pack("<I", table)
    return head + b"".join(strips).ljust(table - _HEAD_BYTES, b"\0") + _directory(entries, table)


def _samples(picture: Picture) -> Pixels:
    """Return (H, W, C); Pillow and others know grey with alpha of 16 bits only as RGBA."""
    found = with_alpha_last(picture)
    return found[:, :, [0, 0, 0, 1]] if found.shape[2] == 2 else found


def _strips(samples: Pixels, rows: int) -> Iterator[bytes]:
    """Yield rows, as differences from the pixel before, deflated."""
    for top in range(0, len(samples), rows):
        block = samples[top : top + rows]
        steps = np.diff(block, axis=1, prepend=np.zeros_like(block[:, :1]))
        yield zlib.compress(steps.astype("<u2").tobytes())


def _dots_per_inch(resolution: Resolution | None) -> list[Entry]:
    if resolution is None:
        return []
    x, y = (struct.pack("<2I", round(dpi * _PARTS), _PARTS) for dpi in resolution)
    return [(282, _RATIONAL, x), (283, _RATIONAL, y), _shorts(296, _INCH)]


def _shorts(tag: int, *values: int) -> Entry:
    return tag, _SHORT, struct.pack(f"<{len(values)}H", *values)


def _longs(tag: int, *values: int) -> Entry:
    return tag, _LONG, struct.pack(f"<{len(values)}I", *values)


def _directory(entries: list[Entry], at: int) -> bytes:
    """Return the table of entries at an offset, with what does not fit into four bytes behind."""
    behind = at + 2 + 12 * len(entries) + 4
    table, rest = struct.pack("<H", len(entries)), b""
    for tag, kind, values in sorted(entries):
        field = values.ljust(4, b"\0")
        if len(values) > 4:
            field = struct.pack("<I", behind + len(rest))
            rest += values + bytes(len(values) % 2)
        table += struct.pack("<HHI", tag, kind, len(values) // _SIZES[kind]) + field
    return table + bytes(4) + rest
