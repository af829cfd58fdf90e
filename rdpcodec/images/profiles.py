"""ICC profiles made from primaries and a tone curve, for files that have no profile."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)  # g a b c d of ICC type 3
_HEAD = 128


@dataclass(frozen=True)
class Colours:
    """What numbers mean in a picture.

    Attributes:
        source: Where the file says so.
        primaries: x and y of white, red, green and blue.
        gamma: The exponent from samples to light, None for the curve of sRGB.
        outranks_icc: Whether it holds although there is an ICC profile.
    """

    source: str
    primaries: tuple[float, ...] = SRGB
    gamma: float | None = None
    outranks_icc: bool = False


def make_profile(colours: Colours, mode: str) -> bytes | None:
    """Return an ICC profile of version 4.3 that says the same.

    Args:
        colours: What to say.
        mode: `L` for a grey profile, `RGB`.

    Returns:
        The profile, the same bytes for the same colours; None if there are no such colours.
    """
    curve = _curve(colours.gamma)
    tags = {b"desc": _text(colours.source), b"cprt": _text("none"), b"wtpt": _xyz(_D50)}
    if mode == "L":
        return _assemble(b"GRAY", tags | {b"kTRC": curve})
    matrix = _to_d50(np.reshape(colours.primaries, (4, 2)))
    if matrix is None:
        return None
    for k, name in enumerate((b"r", b"g", b"b")):
        tags |= {name + b"XYZ": _xyz(matrix[:, k]), name + b"TRC": curve}
    return _assemble(b"RGB ", tags)


def _to_d50(xy: Floats) -> Floats | None:
    """Return the matrix from linear RGB to XYZ with the white of profiles."""
    if not (np.isfinite(xy).all() and (xy[:, 1] > 0).all()):
        return None
    white, *primaries = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in xy)
    columns = np.stack(primaries, axis=1)
    cones = _BRADFORD @ white
    if abs(np.linalg.det(columns)) < 1e-6 or (cones <= 0).any():
        return None
    matrix = columns * np.linalg.solve(columns, white)
    adapted = np.linalg.solve(_BRADFORD, np.diag((_BRADFORD @ _D50) / cones) @ _BRADFORD)
    result = adapted @ matrix
    return result if np.abs(result).max() < 100 else None


def _curve(gamma: float | None) -> bytes:
    kind, values = (3, _SRGB_CURVE) if gamma is None else (0, (gamma,))
    return b"para" + bytes(4) + struct.pack(">HH", kind, 0) + _fixed(values)


def _xyz(values: Floats) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _fixed(values: Floats | tuple[float, ...]) -> bytes:
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def _text(text: str) -> bytes:
    coded = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(coded), 28) + coded


def _assemble(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Return head, table and tags; equal tags are stored once."""
    table, body, places = b"", b"", dict[bytes, int]()
    start = _HEAD + 4 + 12 * len(tags)
    for name, tag in tags.items():
        if tag not in places:
            places[tag] = start + len(body)
            body += tag + bytes(-len(tag) % 4)
        table += name + struct.pack(">II", places[tag], len(tag))
    head = struct.pack(">I4xI4s4s4s", start + len(body), 0x04300000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + _fixed(_D50)
    return head.ljust(_HEAD, b"\0") + struct.pack(">I", len(tags)) + table + body
