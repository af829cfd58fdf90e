"""Which pictures are taken, what of them is kept, and what the report says."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from rdpcodec import container
from rdpcodec.codec import decode, encode, encode_with_report
from rdpcodec.images import Picture
from rdpcodec.priors.gaussian import GaussianPrior
from rdpcodec.schedule import sigma

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
MakePhoto = Callable[..., Pixels]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}


def as_webp(pixels: Pixels) -> Image.Image:
    """Return a grey picture as a lossless WebP, which knows RGB only."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", lossless=True)
    return Image.open(stream)


def as_jpeg(pixels: Pixels) -> Image.Image:
    """Return a grey picture as a JPEG of three channels, of the best quality."""
    stream = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(stream, "JPEG", quality=100)
    return Image.open(stream)


@pytest.mark.parametrize(
    "kind",
    [
        lambda p: np.repeat(p[:, :, None], 3, axis=2),
        lambda p: Picture(np.repeat(p[:, :, None], 3, axis=2)),
        lambda p: Image.fromarray(p).convert("RGB"),
        lambda p: Image.fromarray(p).convert("P"),
        as_webp,
        as_jpeg,
    ],
    ids=["array", "Picture", "RGB", "palette", "WebP", "JPEG"],
)
def test_a_picture_without_colour_stays_without(
    photo: MakePhoto, kind: Callable[[Pixels], Any]
) -> None:
    """R = G = B costs what grey costs, and comes back as RGB of equal channels at every rho."""
    image = kind(photo(24, 16, 1))
    pixels = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    data = encode(image, t=1900, **GAUSSIAN)
    grey = encode(np.ascontiguousarray(pixels[:, :, 0]), t=1900, **GAUSSIAN)
    assert container.parse(data).header.kind == "equal-rgb"
    assert len(data) == len(grey)
    for rho in (0.0, 0.5, 1.0):
        shown = decode(data, rho=rho).pixels
        assert np.array_equal(shown, np.stack([decode(grey, rho=rho).pixels] * 3, axis=-1))


def test_a_grey_picture_with_an_rgb_profile_keeps_both(photo: MakePhoto) -> None:
    """An RGB profile belongs to three channels, so the picture comes back with three."""
    pixels = np.repeat(photo(13, 9, 1)[:, :, None], 3, axis=2)
    kept = decode(encode(Picture(pixels, b"rgb profile"), t=1900, **GAUSSIAN))
    assert (kept.icc, kept.channels) == (b"rgb profile", 3)


def test_a_trace_of_colour_is_colour(photo: MakePhoto) -> None:
    """One pixel off grey by one level makes an RGB file."""
    pixels = np.repeat(photo(13, 9, 1)[:, :, None], 3, axis=2)
    pixels[4, 5, 2] ^= 1
    assert container.parse(encode(pixels, t=1900, **GAUSSIAN)).header.kind == "rgb"


def test_colour_profiles_are_kept(photo: MakePhoto) -> None:
    """The ICC profile comes back byte for byte, and counts towards the size of the file."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    picture = Picture(photo(48, 40), icc=profile)
    data = encode(picture, target_bytes=1200, **GAUSSIAN)
    assert decode(data).icc == profile
    assert 0.95 * 1200 <= len(data) <= 1200
    assert decode(encode(picture.pixels, t=2000, **GAUSSIAN)).icc is None


def test_images_of_any_kind_are_taken(photo: MakePhoto) -> None:
    """Arrays, Pillow images and pictures of the same pixels give the same file."""
    pixels = photo(10, 8)
    files = {encode(image, t=2000, **GAUSSIAN) for image in kinds_of(pixels)}
    assert len(files) == 1
    grey = photo(10, 8, 1)
    files = {encode(image, t=2000, **GAUSSIAN) for image in (*kinds_of(grey), grey[:, :, None])}
    assert len(files) == 1


def kinds_of(pixels: Pixels) -> tuple[object, ...]:
    """Return the same pixels as an array, a Pillow image and a picture."""
    saved = io.BytesIO()
    Image.fromarray(pixels).save(saved, "PNG")
    return pixels, Image.open(io.BytesIO(saved.getvalue())), Picture(pixels)


@pytest.mark.parametrize("coder", ["trellis", "pfr"])
def test_report_agrees_with_the_file(photo: MakePhoto, coder: str) -> None:
    """Every number of the report is that of the file, and its sums add up."""
    encoded = encode_with_report(photo(15, 10), t=1950, seed=3, coder=coder, **GAUSSIAN)
    report = encoded.report
    file = container.parse(encoded.data)
    header, layers, seconds = file.header, report.layers, report.seconds
    assert report.file_bytes == len(encoded.data)
    assert report.bpp == pytest.approx(8 * len(encoded.data) / 150)
    assert report.payload_bits == sum(layer.bits for layer in layers)
    assert report.payload_bits == sum(layer.bits for layer in header.layers)
    assert report.payload_bits <= 8 * len(file.payload) < report.payload_bits + 8
    assert report.kl_bits == pytest.approx(sum(layer.kl_bits for layer in layers))
    assert [(layer.t, layer.bits) for layer in layers] == [
        (layer.t, layer.bits) for layer in header.layers
    ]
    assert [layer.sigma for layer in layers] == [sigma(layer.t) for layer in header.layers]
    keys = ("width", "height", "prior", "coder", "seed", "t")
    assert [getattr(report, key) for key in keys] == [15, 10, "gaussian-1", coder, 3, 1950]
    assert min(seconds.network, seconds.channel) >= 0
    assert seconds.network + seconds.channel <= seconds.total
    assert json.loads(json.dumps(report.to_json()))["layers"][0]["t"] == layers[0].t


def test_report_counts_the_evaluations(photo: MakePhoto, monkeypatch: pytest.MonkeyPatch) -> None:
    """One evaluation a layer, none for the first: those are all calls of the prior there are."""
    prior, calls = GaussianPrior(), []
    denoise = prior.denoise

    def counted(y: Floats, level: float) -> Floats:
        calls.append(level)
        return denoise(y, level)

    monkeypatch.setattr(prior, "denoise", counted)
    encoded = encode_with_report(photo(24, 16), t=1850, prior=prior)
    layers = container.parse(encoded.data).header.layers
    assert encoded.report.network_evaluations == len(calls) == len(layers) - 1
    for options, count in (
        ({"rho": 0.0, "reconstruction": "geodesic"}, 1),
        ({"rho": 0.5, "reconstruction": "geodesic"}, 10),
        ({"rho": 0.0, "reconstruction": "ode"}, 10),
        ({"rho": 1.0, "reconstruction": "ode", "evaluations": 4}, 4),
    ):
        calls.clear()
        decode(encoded.data, prior=prior, **options)  # type: ignore[arg-type]
        assert len(calls) == len(layers) - 1 + count


def test_coded_bits_stay_near_the_divergence(photo: MakePhoto) -> None:
    """The trellis pays at most 1.10 times KL from 0.5 bpp on, and its share falls with size."""
    for t in (2200, 1900):
        report = encode_with_report(photo(128, 96), t=t, **GAUSSIAN).report
        assert 1.0 < report.payload_bits / report.kl_bits <= 1.10
