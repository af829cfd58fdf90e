"""Colours that a file tells without an ICC profile are kept, refused or named, never lost."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, features

from rdpcodec.errors import ISSUE, ImageError
from rdpcodec.images import Picture, for_screen, png_bytes, read_picture

SRGB_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750),
            (0.0193339, 0.1191920, 0.9503041))  # fmt: skip
P3_XYZ = ((0.4865709, 0.2656677, 0.1982173), (0.2289746, 0.6917385, 0.0792869),
          (0.0, 0.0451134, 1.0439444))  # fmt: skip
ADOBE_XYZ = ((0.5767309, 0.1855540, 0.1881852), (0.2973769, 0.6273491, 0.0752741),
             (0.0270343, 0.0706872, 0.9911085))  # fmt: skip
SAMPLES = np.array([[[180, 120, 110], [110, 150, 120], [100, 110, 160], [128, 128, 128]]], np.uint8)
P3_CHROMATICITIES = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
P3_CHRM = (b"cHRM", struct.pack(">8I", *P3_CHROMATICITIES))
GAMMA = (b"gAMA", struct.pack(">I", 45455))
LINEAR = (b"gAMA", struct.pack(">I", 100_000))
BAD_ICCP = (b"iCCP", b"Display P3\0\0\x78\x9cgarbage")


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return an image as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(*chunks: tuple[bytes, bytes], grey: bool = False) -> bytes:
    """Return a PNG of the samples with chunks before its pixels."""
    image = Image.fromarray(SAMPLES)
    data = saved(image.convert("L") if grey else image, "PNG")
    more = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return data[:33] + more + data[33:]


def cicp(primaries: int, transfer: int, full: int = 1) -> tuple[bytes, bytes]:
    """Return the chunk cICP."""
    return b"cICP", bytes([primaries, transfer, 0, full])


def in_srgb(matrix: Any, gamma: float | None = None) -> NDArray[np.float64]:
    """Return the samples in sRGB, by published matrices to XYZ."""
    v = SAMPLES / 255
    light = v**gamma if gamma else np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    linear = light @ np.transpose(np.linalg.inv(SRGB_XYZ) @ np.array(matrix))
    assert linear.min() > 0.0031308
    assert linear.max() < 1
    return 255 * (1.055 * linear ** (1 / 2.4) - 0.055)


def assert_shown(picture: Picture, matrix: Any, gamma: float | None = None) -> None:
    """Hold a picture to what its colours are on a screen, within a rounding and a half."""
    assert np.array_equal(picture.pixels, SAMPLES)
    assert np.abs(for_screen(picture, 80) - in_srgb(matrix, gamma)).max() < 1.5


@pytest.mark.parametrize(
    ("chunks", "source"),
    [((cicp(12, 13),), "cICP 12/13"), ((GAMMA, P3_CHRM), "gAMA and cHRM"), ((P3_CHRM,), "cHRM")],
)
def test_p3_without_a_profile_gets_one(chunks: Any, source: str) -> None:
    """P3 said by cICP or cHRM is shown as P3, here and in the PNG that is written."""
    picture, notes = read_picture(png(*chunks))
    assert notes == [f"the colours told by {source} are stored as an ICC profile"]
    assert_shown(picture, P3_XYZ)
    again, _ = read_picture(png_bytes(picture))
    assert again.icc == picture.icc
    assert read_picture(png(*chunks))[0].icc == picture.icc


def test_a_made_profile_is_a_valid_profile_of_the_published_numbers() -> None:
    """The columns are Display P3's, as Apple's profile has them, and lcms takes the profile."""
    icc = read_picture(png(cicp(12, 13)))[0].icc
    assert icc is not None
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
    assert profile.version == pytest.approx(4.3)
    assert profile.profile_description == "cICP 12/13"
    columns = [profile.red_colorant, profile.green_colorant, profile.blue_colorant]
    got = [column[0] for column in columns]
    want = [(0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)]
    assert np.abs(np.subtract(got, want)).max() < 3e-4


@pytest.mark.parametrize("grey", [False, True])
def test_a_gamma_is_kept(*, grey: bool) -> None:
    """Linear samples of a PNG are shown light: 128 is 188 of sRGB."""
    picture, notes = read_picture(png(LINEAR, grey=grey))
    assert notes == ["the colours told by gAMA are stored as an ICC profile"]
    assert abs(int(for_screen(picture, 80)[0, 3, 0]) - 188) <= 1
    if not grey:
        assert_shown(picture, SRGB_XYZ, 1.0)


def test_grey_needs_no_primaries() -> None:
    """The primaries of P3 say nothing about grey samples."""
    picture, notes = read_picture(png(cicp(12, 13), grey=True))
    assert (picture.icc, notes, picture.channels) == (None, [], 1)


@pytest.mark.parametrize(
    "chunks",
    [
        (cicp(1, 13),),
        (cicp(2, 2),),
        (GAMMA,),
        ((b"sRGB", b"\0"), LINEAR, P3_CHRM),
        (
            GAMMA,
            (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        ),
    ],
)
def test_srgb_told_in_other_words_is_srgb(chunks: Any) -> None:
    """What amounts to sRGB, and what the chunk sRGB outranks, is not stored and not noted."""
    picture, notes = read_picture(png(*chunks))
    assert (picture.icc, notes) == (None, [])


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused_by_name(transfer: int, name: str) -> None:
    """PQ and HLG are no colours of 8 bits; a profile beside them does not change it."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = (b"iCCP", b"x\0\0" + zlib.compress(icc))
    for chunks in ((cicp(9, transfer),), (cicp(9, transfer), profile)):
        with pytest.raises(ImageError, match=rf"HDR colours \({name}, by cICP\), ex") as caught:
            read_picture(png(*chunks))
        assert caught.value.issue is ISSUE.IMAGE_UNSUPPORTED


def test_narrow_range_is_refused_by_name() -> None:
    """Black at 16 would be shown grey."""
    with pytest.raises(ImageError, match="narrow range"):
        read_picture(png(cicp(1, 13, 0)))


def test_unknown_code_points_are_named() -> None:
    """Code points that are not known here are noted with what is assumed instead."""
    picture, notes = read_picture(png(cicp(99, 13)))
    assert picture.icc is None
    assert notes == ["the colours 99/13 of cICP are unknown, sRGB is assumed"]


def test_impossible_primaries_are_named() -> None:
    """Primaries on a line give no colours."""
    line = (b"cHRM", struct.pack(">8I", 31270, 32900, *[30000, 30000] * 3))
    picture, notes = read_picture(png(line))
    assert picture.icc is None
    assert notes == ["the colours told by cHRM cannot be: dropped, sRGB is assumed"]


def test_a_damaged_profile_is_named_and_hides_nothing() -> None:
    """An iCCP that does not inflate is noted, and the gamma beside it is kept."""
    damaged = "the ICC profile is damaged: dropped"
    assert read_picture(png(BAD_ICCP))[1] == [damaged]
    picture, notes = read_picture(png(LINEAR, BAD_ICCP))
    assert notes == [damaged, "the colours told by gAMA are stored as an ICC profile"]
    assert_shown(picture, SRGB_XYZ, 1.0)
    nameless = (b"iCCP", b"x\0\0" + zlib.compress(bytes(200)))
    picture, notes = read_picture(png(P3_CHRM, nameless))
    assert notes[0] == "the ICC profile is damaged (it names no colour space): dropped"
    assert_shown(picture, P3_XYZ)


def test_cicp_outranks_a_profile_and_a_profile_the_rest() -> None:
    """The order is that of the PNG specification."""
    p3 = read_picture(png(cicp(12, 13)))[0].icc
    assert p3 is not None
    profile = (b"iCCP", b"x\0\0" + zlib.compress(p3))
    picture, notes = read_picture(png(profile, LINEAR))
    assert (picture.icc, notes) == (p3, [])
    picture, notes = read_picture(png(cicp(1, 13), profile))
    assert picture.icc is None
    assert notes == ["the ICC profile is outranked by cICP 1/13: dropped"]


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_the_code_points_of_avif_count() -> None:
    """The box nclx says P3 or PQ as cICP does."""
    flat = Image.new("RGB", (16, 16), (180, 120, 110))
    data = bytearray(saved(flat, "AVIF", quality=100, subsampling="4:4:4"))
    at = data.index(b"nclx") + 4
    data[at : at + 4] = struct.pack(">HH", 12, 13)
    picture, notes = read_picture(bytes(data))
    assert notes == ["the colours told by nclx 12/13 are stored as an ICC profile"]
    shown = for_screen(picture, 80)[8, 8].astype(float)
    assert np.abs(shown - in_srgb(P3_XYZ)[0, 0]).max() < 4  # AVIF rounds too
    data[at : at + 4] = struct.pack(">HH", 9, 16)
    with pytest.raises(ImageError, match="PQ, by nclx"):
        read_picture(bytes(data))


def test_adobe_rgb_of_a_camera_is_kept() -> None:
    """A camera says Adobe RGB in EXIF alone."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 2
    picture, notes = read_picture(saved(Image.fromarray(SAMPLES), "PNG", exif=exif.tobytes()))
    assert notes[0] == "the colours told by Adobe RGB of EXIF are stored as an ICC profile"
    assert_shown(picture, ADOBE_XYZ, 563 / 256)


def test_primaries_of_a_tiff_are_kept() -> None:
    """The tags WhitePoint and PrimaryChromaticities are the TIFF's cHRM."""
    values = [value / 100_000 for value in P3_CHROMATICITIES]
    tags = {318: tuple(values[:2]), 319: tuple(values[2:])}
    picture, notes = read_picture(saved(Image.fromarray(SAMPLES), "TIFF", tiffinfo=tags))
    assert notes == ["the colours told by TIFF primaries are stored as an ICC profile"]
    assert_shown(picture, P3_XYZ)


def test_profiles_that_pillow_overlooks_are_kept() -> None:
    """The profile in a JPEG 2000 and in a BMP of version 5 travels with the picture."""
    icc = read_picture(png(cicp(12, 13)))[0].icc
    assert icc is not None
    jp2 = saved(Image.fromarray(SAMPLES), "JPEG2000")
    at = jp2.index(b"colr") - 4
    size = int.from_bytes(jp2[at : at + 4])
    box = struct.pack(">I", 11 + len(icc)) + b"colr\2\0\0" + icc
    head = jp2.index(b"jp2h") - 4
    grown = int.from_bytes(jp2[head : head + 4]) + len(box) - size
    jp2 = jp2[:head] + struct.pack(">I", grown) + jp2[head + 4 : at] + box + jp2[at + size :]
    rows = SAMPLES[:, :, ::-1].tobytes()
    v5 = struct.pack("<IiiHHIIiiII", 124, 4, 1, 1, 24, 0, len(rows), 0, 0, 0, 0).ljust(124, b"\0")
    v5 = v5[:56] + b"DEBM" + v5[60:112] + struct.pack("<II", 124 + len(rows), len(icc)) + v5[120:]
    bmp = b"BM" + struct.pack("<IHHI", 0, 0, 0, 138) + v5 + rows + icc
    for data in (jp2, bmp):
        picture, _ = read_picture(data)
        assert picture.icc == icc
        assert np.array_equal(picture.pixels, SAMPLES)
