"""Image files of 16 bits, read and written with all of them."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from images.tiffs import assembled
from numpy.typing import NDArray
from PIL import Image

from rdpcodec.errors import ISSUE, ImageError, LimitError, RdpError
from rdpcodec.images import Picture, encode_picture, picture_from, read_picture
from rdpcodec.limits import DEFAULT

Deep = NDArray[np.uint16]
FIXTURES = Path(__file__).parents[2] / "fixtures"
H, W = 21, 34
EXIF_TURNED = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"  # orientation 6
XMP = b"<x:xmpmeta>\xc3\xa4</x:xmpmeta>"
# Adam7: where each pass begins, and its steps, by rows and columns.
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
          (1, 0, 2, 1))  # fmt: skip


def photo(channels: int) -> Deep:
    """Return (H, W, C): a slope whose low bytes are busy, and noise in its corner."""
    slope = np.add.outer(np.arange(H) * 700, np.arange(W) * 1000)[:, :, None]
    found = (slope + np.arange(channels) * 5000 + 77).astype(np.uint16)
    found[:9, :9] = np.random.default_rng(channels).integers(0, 65_536, (9, 9, channels))
    return found


def picture(channels: int) -> Picture:
    """Return a picture of 1 or 3 channels, with alpha for 2 and 4."""
    samples = photo(channels)
    alpha = np.ascontiguousarray(samples[:, :, -1]) if channels in (2, 4) else None
    colours = samples[:, :, : 1 if channels < 3 else 3]
    return Picture(np.ascontiguousarray(colours[:, :, 0] if channels < 3 else colours), alpha=alpha)


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(samples: Deep, *extra: tuple[bytes, bytes], interlaced: bool = False) -> bytes:
    """Return a PNG of 16 bits without filters, which nothing of the package has written."""
    height, width, channels = samples.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, interlaced)
    parts = [samples]
    if interlaced:
        parts = [samples[top::down, left::right] for top, left, down, right in PASSES]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in parts for row in part)
    chunks = [(b"IHDR", head), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def tiff(samples: Deep, order: str, **tags: int) -> bytes:
    """Return a plain TIFF of 16 bits, which nothing of the package has written."""
    height, width, channels = samples.shape
    strips = [strip.astype(order + "u2").tobytes() for strip in np.array_split(samples, 3)]
    entries = {256: [width], 257: [height], 258: [16] * channels, 259: [1], 277: [channels],
               262: [1 if channels == 1 else 2], 278: [7], 284: [1]}  # fmt: skip
    entries |= {int(tag[1:]): [value] for tag, value in tags.items()}
    entries |= {273: [0] * 3, 279: [len(strip) for strip in strips]}
    return assembled(order, entries, strips, 273)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_is_written_is_read_with_all_bits(suffix: str, channels: int) -> None:
    """Grey and RGB, with and without alpha; TIFF has grey with alpha as RGB of equal channels."""
    written = picture(channels)
    again, _ = read_picture(encode_picture(written, suffix))
    assert again.depth == 16
    pixels = again.grey if (suffix, channels) == (".tif", 2) else again.pixels
    np.testing.assert_array_equal(pixels, written.pixels)  # type: ignore[arg-type]
    assert (again.alpha is None) == (written.alpha is None)
    if written.alpha is not None:
        np.testing.assert_array_equal(again.alpha, written.alpha)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 90_000, 3), (3, 50_000, 1), (2000, 1, 3)])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_blocks_of_any_shape_are_written(shape: tuple[int, ...], suffix: str) -> None:
    """One pixel, rows longer than a block, and columns."""
    samples = np.random.default_rng(0).integers(0, 65_536, shape, dtype=np.uint16)
    pixels = samples[:, :, 0] if shape[2] == 1 else samples
    data = encode_picture(Picture(np.ascontiguousarray(pixels)), suffix)
    found, _ = read_picture(data, replace(DEFAULT, side=100_000))
    np.testing.assert_array_equal(found.pixels, pixels)


def test_filters_make_a_smooth_picture_small() -> None:
    """Files of a slope are far below its samples."""
    slope = np.add.outer(np.arange(256) * 100, np.arange(256) * 90).astype(np.uint16)
    assert len(encode_picture(Picture(slope), ".png")) < slope.nbytes / 50
    assert len(encode_picture(Picture(slope), ".tif")) < slope.nbytes / 50


def test_every_filter_of_png_is_chosen_where_it_fits_and_undone() -> None:
    """Rows that are each what one filter expects, but for the first pixel."""
    rows = np.random.default_rng(4).integers(0, 256, (6, 6 * 40), dtype=np.uint8).astype(int)
    rows[1, 6:], rows[3] = 0, rows[2]
    for i in range(6, rows.shape[1]):
        beside, corner = rows[:, i - 6].tolist(), rows[4, i - 6]
        rows[0, i] = beside[0]
        rows[4, i] = (beside[4] + rows[3, i]) // 2
        guess = beside[5] + rows[4, i] - corner
        rows[5, i] = min((beside[5], rows[4, i], corner), key=lambda x: abs(x - guess))
    pixels = rows.astype(np.uint8).view(">u2").astype(np.uint16).reshape(6, 40, 3)
    data = encode_picture(Picture(pixels), ".png")
    at = data.index(b"IDAT")
    raw = zlib.decompress(data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at])])
    assert [*raw[:: 1 + 6 * 40]][:2] == [1, 0]
    assert [*raw[:: 1 + 6 * 40]][3:] == [2, 3, 4]
    np.testing.assert_array_equal(read_picture(data)[0].pixels, pixels)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_profile_and_metadata_are_in_the_file(suffix: str) -> None:
    """ICC and XMP in both, EXIF in PNG, as in files of 8 bits."""
    with Image.open(FIXTURES / "valid/alpha-webp/expected_rho0_geodesic.png") as image:
        icc = image.info["icc_profile"]
    exif = b"MM\0*\0\0\0\x08\0\1\x01\x0e\0\2\0\0\0\2A\0\0\0\0\0\0\0"
    full = replace(picture(3), icc=icc, exif=exif, xmp=XMP)
    again, _ = read_picture(encode_picture(full, suffix))
    assert (again.icc, again.xmp) == (icc, XMP)
    assert (again.exif is not None) == (suffix == ".png")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_png_of_others(channels: int, *, interlaced: bool) -> None:
    """Every kind of PNG of 16 bits, interlaced ones too, has the samples of its file."""
    samples = photo(channels)
    found, notes = read_picture(png(samples, interlaced=interlaced))
    expected = picture(channels)
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    assert notes == []
    if expected.alpha is not None:
        np.testing.assert_array_equal(found.alpha, expected.alpha)  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_transparent_colour_of_16_bits_is_that_colour_alone(channels: int) -> None:
    """Pixels that differ from tRNS in the last bit are opaque."""
    samples = photo(channels)
    samples[3:5, 4] = samples[20, 30]
    samples[5, 4] = samples[20, 30] ^ 1
    key = samples[20, 30].astype(">u2").tobytes()
    found, notes = read_picture(png(samples, (b"tRNS", key)))
    hidden = (samples == samples[20, 30]).all(axis=2)
    assert hidden.sum() == 3
    np.testing.assert_array_equal(found.alpha, np.where(hidden, 0, 65_535))  # type: ignore[arg-type]
    assert notes == ["the colours of invisible pixels (alpha 0) are not stored"]


def test_alpha_that_says_nothing_is_dropped() -> None:
    """An opaque channel is no alpha, as in files of 8 bits; 65534 is not opaque."""
    samples = photo(4)
    samples[:, :, 3] = 65_535
    found, notes = read_picture(png(samples))
    assert (found.alpha, notes) == (None, ["the alpha channel is fully opaque and was dropped"])
    samples[0, 0, 3] = 65_534
    assert read_picture(png(samples))[0].alpha is not None


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("channels", "tags"), [(1, {}), (3, {}), (4, {"t338": 2}), (4, {})])
def test_tiff_of_others(order: str, channels: int, tags: dict[str, int]) -> None:
    """Plain TIFFs of both byte orders, in strips."""
    found, _ = read_picture(tiff(photo(channels), order, **tags))
    expected = picture(channels)
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    if expected.alpha is not None:
        np.testing.assert_array_equal(found.alpha, expected.alpha)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_fourth_sample_that_is_no_alpha_is_left_out(order: str) -> None:
    """ExtraSamples 0 says that nobody knows what it means."""
    found, _ = read_picture(tiff(photo(4), order, t338=0))
    np.testing.assert_array_equal(found.pixels, photo(4)[:, :, :3])
    assert found.alpha is None


@pytest.mark.parametrize("order", ["<", ">"])
def test_premultiplied_colours_are_divided(order: str) -> None:
    """ExtraSamples 1: what comes out is the colour before alpha, as near as its samples tell."""
    straight = photo(4)
    straight[:, :, 3] = np.maximum(straight[:, :, 3], 20_000)
    share = straight[:, :, 3:] / 65_535
    stored = straight.copy()
    stored[:, :, :3] = np.rint(straight[:, :, :3] * share)
    found, _ = read_picture(tiff(stored, order, t338=1))
    assert np.abs(found.pixels.astype(int) - straight[:, :, :3]).max() <= 2
    np.testing.assert_array_equal(found.alpha, straight[:, :, 3])  # type: ignore[arg-type]


def test_a_negative_is_turned_into_a_positive() -> None:
    """WhiteIsZero: 0 is white; Pillow leaves such samples as they are."""
    found, _ = read_picture(tiff(photo(1), "<", t262=0))
    np.testing.assert_array_equal(found.pixels, 65_535 - photo(1)[:, :, 0])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_orientation_turns_both_bytes(channels: int) -> None:
    """EXIF in a PNG: the picture is upright, and none of its bytes was left lying."""
    found, notes = read_picture(png(photo(channels), (b"eXIf", EXIF_TURNED)))
    expected = np.rot90(picture(channels).pixels, -1)
    np.testing.assert_array_equal(found.pixels, expected)
    assert notes == ["EXIF orientation 6 was applied"]


@pytest.mark.parametrize("channels", [1, 3])
def test_orientation_of_a_tiff_turns_both_bytes(channels: int) -> None:
    """Pillow turns a TIFF as it loads it."""
    found, _ = read_picture(tiff(photo(channels), "<", t274=6))
    np.testing.assert_array_equal(found.pixels, np.rot90(picture(channels).pixels, -1))


DAMAGED: dict[str, Callable[[], bytes]] = {
    "png": lambda: encode_picture(picture(3), ".png"),
    "png of grey and alpha": lambda: encode_picture(picture(2), ".png"),
    "tiff": lambda: encode_picture(picture(4), ".tif"),
    "plain tiff": lambda: tiff(photo(3), ">"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_one_sentence(name: str) -> None:
    """A file that is cut anywhere, or has a wrong byte, is read or refused by an id."""
    data = DAMAGED[name]()
    drawn = np.random.default_rng(0)
    files = [data[:cut] for cut in range(1, len(data), max(1, len(data) // 60))]
    places = drawn.integers(0, len(data), 150)
    files += [data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :] for at in places]
    refused = 0
    for damaged in files:
        try:
            found, _ = read_picture(damaged)
        except RdpError:
            refused += 1
        else:
            assert found.depth in (8, 16)
    assert refused > 60


def test_limits_hold_before_pixels_are_decoded() -> None:
    """A PNG of 16 bits that announces too many pixels is refused although it has no data."""
    for sides, match in (((20_000, 1), "width"), ((10_000, 10_000), "number of pixels")):
        head = struct.pack(">IIBBBBB", *sides, 16, 6, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"")
        with pytest.raises(LimitError, match=match):
            read_picture(data)


@pytest.mark.parametrize(
    ("kind", "channels"), [("png", 1), ("png", 2), ("png", 3), ("png", 4), ("tiff", 1), ("tiff", 3)]
)
def test_an_image_of_pillow_that_is_not_loaded_has_all_bits(kind: str, channels: int) -> None:
    """What Pillow would reduce as it loads it is read from the file behind the image."""
    data = png(photo(channels)) if kind == "png" else tiff(photo(channels), "<")
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(picture_from(image).pixels, picture(channels).pixels)


def test_an_image_of_pillow_that_is_loaded_has_what_pillow_kept() -> None:
    """Grey of 16 bits is a mode of Pillow, with or without a file; colours are refused."""
    grey = picture(1).pixels
    with Image.open(io.BytesIO(png(photo(1)))) as image:
        image.load()
        image.putpixel((0, 0), 4711)
        found = picture_from(image).pixels
        assert (found.dtype, found[0, 0]) == (np.uint16, 4711)
        np.testing.assert_array_equal(found[1:], grey[1:])
    np.testing.assert_array_equal(picture_from(Image.fromarray(grey)).pixels, grey)
    with Image.open(io.BytesIO(tiff(photo(3), "<"))) as image:
        image.load()
        with pytest.raises(ImageError, match="Pillow has kept 8 bits") as caught:
            picture_from(image)
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED


def test_a_tiff_of_grey_with_alpha_is_refused_by_name() -> None:
    """Pillow does not know it; the sentence says what is known."""
    with pytest.raises(ImageError, match="TIFF of 2 x 16-bit samples, kind 1, expected 8-bit"):
        read_picture(tiff(photo(2), "<", t262=1, t338=2))


def test_arrays_of_16_bits_are_pictures() -> None:
    """One or two channels are grey, two and four end in alpha."""
    for channels in (1, 2, 3, 4):
        found, expected = picture_from(photo(channels)), picture(channels)
        assert found.depth == 16
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        assert (found.alpha is None) == (expected.alpha is None)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_resolution_is_written(suffix: str) -> None:
    """Dots per inch of rows and columns, which differ, in the place that the format has."""
    exif = Image.Exif()
    exif.update({282: 300.0, 283: 150.0, 296: 2})
    told = replace(picture(3), exif=exif.tobytes().removeprefix(b"Exif\0\0"))
    with Image.open(io.BytesIO(encode_picture(told, suffix))) as image:
        assert [round(float(dpi), 1) for dpi in image.info["dpi"]] == [300, 150]
    with Image.open(io.BytesIO(encode_picture(picture(3), suffix))) as image:
        assert not image.info.get("dpi") or suffix == ".tif"


def animated(samples: Deep) -> bytes:
    """Return an animated PNG of two frames of 16 bits."""
    frame = struct.pack(">5I2H2B", 0, *samples.shape[1::-1], 0, 0, 1, 10, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    control = (b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", frame)
    data = png(samples, *control)
    second = chunk(b"fcTL", struct.pack(">I", 1) + frame[4:])
    second += chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(rows))
    return data[:-12] + second + data[-12:]


def test_frames_of_an_animation_are_refused_by_name() -> None:
    """Pillow lays frames over each other as it loads them, which both bytes do not survive."""
    with pytest.raises(ImageError, match="2 frames"):
        read_picture(animated(photo(3)))
    with pytest.raises(ImageError, match="an animation with 16-bit samples, expected 8-bit"):
        read_picture(animated(photo(3)), frame=2)


def test_a_page_of_a_tiff_has_all_bits() -> None:
    """The second look goes to the same page: the first is a picture of 8 bits here."""
    out = io.BytesIO()
    plain = Image.fromarray((photo(3) >> 8).astype(np.uint8)[::-1].copy())
    plain.save(out, "TIFF")
    first, second = out.getvalue(), encode_picture(picture(3), ".tif")
    joined = _appended(first, second)
    np.testing.assert_array_equal(read_picture(joined, frame=2)[0].pixels, picture(3).pixels)
    assert read_picture(joined, frame=1)[0].depth == 8


def _appended(first: bytes, second: bytes) -> bytes:
    """Return a TIFF of the pages of two, both little-endian and of one page."""
    shift = len(first) + len(first) % 2
    moved = bytearray(second)
    (table,) = struct.unpack_from("<I", moved, 4)
    (count,) = struct.unpack_from("<H", moved, table)
    for k in range(count):
        at = table + 2 + 12 * k
        tag, kind, number = struct.unpack_from("<HHI", moved, at)
        size = {1: 1, 3: 2, 4: 4, 5: 8, 7: 1}[kind] * number
        places = []
        if size > 4:
            places.append(at + 8)
        if tag == 273:
            (inner,) = struct.unpack_from("<I", moved, at + 8)
            places += [inner + 4 * i for i in range(number)] if size > 4 else [at + 8]
        for place in places:
            (value,) = struct.unpack_from("<I", moved, place)
            struct.pack_into("<I", moved, place, value + shift)
    joined = bytearray(first.ljust(shift, b"\0") + moved)
    (last,) = struct.unpack_from("<I", joined, 4)
    (count,) = struct.unpack_from("<H", joined, last)
    struct.pack_into("<I", joined, last + 2 + 12 * count, table + shift)
    return bytes(joined)
