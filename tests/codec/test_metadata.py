"""EXIF and XMP through a file and back."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

import rdpcodec
from rdpcodec import container
from rdpcodec.container import Chunk
from rdpcodec.container.exif import tells_place
from rdpcodec.errors import LimitError, MalformedError
from rdpcodec.images import Picture

EXIF = b"MM\0*\0\0\0\x08\0\1\x88\x25\0\4\0\0\0\1\0\0\0\0\0\0\0\0"
XMP = b"<x:xmpmeta/>" * 40


def test_metadata_come_back() -> None:
    """Both are in the picture of every rho, byte for byte, and named by `info`."""
    picture = Picture(np.full((9, 9), 77, np.uint8), exif=EXIF, xmp=XMP)
    received = rdpcodec.open(rdpcodec.encode(picture, prior="gaussian-1", t=2400))
    found = received.at(0)
    assert (found.exif, found.xmp) == (EXIF, XMP)
    assert [chunk["name"] for chunk in received.info["ancillary"]] == ["EXIF", "XMP"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["e", "x"])
def test_bodies_are_one_bounded_stream(kind: str) -> None:
    """Damage, tails and bombs are refused as the file is read."""
    data = rdpcodec.encode(np.full((9, 9), 77, np.uint8), prior="gaussian-1", t=2400)
    file, whole = container.parse(data), zlib.compress(XMP)
    for body in (b"", whole[:-1], whole + b"a"):
        with pytest.raises(MalformedError):
            container.build(replace(file, ancillary=(Chunk(kind, body),)))
    bomb = Chunk(kind, zlib.compress(bytes((1 << 20) + 1), 9))
    with pytest.raises(LimitError, match="ancillary_bytes"):
        container.build(replace(file, ancillary=(bomb,)))


def test_a_place_is_noticed() -> None:
    """`inspect` says that EXIF tells a place; anything else tells none."""
    assert tells_place(EXIF)
    assert not tells_place(EXIF.replace(b"\x88\x25", b"\x88\x26"))
    assert not any(tells_place(EXIF[:n]) for n in range(20))
