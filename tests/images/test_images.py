"""Image files become pictures without silent loss, and pictures become image files."""

import contextlib
import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, features

from rdpcodec.errors import ISSUE, ImageError, InputError, LimitError, RdpError, UsageError
from rdpcodec.images import (
    Picture,
    encode_picture,
    for_screen,
    picture_from,
    png_bytes,
    read_picture,
)
from rdpcodec.images.formats import FORMATS
from rdpcodec.images.profiles import Colours, make_profile
from rdpcodec.limits import Limits


def pixels(height: int = 5, width: int = 7, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Return random pixels."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return an image as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(width: int, height: int, depth: int, colour_type: int, raw: bytes) -> bytes:
    """Return a PNG of any bit depth, which Pillow itself cannot write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(raw))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def tone_profile(space: bytes, gamma: float) -> bytes:
    """Return a small ICC profile with a plain gamma curve, RGB of the P3 primaries or grey."""
    white = (0.9642, 1.0, 0.8249)
    columns = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    text = b"desc" + bytes(4) + struct.pack(">I", 2) + b"x\0" + bytes(4 + 4 + 2 + 1 + 67 + 1)
    tags = {b"desc": text, b"wtpt": xyz(white), b"cprt": b"text" + bytes(4) + b"x\0\0\0"}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        for name, column in zip(b"rgb", columns, strict=True):
            tags[bytes([name]) + b"XYZ"], tags[bytes([name]) + b"TRC"] = xyz(column), curve
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for tag, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += tag + struct.pack(">II", offset + len(body), len(data))
        body += padded
    head = struct.pack(
        ">I4sI4s4s4s", offset + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ "
    )
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += b"".join(struct.pack(">i", round(v * 65536)) for v in white)
    return head + bytes(128 - len(head)) + table + body


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("BMP", {"dpi": (0, 0)}),
        ("PPM", {}),
        ("GIF", {}),
    ],
)
def test_lossless_formats_are_read_exactly(
    tmp_path: Path, channels: int, kind: str, options: dict[str, Any]
) -> None:
    """The pixels of lossless files arrive unchanged, from a path as from bytes, without a note."""
    want = pixels(channels=channels)
    if kind == "GIF":
        want = np.asarray(Image.fromarray(want).convert("P").convert("RGB"))
        data = saved(Image.fromarray(want).quantize(256), kind)
    else:
        data = saved(Image.fromarray(want), kind, **options)
    path = tmp_path / "image"
    path.write_bytes(data)
    for source in (data, path):
        picture, notes = read_picture(source)
        got = picture.pixels
        assert notes == []
        if got.ndim > want.ndim:  # WebP has no grey
            want = np.repeat(want[:, :, None], 3, axis=2)
        assert np.array_equal(got, want)


@pytest.mark.parametrize("kind", ["JPEG", "AVIF"])
def test_lossy_formats_are_read(kind: str) -> None:
    """JPEG and AVIF, in grey and in colour, arrive as Pillow decodes them."""
    if not features.check(kind.lower().replace("jpeg", "jpg")):
        pytest.skip(f"this Pillow has no {kind}")
    for channels in (1, 3):
        data = saved(Image.fromarray(pixels(16, 16, channels)), kind)
        picture, notes = read_picture(data)
        expected = np.asarray(Image.open(io.BytesIO(data)))
        assert notes == []
        assert picture.channels in (channels, 3 if kind == "AVIF" else channels)  # Pillow 11: RGB
        assert np.array_equal(picture.pixels, expected)


def test_one_bit_and_palette_images_are_converted_without_loss() -> None:
    """A 1-bit image becomes grey of 0 and 255, a palette image its colours."""
    bits = pixels(channels=1) > 127
    picture, _ = read_picture(saved(Image.fromarray(bits)))
    assert np.array_equal(picture.pixels, bits * np.uint8(255))
    palette = Image.fromarray(pixels()).quantize(16)
    picture, _ = read_picture(saved(palette))
    assert np.array_equal(picture.pixels, np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_noted(orientation: int) -> None:
    """Every EXIF orientation is applied to the pixels, and a note says so."""
    want = pixels(3, 4)
    exif = Image.Exif()
    exif[0x0112] = orientation
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, 3),
    }[orientation]
    stored = Image.fromarray(np.ascontiguousarray(undo(want)))
    picture, notes = read_picture(saved(stored, exif=exif.tobytes()))
    assert np.array_equal(picture.pixels, want)
    assert notes == ([] if orientation == 1 else [f"EXIF orientation {orientation} was applied"])


def test_an_unknown_orientation_is_noted() -> None:
    """An orientation that EXIF does not define is ignored, and a note says so."""
    exif = Image.Exif()
    exif[0x0112] = 9
    _, notes = read_picture(saved(Image.fromarray(pixels()), exif=exif.tobytes()))
    assert notes == ["the EXIF orientation 9 is unknown and was ignored"]


def test_metadata_that_are_not_stored_are_noted() -> None:
    """Comments are named in a note; EXIF and XMP are kept."""
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    data = saved(
        Image.fromarray(pixels(16, 16)), "JPEG", exif=exif, xmp=b"<x:xmpmeta/>", comment=b"hello"
    )
    assert read_picture(data)[1] == ["not stored: text comments"]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_opaque_alpha_channel_is_dropped_with_a_note(mode: str) -> None:
    """An alpha channel of 255 everywhere is no information."""
    plain = Image.fromarray(pixels(channels=1 if mode == "LA" else 3))
    full = plain.copy()
    full.putalpha(255)
    picture, notes = read_picture(saved(full))
    assert np.array_equal(picture.pixels, np.asarray(plain))
    assert notes == ["the alpha channel is fully opaque and was dropped"]


def transparent(mode: str) -> bytes:
    """Return a PNG in which one pixel is transparent."""
    if mode == "P":
        palette = Image.fromarray(pixels()).quantize(4)
        return saved(palette, transparency=palette.getpixel((0, 0)))
    base = Image.fromarray(pixels(channels=1 if mode.startswith("L") else 3))
    if mode in ("L", "RGB"):
        return saved(base, transparency=base.getpixel((0, 0)))
    alpha = Image.new("L", base.size, 255)
    alpha.putpixel((2, 2), 254)
    base.putalpha(alpha)
    return saved(base)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "RGB"])
def test_alpha_is_kept(mode: str) -> None:
    """Channels, palettes and transparent colours give the alpha that Pillow sees."""
    data = transparent(mode)
    picture, _ = read_picture(data)
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    assert np.array_equal(picture.alpha, np.asarray(image)[:, :, 3])  # type: ignore[arg-type]
    colours = image.convert("L" if picture.channels == 1 else "RGB")
    assert np.array_equal(picture.pixels, np.asarray(colours))


def avif10() -> bytes:
    """Return an AVIF whose header says 10 bits."""
    data = bytearray(saved(Image.fromarray(pixels(16, 16)), "AVIF"))
    data[data.index(b"av1C") + 6] |= 0x40
    depths = data.index(b"pixi") + 9
    data[depths : depths + 3] = b"\x0a\x0a\x0a"
    return bytes(data)


def two_frames(kind: str) -> bytes:
    """Return an image with two frames."""
    frames = [Image.fromarray(pixels(seed=seed)) for seed in (0, 1)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


RGB_PROFILE = make_profile(Colours("primaries", gamma=1.8), "RGB")
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "16-bit PPM": (lambda: b"P6 1 1 65535\n" + bytes(6), "16-bit"),
    "16-bit PGM": (lambda: b"P5 1 1 1023\n" + bytes(2), "10-bit"),
    "32-bit TIFF": (lambda: saved(Image.new("I", (2, 2)), "TIFF"), "32-bit integer"),
    "float TIFF": (lambda: saved(Image.new("F", (2, 2)), "TIFF"), "32-bit float"),
    "10-bit AVIF": (avif10, "10-bit"),
    "CMYK JPEG": (
        lambda: saved(Image.new("CMYK", (8, 8)), "JPEG"),
        r"CMYK \(or YCCK\) colours without a profile",
    ),
    "CMYK TIFF": (lambda: saved(Image.new("CMYK", (8, 8)), "TIFF"), "CMYK"),
    "CMYK with a profile for RGB": (
        lambda: saved(
            Image.new("CMYK", (8, 8)),
            "TIFF",
            icc_profile=make_profile(Colours("x", gamma=1.8), "RGB"),
        ),
        "with a profile for other colours",
    ),
    "animated PNG": (lambda: two_frames("PNG"), "2 frames"),
    "animated WebP": (lambda: two_frames("WEBP"), "2 frames"),
    "animated GIF": (lambda: two_frames("GIF"), "2 frames"),
    "TIFF of two pages": (lambda: two_frames("TIFF"), "2 pages"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_format_does_not_carry_is_refused_by_name(name: str) -> None:
    """Transparency, more than 8 bits, other colour models and animations are named."""
    make, found = REFUSED[name]
    with pytest.raises(ImageError, match=found) as caught:
        read_picture(make())
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED
    assert ", expected " in caught.value.message


def test_the_first_picture_of_a_phone_photo_is_read_with_a_note() -> None:
    """A JPEG with further pictures inside, as phones write, is read, and a note counts them."""
    picture, notes = read_picture(two_frames("MPO"))
    assert picture.width == 7
    assert notes == ["the file has 2 pictures, only the first is stored"]


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\x89RDP\r\n\x1a\n"],
)
def test_what_is_no_image_is_one_sentence(data: bytes) -> None:
    """Empty files, text, formats that run programs and .rdp files are unreadable images."""
    with pytest.raises(ImageError) as caught:
        read_picture(data)
    assert caught.value.issue is ISSUE.IMAGE_UNREADABLE


def test_a_path_may_be_a_string(tmp_path: Path) -> None:
    """`encode` takes a path as `open` does, as text or as a Path."""
    path = tmp_path / "image.png"
    Image.fromarray(np.full((2, 3, 3), (9, 8, 7), np.uint8)).save(path)
    for source in (str(path), path):
        assert np.array_equal(picture_from(source).pixels, np.full((2, 3, 3), (9, 8, 7)))
    with pytest.raises(InputError, match="cannot be read"):
        picture_from("no such file.png")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    """A path that does not exist is an error of the project."""
    with pytest.raises(InputError, match="No such file"):
        read_picture(tmp_path / "missing.png")


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files_are_read_or_refused(kind: str) -> None:
    """Every truncation and many changed bytes give a picture or an error of the project."""
    data = saved(Image.fromarray(pixels(16, 16)), kind)
    generator = random.Random(kind)  # noqa: S311 - no secret
    damaged = [data[:k] for k in range(0, len(data), max(1, len(data) // 40))]
    for _ in range(60):
        changed = bytearray(data)
        changed[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        damaged.append(bytes(changed))
    for attempt in damaged:
        with contextlib.suppress(RdpError):
            read_picture(attempt, Limits(side=64, pixels=4096))


def test_limits_hold_before_pixels_are_decoded() -> None:
    """An image that announces too many pixels is refused although its data are missing."""
    wide = png(20_000, 1, 8, 2, b"")
    with pytest.raises(LimitError, match="the width of the image is 20000"):
        read_picture(wide)
    large = png(10_000, 10_000, 8, 2, b"")
    with pytest.raises(LimitError, match="the number of pixels of the image is 100000000"):
        read_picture(large)
    bomb = png(100_000, 100_000, 8, 2, b"")
    with pytest.raises(LimitError, match="10000000000") as caught:
        read_picture(bomb)
    assert caught.value.issue is ISSUE.LIMIT_PIXELS
    with pytest.raises(LimitError) as caught:
        read_picture(saved(Image.fromarray(pixels())), Limits(side=6))
    assert caught.value.issue is ISSUE.LIMIT_SIDE


@pytest.mark.parametrize("space", [b"RGB ", b"GRAY"])
def test_a_profile_is_kept(space: bytes) -> None:
    """An ICC profile that is not sRGB travels with the picture into its PNG."""
    icc = tone_profile(space, 1.8)
    image = Image.fromarray(pixels(channels=1 if space == b"GRAY" else 3))
    picture, notes = read_picture(saved(image, icc_profile=icc))
    assert picture.icc == icc
    assert notes == []
    assert Image.open(io.BytesIO(png_bytes(picture))).info["icc_profile"] == icc


def test_the_profile_of_srgb_is_the_default() -> None:
    """A profile that changes nothing is recognised by what it does and not stored."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture, notes = read_picture(saved(Image.fromarray(pixels()), icc_profile=icc))
    assert picture.icc is None
    assert notes == ["the ICC profile is that of sRGB, the default, and is not stored"]


@pytest.mark.parametrize(
    ("icc", "channels", "note"),
    [
        (tone_profile(b"RGB ", 1.8), 1, "the ICC profile is for RGB, the picture is grey: dropped"),
        (tone_profile(b"GRAY", 1.8), 3, "the ICC profile is for GRAY, the picture is RGB: dropped"),
        (bytes(16) + b"RGB " + bytes(200), 3, "the ICC profile is damaged"),
    ],
)
def test_a_useless_profile_is_dropped_with_a_note(icc: bytes, channels: int, note: str) -> None:
    """A profile for another number of channels, or a damaged one, is not stored."""
    image = Image.fromarray(pixels(channels=channels))
    picture, notes = read_picture(saved(image, icc_profile=icc))
    assert picture.icc is None
    assert len(notes) == 1
    assert notes[0].startswith(note)


def test_a_profile_above_the_limit_is_refused() -> None:
    """A profile that no decoder would accept is refused when the image is read."""
    data = saved(Image.fromarray(pixels()), icc_profile=tone_profile(b"RGB ", 1.8))
    with pytest.raises(LimitError) as caught:
        read_picture(data, Limits(icc_bytes=100))
    assert caught.value.issue is ISSUE.LIMIT_ICC_BYTES


def test_pictures_come_from_arrays_and_pillow_images() -> None:
    """Arrays of three shapes, Pillow images and pictures themselves are accepted."""
    grey, colour = pixels(channels=1), pixels()
    assert np.array_equal(picture_from(grey).pixels, grey)
    assert np.array_equal(picture_from(grey[:, :, None]).pixels, grey)
    assert np.array_equal(picture_from(colour).pixels, colour)
    assert np.array_equal(picture_from(Image.fromarray(colour)).pixels, colour)
    picture = Picture(colour)
    assert picture_from(picture) is picture
    assert (picture.width, picture.height, picture.channels) == (7, 5, 3)
    assert np.array_equal(np.asarray(picture), colour)
    assert np.asarray(picture, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (["photo.png"], TypeError),
        (np.zeros((2, 2, 3)), TypeError),
        (np.zeros((2, 2, 5), np.uint8), ValueError),
        (np.zeros((2,), np.uint8), ValueError),
        (np.zeros((0, 2, 3), np.uint8), ValueError),
        (Image.new("CMYK", (2, 2)), ImageError),
        (np.zeros((1, 20_000), np.uint8), LimitError),
    ],
)
def test_other_objects_are_refused(image: object, error: type[Exception]) -> None:
    """Wrong types and shapes are mistakes of the caller; colours and size as in files."""
    with pytest.raises(error):
        picture_from(image)


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".webp", ".tif", ".tiff", ".bmp", ".ppm"])
def test_saved_files_are_lossless(suffix: str) -> None:
    """Every output format gives the pixels back, with the profile where there is one."""
    icc = None if suffix in (".bmp", ".ppm") else tone_profile(b"RGB ", 1.8)
    picture = Picture(pixels(), icc)
    again, _ = read_picture(encode_picture(picture, suffix))
    assert np.array_equal(again.pixels, picture.pixels)
    assert again.icc == icc


def test_grey_pictures_are_saved() -> None:
    """A grey picture is a grey .pgm and .png, and a .ppm of equal channels."""
    grey = Picture(pixels(channels=1))
    assert encode_picture(grey, ".pgm").startswith(b"P5")
    assert encode_picture(grey, ".ppm").startswith(b"P6")
    assert read_picture(png_bytes(grey))[0].channels == 1


@pytest.mark.parametrize(
    ("suffix", "sentence"),
    [
        ("", "a name without extension"),
        (".xyz", "the extension .xyz names no image format"),
        (".jpg", "a second time"),
        (".avif", "a second time"),
        (".pgm", "has colours"),
    ],
)
def test_unsuitable_output_formats_are_usage_errors(suffix: str, sentence: str) -> None:
    """Unknown and lossy formats, and a grey one for colours, are refused with what to use."""
    with pytest.raises(UsageError, match=sentence) as caught:
        encode_picture(Picture(pixels()), suffix)
    assert ", expected " in caught.value.message


def test_a_profile_is_not_lost_when_saving() -> None:
    """A format without ICC profiles is refused for a picture that has one."""
    with pytest.raises(UsageError, match="cannot carry"):
        encode_picture(Picture(pixels(), tone_profile(b"RGB ", 1.8)), ".bmp")


def test_a_picture_above_the_limit_of_a_format_is_one_sentence() -> None:
    """WebP ends at 16383 pixels a side; that is known before anything is encoded."""
    with pytest.raises(UsageError, match=r"\.webp holds at most 16383 a side"):
        encode_picture(Picture(np.zeros((1, 16_384), np.uint8)), ".webp")


def test_pictures_are_scaled_for_the_screen() -> None:
    """The screen gets sRGB of at most its width, in the right proportion, never larger."""
    assert for_screen(Picture(pixels(20, 40)), 10).shape == (5, 10, 3)
    assert for_screen(Picture(pixels(20, 40, 1)), 80).shape == (20, 40, 3)
    assert for_screen(Picture(pixels(1, 40)), 2).shape == (1, 2, 3)
    wide = for_screen(Picture(pixels(), tone_profile(b"RGB ", 1.8)), 80)
    assert not np.array_equal(wide, pixels())
    assert np.array_equal(for_screen(Picture(pixels(), b"rubbish"), 80), pixels())
