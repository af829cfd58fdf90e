"""Pillow opens and saves .rdp pictures once the plugin is imported."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import MakePhoto
from PIL import Image, ImageFile, UnidentifiedImageError

import rdpcodec
import rdpcodec.pillow  # registers itself
from rdpcodec.pillow import RdpImageFile


@pytest.fixture(scope="module")
def data(photo: MakePhoto) -> bytes:
    """Return a file."""
    return rdpcodec.encode(photo(64, 48), prior="gaussian-1", bpp=3, rho_hint=0.2)


def opened(data: bytes) -> RdpImageFile:
    """Return the image of a file."""
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, RdpImageFile)
    return image


def test_the_picture_is_that_of_the_decoder(data: bytes) -> None:
    """At the file's hint, at another rho and by the other reconstruction."""
    received = rdpcodec.open(data)
    image = opened(data)
    assert (image.size, image.mode, image.format) == ((64, 48), "RGB", "RDP")
    assert Image.MIME["RDP"] == image.get_format_mimetype() == "image/x-rdp"
    assert image.rho == pytest.approx(0.2, abs=0.002)
    assert np.array_equal(image, received.at().pixels)
    for rho, reconstruction in ((0.9, "geodesic"), (0.5, "ode")):
        image = opened(data)
        image.rho, image.reconstruction = rho, reconstruction
        expected = received.at(rho, reconstruction=reconstruction).pixels
        assert np.array_equal(image, expected)


def test_grey_and_profile(photo: MakePhoto, data: bytes) -> None:
    """A grey picture has one channel; a profile is in `info`."""
    image = opened(rdpcodec.encode(photo(24, 16, 1), prior="gaussian-1", bpp=3))
    assert (image.mode, np.asarray(image).shape) == ("L", (16, 24))
    assert "icc_profile" not in opened(data).info


@pytest.mark.parametrize(("channels", "mode"), [(1, "LA"), (3, "RGBA")])
def test_alpha_goes_both_ways(photo: MakePhoto, channels: int, mode: str) -> None:
    """It is kept to the bit."""
    pixels = photo(24, 16, channels)
    alpha = np.tile(np.linspace(0, 255, 24).astype(np.uint8), (16, 1))
    source = Image.fromarray(np.dstack([pixels, alpha]))
    assert source.mode == mode
    file = io.BytesIO()
    source.save(file, "RDP", prior="gaussian-1", bpp=12)
    image = opened(file.getvalue())
    assert image.mode == mode
    found = np.asarray(image)
    assert np.array_equal(found[:, :, -1], alpha)
    assert np.array_equal(found[:, :, :-1].squeeze(), rdpcodec.open(file.getvalue()).at().pixels)


def test_metadata_goes_both_ways(photo: MakePhoto, tmp_path: Path) -> None:
    """EXIF and XMP are in `info` and `getexif`, and in a PNG that is saved of the picture."""
    exif = Image.Exif()
    exif[0x010E] = "a test"  # ImageDescription
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    source = tmp_path / "in.webp"
    Image.fromarray(photo(24, 16)).save(source, exif=exif, xmp=xmp, lossless=True)
    with Image.open(source) as image:
        image.save(tmp_path / "x.rdp", prior="gaussian-1", bpp=16)
    with Image.open(tmp_path / "x.rdp") as image:
        assert image.getexif()[0x010E] == "a test"
        assert image.info["xmp"] == xmp
        image.save(tmp_path / "out.webp", exif=image.info["exif"])
    with Image.open(tmp_path / "out.webp") as image:
        assert image.getexif()[0x010E] == "a test"


def test_layers_and_draft(data: bytes) -> None:
    """Fewer layers are a coarser picture; a thumbnail takes as many as it can show."""
    received = rdpcodec.open(data)
    image = opened(data)
    image.layers = 3
    assert np.array_equal(image, received.layers(3).at().pixels)
    whole, image = opened(data), opened(data)
    assert image.draft(None, (64, 48)) is None
    assert image.draft(None, (16, 12)) == ("RGB", (0, 0, 64, 48))
    assert 0 < image.layers < whole.layers
    sigmas = [layer["sigma"] for layer in received.info["layers"]]
    assert sigmas[image.layers - 1] <= 4 * sigmas[-1] < sigmas[image.layers - 2]
    image = opened(data)
    image.thumbnail((8, 8))
    assert image.size == (8, 6)
    whole.thumbnail((8, 8), reducing_gap=None)
    difference = np.asarray(image, float) - np.asarray(whole, float)
    assert np.sqrt((difference**2).mean()) < 12


def test_saving(photo: MakePhoto, tmp_path: Path) -> None:
    """By the extension, with the options of `encode`; unknown ones are refused."""
    pixels = photo(40, 24)
    path = tmp_path / "x.rdp"
    Image.fromarray(pixels).save(path, bpp=4, prior="gaussian-1")
    assert path.read_bytes() == rdpcodec.encode(pixels, bpp=4, prior="gaussian-1")
    with Image.open(path) as image:
        assert np.sqrt(((np.asarray(image, float) - pixels) ** 2).mean()) < 20
    with pytest.raises(TypeError, match="unknown option 'quality', expected one of"):
        Image.fromarray(pixels).save(tmp_path / "y.rdp", quality=80)
    assert not (tmp_path / "y.rdp").exists()


def test_what_is_no_picture_is_refused_by_pillow(data: bytes) -> None:
    """Remote Desktop files are not ours; damaged ones are, and say why."""
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(b"full address:s:example.org\r\n"))
    with pytest.raises(OSError, match="RDP-203"):
        Image.open(io.BytesIO(data[:60] + bytes([data[60] ^ 1]) + data[61:]))
    with pytest.raises(OSError, match="RDP-202"):
        Image.open(io.BytesIO(data[:-300]))


def test_truncated_pictures(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's own switch lets the whole layers be read."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    image = opened(data[:-300])
    expected = rdpcodec.open(data[:-300], allow_partial=True)
    assert 0 < image.layers < len(rdpcodec.open(data).info["layers"])
    assert np.array_equal(image, expected.at().pixels)


def test_a_value_out_of_range_is_refused(data: bytes) -> None:
    """When the pixels are loaded."""
    image = opened(data)
    image.rho = 2.0
    with pytest.raises(OSError, match=r"RDP-701.*rho is 2"):
        image.load()


def test_opening_loads_no_numpy(data: bytes, tmp_path: Path) -> None:
    """The header is enough for the size and the mode."""
    path = tmp_path / "x.rdp"
    path.write_bytes(data)
    code = (
        "import sys, rdpcodec.pillow; from PIL import Image; im = Image.open(sys.argv[1]);"
        "print(im.size, sorted({'numpy', 'torch', 'construct'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "(64, 48) ['construct']\n"


def test_grey_of_16_bits_is_a_mode_of_its_own() -> None:
    """`I;16` in and out; of colours and of grey with alpha Pillow gets 8 bits."""
    grey = (np.add.outer(np.arange(24), np.arange(32)) * 1100 + 9).astype(np.uint16)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "RDP", prior="gaussian-1", t=900)
    received, image = rdpcodec.open(file.getvalue()), opened(file.getvalue())
    assert (received.info["depth"], image.mode, image.size) == (16, "I;16", (32, 24))
    assert np.array_equal(image, received.at().pixels)
    for pixels, mode in ((np.dstack([grey] * 3), "RGB"), (np.dstack([grey, grey]), "LA")):
        data = rdpcodec.encode(pixels, prior="gaussian-1", t=900)
        shown = rdpcodec.decode(data, depth=8)
        image = opened(data)
        assert image.mode == mode
        colours = np.asarray(image) if mode == "RGB" else np.asarray(image)[:, :, 0]
        assert np.array_equal(colours, shown.pixels)


def test_a_thumbnail_of_grey_of_16_bits_has_8() -> None:
    """Pillow cannot reduce `I;16`; `draft` gives `L`, and the thumbnail is that."""
    grey = (np.add.outer(np.arange(240), np.arange(320)) * 110).astype(np.uint16)
    data = rdpcodec.encode(grey, prior="gaussian-1", t=1800)
    image = opened(data)
    image.draft("L", None)
    assert image.mode == "L"
    assert np.array_equal(image, rdpcodec.decode(data, depth=8).pixels)
    with Image.open(io.BytesIO(rdpcodec.pillow.thumbnail_png(data, 64))) as small:
        assert (small.mode, small.size) == ("L", (64, 48))
