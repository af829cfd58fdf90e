"""Depths that are not read are refused, however the file stores them and however it is given."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from images.tiffs import assembled
from numpy.typing import NDArray
from PIL import Image, features

import rdpcodec
from rdpcodec.errors import ISSUE, ImageError, LimitError
from rdpcodec.images import picture_from, read_picture

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def saved(image: Image.Image, kind: str) -> bytes:
    """Return an image as a file."""
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def photo(channels: int = 3) -> NDArray[np.uint8]:
    """Return 16 x 16 pixels."""
    return np.random.default_rng(3).integers(0, 256, (16, 16, channels), dtype=np.uint8)


def tiff(pieces: list[bytes], order: str, **tags: Any) -> bytes:
    """Return an uncompressed TIFF of 16 x 16 pixels from its strips or tiles."""
    tiled = tags.pop("tiled", False)
    bits = tags.pop("bits")
    entries = {256: [16], 257: [16], 258: bits, 259: [1], 262: [2], 277: [len(bits)], 284: [2]}
    if tiled:
        entries |= {322: [16], 323: [16], 324: [0] * len(pieces), 325: [len(p) for p in pieces]}
    else:
        entries |= {273: [0] * len(pieces), 278: [16], 279: [len(p) for p in pieces]}
    entries |= {int(tag[1:]): values for tag, values in tags.items()}
    return assembled(order, entries, pieces, 324 if tiled else 273)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("tiled", [False, True])
def test_planar_tiff_is_read_at_8_bits_and_refused_at_16(
    order: str, channels: int, *, tiled: bool
) -> None:
    """Planes apart, raw, in strips and tiles, of both byte orders: the depth is the file's."""
    planes = [*np.moveaxis(photo(), 2, 0), np.full((16, 16), 255, np.uint8)][:channels]
    options: dict[str, Any] = {"order": order, "tiled": tiled} | (
        {"t338": [2]} if channels == 4 else {}
    )
    plain = tiff([p.tobytes() for p in planes], bits=[8] * channels, **options)
    assert np.array_equal(read_picture(plain)[0].pixels, photo())
    deep = tiff([p.astype(order + "u2").tobytes() for p in planes], bits=[16] * channels, **options)
    with pytest.raises(ImageError, match="16-bit samples in planes apart, expected 8") as caught:
        read_picture(deep)
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED


@pytest.mark.parametrize(
    ("kind", "bits", "sentence"),
    [(2, 8, "8-bit signed samples"), (3, 32, "32-bit float samples"), (1, 12, "12-bit")],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_other_tiff_samples_are_named(kind: int, bits: int, sentence: str, channels: int) -> None:
    """Signed, float and 12-bit samples, in grey and in colour, are named."""
    pieces = [bytes(16 * 16 * bits // 8)] * channels
    data = tiff(
        pieces, "<", bits=[bits] * channels, t262=[1 if channels == 1 else 2],
        t339=[kind] * channels, t284=[1 if channels == 1 else 2],
    )  # fmt: skip
    with pytest.raises(ImageError, match=sentence) as caught:
        read_picture(data)
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED


def test_a_bmp_of_16_bits_a_pixel_has_less_than_8_a_sample() -> None:
    """A 5-6-5 BMP is read, its samples spread over 0..255."""
    columns, rows = np.meshgrid(np.arange(8), np.arange(4))
    fields = (columns * 4 << 11) | (rows * 15 << 5) | columns
    head = struct.pack("<IiiHHIIiiII", 40, 8, 4, 1, 16, 3, 64, 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    data = b"BM" + struct.pack("<IHHI", 130, 0, 0, 66) + head + masks
    picture, notes = read_picture(data + fields.astype("<u2").tobytes())
    want = np.stack([columns * 4 * 255 // 31, rows * 15 * 255 // 63, columns * 255 // 31], axis=-1)
    assert np.array_equal(picture.pixels, want[::-1])
    assert notes == []


def png16() -> bytes:
    """Return a 16-bit RGB PNG, which Pillow itself cannot write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(2 * 13)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


def avif10(free: int = 0) -> bytes:
    """Return an AVIF whose header says 10 bits, behind a box that holds nothing."""
    data = bytearray(saved(Image.fromarray(photo()), "AVIF"))
    data[data.index(b"av1C") + 6] |= 0x40
    depths = data.index(b"pixi") + 9
    data[depths : depths + 3] = b"\x0a\x0a\x0a"
    end = int.from_bytes(data[:4])
    filler = struct.pack(">I", free + 8) + b"free" + bytes(free) if free else b""
    return bytes(data[:end] + filler + data[end:])


def jpeg2000(bits: int) -> bytes:
    """Return a JPEG 2000 file whose header says so many bits."""
    data = bytearray(saved(Image.fromarray(photo()), "JPEG2000"))
    for k in range(3):
        data[data.index(b"\xff\x4f\xff\x51") + 42 + 3 * k] = bits - 1
    return bytes(data)


DEEP: dict[str, Callable[[], bytes]] = {
    "AVIF": avif10,
    "AVIF behind 70 kB": lambda: avif10(70_000),
    "JPEG 2000": lambda: jpeg2000(12),
    "PPM": lambda: b"P6 1 1 65535\n" + bytes(6),
}


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("way", ["bytes", "path", "name", "stream"])
def test_one_gate_for_files_and_pillow_images(name: str, way: str, tmp_path: Path) -> None:
    """Deep files are refused as bytes, as a path, and as images of Pillow from either."""
    if name.startswith("AVIF") and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    data = DEEP[name]()
    path = tmp_path / "deep"
    path.write_bytes(data)
    images: dict[str, Callable[[], object]] = {
        "bytes": lambda: data,
        "path": lambda: path,
        "name": lambda: Image.open(path),
        "stream": lambda: Image.open(io.BytesIO(data)),
    }
    image = images[way]()
    with pytest.raises(ImageError, match=r"1[026]-bit.* samples, expected 8-bit") as caught:
        rdpcodec.encode(image, prior="gaussian-1")
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED
    if isinstance(image, Image.Image):
        image.close()


@pytest.mark.parametrize("from_path", [False, True])
def test_a_deep_png_is_not_taken_for_one_of_8_bits_after_load(
    tmp_path: Path, *, from_path: bool
) -> None:
    """What Pillow reduces to 8 bits on `load()` is not taken for the picture."""
    path = tmp_path / "deep.png"
    path.write_bytes(png16())
    image = Image.open(path if from_path else io.BytesIO(png16()))
    image.load()
    with pytest.raises(ImageError, match="Pillow has kept 8 bits as it loaded them, expected the"):
        picture_from(image)
    assert picture_from(image.copy()).pixels.shape == (2, 2, 3)
    image.close()


@needs_avif
def test_a_loaded_image_whose_file_is_gone_is_not_guessed_at() -> None:
    """A loaded AVIF from a stream may have been deep; the sentence says how to go on."""
    image = Image.open(io.BytesIO(saved(Image.fromarray(photo()), "AVIF")))
    image.load()
    with pytest.raises(ImageError, match=r"its depth is unknown, expected the file, or image.copy"):
        picture_from(image)
    assert np.array_equal(picture_from(image.copy()).pixels, np.asarray(image))


@pytest.mark.parametrize("kind", ["BMP", "PNG"])
def test_a_loaded_image_whose_path_is_gone_is_no_missing_input(tmp_path: Path, kind: str) -> None:
    """A BMP has its 8-bit pixels and is taken; a PNG, which forgets its depth, is no RDP-603."""
    path = tmp_path / "photo"
    path.write_bytes(saved(Image.fromarray(photo()), kind))
    with Image.open(path) as image:
        image.load()
        path.unlink()
        if kind == "BMP":
            assert np.array_equal(picture_from(image).pixels, photo())
            return
        with pytest.raises(ImageError, match="its depth is unknown") as caught:
            picture_from(image)
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "TGA", "QOI"])
def test_loaded_images_of_8_bits_pass(kind: str) -> None:
    """What Pillow has loaded from a file of 8 bits is taken, with changes made since."""
    image = Image.open(io.BytesIO(saved(Image.fromarray(photo()), kind)))
    image.load()
    image.putpixel((0, 0), 7 if image.mode == "P" else (1, 2, 3))
    assert np.array_equal(picture_from(image).pixels, np.asarray(image.convert("RGB")))


def test_an_icon_is_measured_before_it_is_decoded() -> None:
    """Pillow decodes an icon as it opens it, so its pictures meet the limits before."""
    data = bytearray(saved(Image.fromarray(photo()), "ICO"))
    data[data.index(b"IHDR") + 4 : data.index(b"IHDR") + 8] = struct.pack(">I", 20_000)
    with pytest.raises(LimitError, match="the width of the image is 20000"):
        read_picture(bytes(data))
