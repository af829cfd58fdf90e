"""Which files are read, which of their pictures, and what is said of the others."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rdpcodec.errors import ISSUE, ImageError
from rdpcodec.images import picture_from, read_picture
from rdpcodec.images.formats import FORMATS, KNOWN
from rdpcodec.images.reading import JPEG_SCANS_MAX


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return an image as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo(height: int = 16, width: int = 16) -> NDArray[np.uint8]:
    """Return random pixels."""
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["JPEG2000", "TGA", "QOI", "ICO", "DDS"])
def test_rarer_formats_are_read_exactly(kind: str) -> None:
    """What Pillow writes without loss in these formats arrives unchanged."""
    options: dict[str, Any] = {"sizes": [(16, 16)]} if kind == "ICO" else {}
    picture, _ = read_picture(saved(Image.fromarray(photo()), kind, **options))
    assert np.array_equal(picture.pixels, photo())


def test_the_list_of_formats_is_what_is_accepted() -> None:
    """The sentence about an unknown file names each format that is tried, GIF too."""
    with pytest.raises(ImageError) as caught:
        read_picture(b"hello" * 20)
    assert KNOWN in caught.value.message
    assert set(FORMATS) <= {*Image.OPEN, "MPO"}
    assert "GIF" in KNOWN.split(", ")
    assert len(KNOWN.split(", ")) == len(FORMATS) + 2  # PGM and PBM


def jpeg12() -> bytes:
    """Return a JPEG whose frame says 12 bits."""
    data = bytearray(saved(Image.fromarray(photo()), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = 0xC1, 12
    return bytes(data)


OTHERS: dict[str, tuple[Callable[[], bytes], str, ISSUE]] = {
    "rdp": (lambda: b"\x89RDP\r\n\x1a\n" + bytes(99), "an .rdp picture", ISSUE.IMAGE_UNREADABLE),
    "connection": (
        lambda: "full address:s:host\r\n".encode("utf-16"),
        "a Windows Remote Desktop connection file",
        ISSUE.IMAGE_UNREADABLE,
    ),
    "jxl": (lambda: b"\xff\x0a" + bytes(99), "a JPEG XL image", ISSUE.IMAGE_UNREADABLE),
    "heic": (lambda: bytes(4) + b"ftypheic" + bytes(99), "a HEIC image", ISSUE.IMAGE_UNREADABLE),
    "pdf": (lambda: b"%PDF-1.7\n", "a PDF document", ISSUE.IMAGE_UNREADABLE),
    "svg": (lambda: b'<?xml version="1.0"?>\n<svg/>', "an SVG drawing", ISSUE.IMAGE_UNREADABLE),
    "jpeg12": (jpeg12, "a JPEG of 12-bit samples", ISSUE.IMAGE_UNSUPPORTED),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_called_what_they_are(name: str) -> None:
    """A file that is no image, or one of another kind, is named in the refusal."""
    make, found, issue = OTHERS[name]
    with pytest.raises(ImageError, match=f"is {found}.*, expected ") as caught:
        read_picture(make())
    assert caught.value.issue is issue


def pages(*subfile_types: int) -> bytes:
    """Return a TIFF with a page for each NewSubfileType; page k is 16 + k wide."""
    images = []
    for k, kind in enumerate(subfile_types):
        image = Image.fromarray(photo(16, 16 + k))
        image.encoderinfo = {"tiffinfo": {254: kind}}
        images.append(image)
    return saved(
        images[0], "TIFF", tiffinfo={254: subfile_types[0]}, save_all=True,
        append_images=images[1:],
    )  # fmt: skip


@pytest.mark.parametrize(("kinds", "width"), [((0, 1), 16), ((1, 0), 17), ((0, 1, 1), 16)])
def test_the_thumbnail_of_a_tiff_is_left_out(kinds: tuple[int, ...], width: int) -> None:
    """The one page that is not a reduced copy is read, wherever it stands, with a note."""
    picture, notes = read_picture(pages(*kinds))
    assert np.array_equal(picture.pixels, photo(16, width))
    assert len(notes) == 1
    assert notes[0].startswith(f"the file has {len(kinds) - 1} smaller cop")


@pytest.mark.parametrize("kinds", [(0, 0), (2, 2), (1, 1), (0, 1, 0)])
def test_real_pages_of_a_tiff_are_refused(kinds: tuple[int, ...]) -> None:
    """Where no single page is the picture, none is chosen."""
    with pytest.raises(ImageError, match=f"{len(kinds)} pages") as caught:
        read_picture(pages(*kinds))
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_end_is_read_if_asked(*, progressive: bool) -> None:
    """Two lost bytes change no pixel; they are refused with a hint, or read with a note."""
    whole = saved(Image.fromarray(photo()), "JPEG", progressive=progressive)
    want, notes = read_picture(whole, allow_damaged=True)
    assert notes == []
    for source in (whole[:-2], Image.open(io.BytesIO(whole[:-2]))):
        with pytest.raises(ImageError, match=r"lacks its end.*--allow-damaged") as caught:
            picture_from(source)
        assert caught.value.issue is ISSUE.IMAGE_UNREADABLE
    picture, notes = read_picture(whole[:-2], allow_damaged=True)
    assert np.array_equal(picture.pixels, want.pixels)
    assert notes == ["the JPEG lacks its end; what is missing was filled in"]
    opened = Image.open(io.BytesIO(whole[:-2]))
    assert np.array_equal(picture_from(opened, allow_damaged=True).pixels, want.pixels)


def test_damage_that_cannot_be_read_is_refused_all_the_same() -> None:
    """A PNG that is cut stays refused."""
    data = saved(Image.fromarray(photo(64, 64)), "PNG")
    with pytest.raises(ImageError, match="damaged"):
        read_picture(data[: len(data) // 2], allow_damaged=True)


def bmp32(alpha: int) -> bytes:
    """Return a BMP with a mask for alpha, of one value everywhere."""
    pixels = np.dstack([photo()[:, :, ::-1], np.full((16, 16), alpha, np.uint8)])[::-1]
    head = struct.pack("<IiiHHIIiiII", 56, 16, 16, 1, 32, 3, 1024, 0, 0, 0, 0)
    head += struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    file = b"BM" + struct.pack("<IHHI", 70 + 1024, 0, 0, 70)
    return file + head + np.ascontiguousarray(pixels).tobytes()


@pytest.mark.parametrize("alpha", [0, 255])
def test_a_bmp_whose_alpha_says_nothing_is_opaque(alpha: int) -> None:
    """Alpha of 0 everywhere is a byte that the writing program left unused."""
    picture, notes = read_picture(bmp32(alpha))
    assert np.array_equal(picture.pixels, photo())
    assert len(notes) == 1
    assert notes[0].startswith("the alpha channel is ")


def test_a_transparent_bmp_or_png_is_transparent() -> None:
    """Only all of the alpha of a BMP being 0 is a mistake; a PNG means it."""
    clear = Image.fromarray(photo()).convert("RGBA")
    clear.putalpha(0)
    for data, alpha in ((bmp32(1), 1), (saved(clear, "PNG"), 0)):
        assert set(np.unique(read_picture(data)[0].alpha)) == {alpha}  # type: ignore[arg-type]


def closed_by_name(path: Path) -> Image.Image:
    """Return an image that was opened by its name and closed."""
    with Image.open(path) as image:
        return image


def closed_stream(path: Path) -> Image.Image:
    """Return an image whose stream was closed."""
    with path.open("rb") as stream:
        return Image.open(stream)


def closed_image(path: Path) -> Image.Image:
    """Return a loaded image that was closed."""
    image = Image.open(path)
    image.load()
    image.close()
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
@pytest.mark.parametrize("make", [closed_by_name, closed_stream, closed_image])
def test_a_closed_image_is_called_closed(
    kind: str, make: Callable[[Path], Image.Image], tmp_path: Path
) -> None:
    """A Pillow image without its pixels is not a damaged one."""
    path = tmp_path / "image"
    path.write_bytes(saved(Image.fromarray(photo()), kind))
    with pytest.raises(ImageError, match="the Pillow image is closed, expected") as caught:
        picture_from(make(path))
    assert caught.value.issue is ISSUE.IMAGE_UNREADABLE


def _with_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan is there so often that it has `count`."""
    data = saved(Image.fromarray(photo()), "JPEG", progressive=True)
    scans = data.count(b"\xff\xda")
    last = data[data.rindex(b"\xff\xc4") : -2]  # its table before it
    return data[:-2] + last * (count - scans) + b"\xff\xd9"


def test_a_jpeg_of_many_scans_is_refused() -> None:
    """Each scan takes a few bytes and the time of a picture; what follows the end is none."""
    picture, _ = read_picture(_with_scans(JPEG_SCANS_MAX))
    assert picture.width == 16
    read_picture(_with_scans(10) + 500 * b"\xff\xda\0\2")
    with pytest.raises(ImageError, match="more than 128 scans") as caught:
        read_picture(_with_scans(JPEG_SCANS_MAX + 1))
    assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED
    with (
        Image.open(io.BytesIO(_with_scans(500))) as image,
        pytest.raises(ImageError, match="more than 128 scans"),
    ):
        picture_from(image)
