"""Metadata that are not stored are named, each kind where its format keeps it."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rdpcodec.images import read_picture

NO_DPI = ", which means that none is known"
IPTC = b"\x1c\x02\x74\0\x04(c)M"


def saved(kind: str, **options: Any) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(out, kind, **options)
    return out.getvalue()


def with_segment(marker: int, body: bytes) -> bytes:
    """Return a JPEG with one more segment."""
    data = saved("JPEG")
    return data[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + data[2:]


def resource(number: int, body: bytes) -> bytes:
    """Return a JPEG with a Photoshop resource."""
    head = b"Photoshop 3.0\x008BIM" + struct.pack(">HHI", number, 0, len(body))
    return with_segment(0xED, head + body + bytes(len(body) % 2))


def png_with(kind: bytes, body: bytes) -> bytes:
    """Return a PNG with one more chunk."""
    data, checksum = saved("PNG"), struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + struct.pack(">I", len(body)) + kind + body + checksum + data[33:]


def webp_with(kind: bytes, body: bytes) -> bytes:
    """Return a WebP with one more chunk."""
    data = saved("WEBP") + kind + struct.pack("<I", len(body)) + body
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


CASES: dict[str, tuple[bytes, str]] = {
    "IPTC in JPEG": (resource(0x0404, IPTC), "IPTC metadata"),
    "IPTC in TIFF": (saved("TIFF", tiffinfo={33723: IPTC}), "IPTC metadata"),
    "Photoshop": (resource(0x0425, bytes(16)), "Photoshop metadata"),
    "C2PA in JPEG": (with_segment(0xEB, b"JP\0\0" + b"jumbc2pa"), "C2PA metadata"),
    "C2PA in PNG": (png_with(b"caBX", b"jumb"), "C2PA metadata"),
    "C2PA in WebP": (webp_with(b"C2PA", b"jumb"), "C2PA metadata"),
    "default of TIFF": (saved("TIFF", dpi=(72, 72)), f"the resolution of 72 dpi{NO_DPI}"),
    "default of PNG": (saved("PNG", dpi=(96, 96)), f"the resolution of 96 dpi{NO_DPI}"),
    "pixel shape": (png_with(b"pHYs", struct.pack(">IIB", 2, 1, 0)), "the pixel aspect ratio 2:1"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_is_named(name: str) -> None:
    """One note names what is left out."""
    data, found = CASES[name]
    assert read_picture(data)[1] == [f"not stored: {found}"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_plain_file_has_no_note(kind: str) -> None:
    """What Pillow fills in by itself is no metadata."""
    assert read_picture(saved(kind))[1] == []
