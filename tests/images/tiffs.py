"""TIFF files that nothing of the package has written."""

import struct
from collections.abc import Mapping, Sequence


def assembled(
    order: str, entries: Mapping[int, Sequence[int]], pieces: Sequence[bytes], offsets: int
) -> bytes:
    """Return a file of a directory of LONGs and the pieces behind it.

    Args:
        order: `<` or `>`, of the bytes.
        entries: Values by tag, those of `offsets` too, as many as there are pieces.
        pieces: Strips or tiles.
        offsets: The tag that says where they are; its values are filled in.
    """
    start = 8 + 2 + 12 * len(entries) + 4
    at = start + sum(4 * len(values) for values in entries.values() if len(values) > 1)
    places = [at + sum(map(len, pieces[:k])) for k in range(len(pieces))]
    table, body = struct.pack(order + "H", len(entries)), b""
    for tag, values in sorted({**entries, offsets: places}.items()):
        packed = struct.pack(f"{order}{len(values)}I", *values)
        field = packed if len(values) == 1 else struct.pack(order + "I", start + len(body))
        table += struct.pack(order + "HHI", tag, 4, len(values)) + field
        body += packed if len(values) > 1 else b""
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "I", 8) + table + bytes(4) + body + b"".join(pieces)
