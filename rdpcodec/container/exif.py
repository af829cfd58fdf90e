"""What `inspect` wants to know of EXIF: whether it tells a place. Nothing else is read."""

import struct

_GPS = 0x8825
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRY_BYTES = 12


def tells_place(exif: bytes) -> bool:
    """Say whether EXIF has a GPS directory.

    Args:
        exif: A TIFF structure, which may be anything.

    Returns:
        True if its first directory points to one.
    """
    order = _ORDERS.get(exif[:4])
    if order is None or len(exif) < 8:
        return False
    (at,) = struct.unpack_from(f"{order}I", exif, 4)
    if at + 2 > len(exif):
        return False
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    entries = exif[at + 2 : at + 2 + count * _ENTRY_BYTES]
    whole = len(entries) // _ENTRY_BYTES
    return any(
        struct.unpack_from(f"{order}H", entries, k * _ENTRY_BYTES)[0] == _GPS for k in range(whole)
    )
