"""CMYK and Lab become sRGB, by LittleCMS and with a note."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from rdpcodec.errors import ISSUE, ImageError
from rdpcodec.images import read_picture

WHITE, BLACK, RED = (0, 0, 0, 0), (0, 0, 0, 255), (0, 255, 255, 0)


def inks() -> bytes:
    """Return a CMYK profile: a lookup table of the 16 overprints, mixed from ideal inks."""
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    corners = [
        tuple(255 * (1 - k) * (1 - ink) for ink in (c, m, y))
        for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)
    ]  # fmt: skip
    colours = Image.fromarray(np.array([corners], np.uint8))
    moved = np.asarray(ImageCms.applyTransform(colours, to_lab))[0]
    table = b"".join(bytes([lightness, a ^ 128, b ^ 128]) for lightness, a, b in moved.tolist())
    straight, identity = bytes(range(256)), [65536, 0, 0, 0, 65536, 0, 0, 0, 65536]
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + struct.pack(">9i", *identity)
    lut += 4 * straight + table + 3 * straight
    text = b"desc" + bytes(4) + struct.pack(">I", 6) + b"Ideal\0" + bytes(78)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = {b"desc": text, b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": white, b"A2B0": lut}
    table_of_tags, body, start = b"", b"", 132 + 12 * len(tags)
    for name, tag in tags.items():
        table_of_tags += name + struct.pack(">II", start + len(body), len(tag))
        body += tag + bytes(-len(tag) % 4)
    head = struct.pack(">I4xI4s4s4s", start + len(body), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table_of_tags + body


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return an image as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
@pytest.mark.parametrize(
    ("ink", "expected"), [(WHITE, (255, 255, 255)), (BLACK, (0, 0, 0)), (RED, (255, 0, 0))]
)
def test_inks_look_as_their_profile_says(
    kind: str, ink: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    """Paper is white, black is black, and a note names the profile; none is stored."""
    data = saved(Image.new("CMYK", (8, 8), ink), kind, icc_profile=inks())
    picture, notes = read_picture(data)
    assert np.abs(picture.pixels.astype(int) - expected).max() <= 4
    assert picture.icc is None
    assert notes[0] == (
        "CMYK (or YCCK) colours were converted to sRGB by the profile 'Ideal'; "
        "what lies outside it was clipped"
    )


def test_a_damaged_profile_of_inks_is_refused() -> None:
    """What the colours look like is not guessed."""
    damaged = inks()[:150].ljust(700, b"\0")
    data = saved(Image.new("CMYK", (8, 8)), "TIFF", icc_profile=damaged)
    with pytest.raises(ImageError, match="profile is damaged") as caught:
        read_picture(data)
    assert caught.value.issue is ISSUE.IMAGE_UNREADABLE


def test_lab_is_converted(tmp_path: Path) -> None:
    """Numbers of Lab are colours by themselves."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(Image.fromarray(pixels), transform)
    assert lab is not None
    lab.save(tmp_path / "lab.tif")
    picture, notes = read_picture(tmp_path / "lab.tif")
    assert np.abs(picture.pixels.astype(int) - pixels).mean() < 2
    assert notes == ["Lab colours were converted to sRGB; what lies outside it was clipped"]
