"""The codec end to end: round trips, prefixes, noise, refusals and the report."""

import hashlib
import io
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms
from scipy import stats

from rdpcodec import codec, container
from rdpcodec.channel import ChannelStep, load_coder
from rdpcodec.codec import decode, encode, encode_with_report
from rdpcodec.decoder.reconstruction import RECONSTRUCTIONS
from rdpcodec.errors import (
    ISSUE,
    BitstreamError,
    LimitError,
    PriorMismatchError,
    PriorUnavailableError,
    RdpError,
    TruncatedError,
    UsageError,
)
from rdpcodec.images import Picture, to_bytes
from rdpcodec.limits import Limits
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import PriorIdentity
from rdpcodec.priors.gaussian import GaussianPrior
from rdpcodec.schedule import sigma

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}
LEVEL = 1e-3

DECODE_ELSEWHERE = """
import hashlib, json, sys
from rdpcodec import codec
from rdpcodec.channel import ChannelStep, load_coder
received = codec.open(sys.stdin.buffer.read())
file = received.file
header, coder = file.header, load_coder(file.header.coder, file.header.coder_parameter)
indices, samples = [], hashlib.sha256()
for k, layer in enumerate(header.layers):
    step = ChannelStep(seed=header.seed, layer=k, dim=header.dim, q=layer.q)
    found = coder.unpack(file.layer_bits(k), step)
    indices.append(found.tolist())
    samples.update(coder.decode(found, step).tobytes())
y = received.state.y
print(json.dumps([indices, samples.hexdigest(), y.flatten().tolist()]))
"""


def psnr(found: object, truth: Pixels) -> float:
    """Return the PSNR in dB of 8-bit pixels."""
    error = np.square(np.asarray(found).astype(float) - truth).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def gradient(width: int, height: int, channels: int) -> Pixels:
    """Return a smooth picture of any size."""
    y, x = np.mgrid[0:height, 0:width]
    plane = 128 + 60 * np.sin(x / 9 + 1) + 50 * np.cos(y / 7)
    planes = np.stack((plane, 0.8 * plane + 20, 250 - plane), axis=-1).astype(np.uint8)
    return planes if channels == 3 else planes[:, :, 0].copy()


@pytest.fixture(scope="module")
def file_of(photo: MakePhoto) -> bytes:
    """Return a file of a small photo with over ten layers."""
    return encode(photo(48, 32), t=1900, **GAUSSIAN)


@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 2**64 - 1),
    t=st.integers(1500, 2400),
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_round_trip(width: int, height: int, channels: int, seed: int, t: int) -> None:
    """Any size, seed and kind of picture comes back near itself, and its file is canonical."""
    picture = gradient(width, height, channels)
    data = encode(picture, t=t, seed=seed, **GAUSSIAN)
    file = container.parse(data)
    assert container.build(file) == data
    header = file.header
    assert (header.width, header.height, header.channels) == (width, height, channels)
    assert (header.seed, header.t, header.coder) == (seed, t, "trellis")
    assert (header.prior_id, header.prior_digest) == (
        "gaussian-1",
        load_prior("gaussian-1").digest[:4],
    )
    found = decode(data, rho=0)
    assert found.pixels.shape == picture.shape
    if picture.size < 64:
        return  # so few coordinates vary too much from seed to seed
    # The estimate is no worse than the noisy state itself, which is sigma from the picture.
    error = np.sqrt(np.square(found.pixels.astype(float) - picture).mean()) / 127.5
    chance = 1 + 4 / math.sqrt(2 * picture.size)
    assert error < 1.2 * chance * sigma(t) + 1 / 255


@given(
    width=st.integers(1, 12),
    height=st.integers(1, 12),
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 2**64 - 1),
    chunk_bits=st.integers(4, 16),
)
@settings(max_examples=8, deadline=None, derandomize=True)
def test_round_trip_with_the_papers_coder(
    width: int, height: int, channels: int, seed: int, chunk_bits: int
) -> None:
    """The paper's coder round trips too, at every number of bits per chunk."""
    picture = gradient(width, height, channels)
    options = {"coder": "pfr", "coder_parameter": chunk_bits, **GAUSSIAN}
    data = encode(picture, t=1900, seed=seed, **options)
    file = container.parse(data)
    assert container.build(file) == data
    assert (file.header.coder, file.header.coder_parameter) == ("pfr", chunk_bits)
    assert decode(data, rho=0.5).pixels.shape == picture.shape
    assert psnr(decode(data, rho=0), picture) > 10


def test_finest_files_are_nearly_exact() -> None:
    """At t = 0, sigma = 1/1024, every size decodes to within 2 of 255 at any rho."""
    for size in ((2, 2), (1, 23), (23, 1), (3, 37), (40, 40)):
        for picture in (gradient(*size, 1), gradient(*size, 3)):
            data = encode(picture, t=0, **GAUSSIAN)
            for reconstruction, rho in (("ode", 0.0), ("geodesic", 1.0)):
                found = decode(data, rho=rho, reconstruction=reconstruction).pixels.astype(int)
                assert np.abs(found - picture).max() <= 2


def test_no_pixel_is_left_behind(photo: MakePhoto) -> None:
    """In a fine file of a grey photo no pixel is over 6.5 sigma from its place."""
    picture = photo(96, 64, 1)
    chain = codec.open(encode(picture, t=700, rdo=0, **GAUSSIAN)).state
    noise = (chain.y[0, 0].numpy() - (picture / 127.5 - 1)) / chain.sigma
    assert np.abs(noise).max() < 6.5
    assert noise.std() == pytest.approx(1, abs=0.03)


def test_flat_pictures_come_back() -> None:
    """Black and white, colour and grey, come back as they were."""
    for picture in (np.zeros((9, 7, 3), np.uint8), np.full((9, 7), 255, np.uint8)):
        data = encode(picture, t=600, **GAUSSIAN)
        assert psnr(decode(data, rho=0), picture) > 38


def test_pictures_that_surprise_the_prior_come_back() -> None:
    """A checkerboard, which the prior thinks impossible, comes back but for the prior's shrinking.

    The Wiener gain at its frequency is 0.986, which alone leaves 1.8 of 255, 42.8 dB.
    """
    board = (np.indices((12, 12)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert psnr(decode(encode(board, t=600, rdo=0, **GAUSSIAN), rho=0), board) > 41.5


def test_single_pixels_come_back() -> None:
    """Pictures of one or two grey pixels decode to within 8 of 255 from their finest file."""
    for size in ((1, 1), (1, 2)):
        for seed in range(4):
            picture = gradient(*size, 1)
            data = encode(picture, t=0, seed=seed, **GAUSSIAN)
            found = decode(data, rho=0).pixels.astype(int)
            assert np.abs(found - picture).max() <= 8


def test_state_bits_are_those_of_the_header(photo: MakePhoto) -> None:
    """Files of other numbers of state bits are read with the number they hold."""
    picture = photo(24, 20)
    for state_bits in (4, 9, 16):
        data = encode(picture, t=1700, coder_parameter=state_bits, **GAUSSIAN)
        assert container.parse(data).header.coder_parameter == state_bits
        assert psnr(decode(data, rho=0), picture) > 22


@pytest.mark.parametrize("coder", ["trellis", "pfr"])
def test_encoding_is_deterministic_for_a_seed(photo: MakePhoto, coder: str) -> None:
    """The same seed gives the same bytes, another seed another file of about the same quality."""
    picture = photo(12, 10)
    first, again, other = (
        encode(picture, t=1800, seed=seed, coder=coder, **GAUSSIAN) for seed in (4, 4, 5)
    )
    assert first == again
    assert container.parse(first).payload != container.parse(other).payload
    quality = [psnr(decode(data, rho=0), picture) for data in (first, other)]
    assert abs(quality[0] - quality[1]) < 3


def test_decoding_is_deterministic(file_of: bytes) -> None:
    """The same file gives the same pixels every time."""
    assert np.array_equal(decode(file_of).pixels, decode(file_of).pixels)


@pytest.mark.slow
@pytest.mark.parametrize("coder", ["trellis", "pfr"])
def test_a_second_process_reads_the_same_symbols(
    photo: MakePhoto, monkeypatch: pytest.MonkeyPatch, coder: str
) -> None:
    """A fresh process finds the encoder's indices and samples exactly, and its state."""
    seen: list[Any] = []
    build = codec._file
    monkeypatch.setattr(codec, "_file", lambda encoder: (seen.append(encoder), build(encoder))[1])
    data = encode(photo(14, 9), t=1900, seed=2**63 + 5, coder=coder, **GAUSSIAN)
    ran = subprocess.run(
        [sys.executable, "-c", DECODE_ELSEWHERE], input=data, capture_output=True, check=True
    )
    indices, samples, y = json.loads(ran.stdout)
    encoder = seen[0]
    assert np.allclose(y, encoder.chain.y.flatten().numpy(), atol=1e-5)
    header, channel, found = container.parse(data).header, load_coder(coder), []
    for k, coded in enumerate(encoder.coded):
        step = ChannelStep(seed=header.seed, layer=k, dim=header.dim, q=coded.layer.q)
        symbols = channel.unpack(coded.payload, step)
        assert indices[k] == symbols.tolist()
        found.append(channel.decode(symbols, step).tobytes())
    assert samples == hashlib.sha256(b"".join(found)).hexdigest()


def test_every_prefix_decodes_and_gets_better(photo: MakePhoto) -> None:
    """One more layer never loses over 0.3 dB, and each three of them win."""
    picture = photo(64, 48)
    data = encode(picture, t=1500, **GAUSSIAN)
    file = container.parse(data)
    count = len(file.header.layers)
    assert count > 12
    quality = []
    for k in range(1, count + 1):
        found = decode(data, rho=0, layers=k)
        cut = container.build(file.truncated(k))
        assert len(cut) < len(data) or k == count
        assert np.array_equal(decode(cut, rho=0).pixels, found.pixels)
        quality.append(psnr(found, picture))
    assert all(after > before - 0.3 for before, after in pairwise(quality))
    assert all(after > before for before, after in zip(quality, quality[3:], strict=False))
    assert quality[-1] > quality[0] + 12


def test_truncated_files_give_their_whole_layers(file_of: bytes) -> None:
    """A cut file is refused with the count of its whole layers, which --allow-partial reads."""
    cut = file_of[: int(0.7 * len(file_of))]
    with pytest.raises(TruncatedError) as caught:
        decode(cut)
    whole = caught.value.layers_whole
    assert 0 < whole < caught.value.layers_total
    partial = decode(cut, rho=0, allow_partial=True)
    assert np.array_equal(partial.pixels, decode(file_of, rho=0, layers=whole).pixels)
    with pytest.raises(UsageError, match=f"1..{whole}"):
        decode(cut, allow_partial=True, layers=whole + 1)


@pytest.fixture(scope="module")
def chain_noise(photo: MakePhoto) -> NDArray[np.float64]:
    """Return (y_T - x_0) / sigma_T of a whole file's chain, (3, 128, 192)."""
    picture = photo(192, 128)
    data = encode(picture, t=1800, rdo=0, **GAUSSIAN)
    chain = codec.open(data).state
    x_0 = picture.astype(np.float64).transpose(2, 0, 1) / 127.5 - 1
    return (chain.y[0].numpy() - x_0) / chain.sigma


@pytest.mark.slow
def test_noise_of_a_file_is_normal(chain_noise: NDArray[np.float64]) -> None:
    """The noise of a whole chain is N(0, 1) by Kolmogorov-Smirnov and Anderson-Darling.

    Its standard deviation is 1 within 1.5 %: the search shrinks the variance along mu.
    """
    flat = chain_noise.reshape(-1)
    assert flat.std() == pytest.approx(1, abs=0.015)
    assert abs(flat.mean()) < 4 / math.sqrt(flat.size)
    assert stats.kstest(flat, "norm").pvalue > LEVEL
    part = np.random.default_rng(0).permutation(flat)[:5000]
    assert anderson_darling(part) < 6.0
    assert stats.jarque_bera(flat).pvalue > LEVEL


def anderson_darling(values: NDArray[np.float64]) -> float:
    """Return A^2 against N(0, 1), fully specified; 6.0 is its 0.1 % point."""
    z, n = np.sort(values), values.size
    weights = 2 * np.arange(1, n + 1) - 1
    return float(-n - (weights * (stats.norm.logcdf(z) + stats.norm.logsf(z[::-1]))).mean())


@pytest.mark.slow
def test_noise_of_a_file_is_white(chain_noise: NDArray[np.float64]) -> None:
    """Neighbours in rows, columns and colours are uncorrelated: Ljung-Box over 48 lags."""
    statistic, lags, total = 0.0, 0, chain_noise.size
    x = chain_noise - chain_noise.mean()
    for dy in range(-3, 4):
        for dx in range(4):
            for dc in range(2):
                if (dc, dx, dy) > (0, 0, 0):
                    moved = np.roll(x, (dc, dy, dx), axis=(0, 1, 2))
                    statistic += total * (float((x * moved).sum()) / float((x * x).sum())) ** 2
                    lags += 1
    assert lags >= 48
    assert stats.chi2.sf(statistic, lags) > LEVEL


@pytest.mark.slow
def test_noise_of_a_file_ignores_the_picture(
    chain_noise: NDArray[np.float64], photo: MakePhoto
) -> None:
    """Neither the noise nor its size is correlated with the pixels' detail or their place."""
    planes = photo(192, 128).astype(np.float64).transpose(2, 0, 1)
    detail = planes - (np.roll(planes, 1, axis=1) + np.roll(planes, 1, axis=2)) / 2
    column = np.broadcast_to(np.arange(192.0), planes.shape)
    bound = 4.5 / math.sqrt(planes.size)
    for known in (planes, np.abs(detail), column):
        assert abs(np.corrcoef(known.reshape(-1), chain_noise.reshape(-1))[0, 1]) < bound
    for known in (np.abs(detail), column):
        assert abs(np.corrcoef(known.reshape(-1), chain_noise.reshape(-1) ** 2)[0, 1]) < 2 * bound


@pytest.mark.slow
def test_noises_of_two_seeds_are_unrelated(
    chain_noise: NDArray[np.float64], photo: MakePhoto
) -> None:
    """Another seed gives another noise for the same picture."""
    picture = photo(192, 128)
    chain = codec.open(encode(picture, t=1800, seed=1, rdo=0, **GAUSSIAN)).state
    x_0 = picture.astype(np.float64).transpose(2, 0, 1) / 127.5 - 1
    other = (chain.y[0].numpy() - x_0) / chain.sigma
    correlation = np.corrcoef(other.reshape(-1), chain_noise.reshape(-1))[0, 1]
    assert abs(correlation) < 4.5 / math.sqrt(other.size)


def test_rho_moves_from_fidelity_to_detail(photo: MakePhoto) -> None:
    """A larger rho has more fine detail, for both reconstructions, from one and the same file."""
    data = encode(photo(64, 48), t=2000, **GAUSSIAN)
    for reconstruction in RECONSTRUCTIONS:
        energy = []
        for rho in (0.0, 0.5, 1.0):
            pixels = decode(data, rho=rho, reconstruction=reconstruction).pixels.astype(float)
            energy.append(float(np.square(np.diff(pixels, axis=1)).mean()))
        assert energy[0] < energy[1] < energy[2]


def test_a_prior_instance_is_as_good_as_its_name(photo: MakePhoto) -> None:
    """A prior object with the file's digest reads the file, whatever its name is."""

    class Renamed(GaussianPrior):
        identity = PriorIdentity("my-gaussian", GaussianPrior.identity.manifest)

    data = encode(photo(9, 7), t=1900, prior=Renamed())
    assert container.parse(data).header.prior_id == "my-gaussian"
    expected = decode(encode(photo(9, 7), t=1900, **GAUSSIAN))
    assert np.array_equal(decode(data, prior=GaussianPrior()).pixels, expected.pixels)


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


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (255, 255, 255), (10, 140, 120)])
def test_flat_colours_keep_their_colour(colour: tuple[int, int, int]) -> None:
    """At 0.25 bits per pixel each channel's mean is right within 0.7 levels, inner pixels within 8.

    The prior has seen photos only: alone it moves the means of red and blue by 4 levels.
    """
    pixels = np.broadcast_to(np.array(colour, np.uint8), (128, 128, 3)).copy()
    received = codec.open(encode(pixels, bpp=0.25))
    for rho in (0.0, 1.0):
        error = received.at(rho).pixels.astype(float) - pixels
        assert np.abs(error.mean(axis=(0, 1))).max() < 0.7
        assert np.abs(error[16:-16, 16:-16]).max() <= 8


def test_a_wrong_prior_is_refused_by_its_digest(file_of: bytes) -> None:
    """A prior with the right name and another configuration is RDP-502."""
    other = GaussianPrior()
    other.identity = PriorIdentity("gaussian-1", {**other.identity.manifest, "corner": 2e-3})
    assert other.id == "gaussian-1"
    with pytest.raises(PriorMismatchError, match=other.digest[:4].hex()) as caught:
        decode(file_of, prior=other)
    assert caught.value.issue == ISSUE.PRIOR_MISMATCH
    file = container.parse(file_of)
    renamed = replace(file, header=replace(file.header, prior_digest=bytes(8)))
    with pytest.raises(PriorMismatchError, match="digest 00000000,"):
        decode(container.build(renamed))


@pytest.mark.parametrize(
    "name", ["diffusers:google/ddpm-cat-256", "photo-9", "diffusers:tmp", "#9"]
)
def test_a_file_opens_no_prior_that_is_not_built_in(
    file_of: bytes, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file that names a directory or a hub model is refused before anything is looked for."""
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was used"))
    monkeypatch.setattr(codec, "load_prior", lambda _: pytest.fail("a prior was opened"))
    file = container.parse(file_of)
    data = container.build(
        replace(file, header=replace(file.header, prior_id=name, prior_digest=bytes(8)))
    )
    with pytest.raises(PriorUnavailableError, match="not built in") as caught:
        decode(data)
    assert caught.value.issue == ISSUE.PRIOR_UNAVAILABLE


@pytest.mark.parametrize(
    ("limits", "issue"),
    [
        (Limits(side=47), ISSUE.LIMIT_SIDE),
        (Limits(pixels=48 * 32 - 1), ISSUE.LIMIT_PIXELS),
        (Limits(layers=3), ISSUE.LIMIT_LAYERS),
        (Limits(file_bytes=40), ISSUE.LIMIT_FILE_BYTES),
        (Limits(chunks=2), ISSUE.LIMIT_CHUNKS),
    ],
)
def test_limits_hold_when_reading(file_of: bytes, limits: Limits, issue: ISSUE) -> None:
    """Each limit stops a file that is one above it, before any prior is loaded."""
    file = container.parse(file_of)
    chunk = container.pack_rho(0.5)
    data = container.build(replace(file, ancillary=(chunk,)))
    with pytest.raises(LimitError) as caught:
        decode(data, limits=limits)
    assert caught.value.issue == issue
    assert caught.value.value > caught.value.limit


@pytest.mark.parametrize("limits", [Limits(side=11), Limits(pixels=12 * 8 - 1)])
def test_limits_hold_when_writing(photo: MakePhoto, limits: Limits) -> None:
    """No file is written that the same limits would not read."""
    with pytest.raises(LimitError):
        encode(photo(12, 8), limits=limits, **GAUSSIAN)


def test_the_hint_is_the_default_rho(photo: MakePhoto) -> None:
    """Without --rho the hint of the file counts, and without a hint 0.5; a given rho wins."""
    picture = photo(32, 24)
    plain = encode(picture, t=2100, **GAUSSIAN)
    hinted = encode(picture, t=2100, rho_hint=1.0, **GAUSSIAN)
    assert np.array_equal(decode(plain).pixels, decode(plain, rho=0.5).pixels)
    assert np.array_equal(decode(hinted).pixels, decode(plain, rho=1.0).pixels)
    assert np.array_equal(decode(hinted, rho=0.0).pixels, decode(plain, rho=0.0).pixels)
    assert not np.array_equal(decode(hinted).pixels, decode(plain).pixels)
    with_hint = encode(picture, target_bytes=200, rho_hint=0.25, **GAUSSIAN)
    assert 190 <= len(with_hint) <= 200


def test_colour_profiles_are_kept(photo: MakePhoto) -> None:
    """The ICC profile comes back byte for byte, and counts towards the size of the file."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    picture = Picture(photo(48, 40), icc=profile)
    data = encode(picture, target_bytes=1200, **GAUSSIAN)
    assert decode(data).icc == profile
    assert 0.95 * 1200 <= len(data) <= 1200
    assert decode(encode(picture.pixels, t=2000, **GAUSSIAN)).icc is None


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

    def counted(y: torch.Tensor, level: float) -> torch.Tensor:
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


@pytest.mark.slow
def test_coded_bits_stay_near_the_divergence(photo: MakePhoto) -> None:
    """The trellis pays at most 1.10 times KL from 0.5 bpp on, and its share falls with size."""
    for t in (2200, 1900):
        report = encode_with_report(photo(128, 96), t=t, **GAUSSIAN).report
        assert 1.0 < report.payload_bits / report.kl_bits <= 1.10


def test_progress_of_decoding(file_of: bytes) -> None:
    """Progress counts the layers, then the reconstruction's evaluations, each to its end."""
    calls: list[tuple[str, int, int]] = []
    decode(file_of, rho=1.0, evaluations=3, progress=lambda *call: calls.append(call))
    count = len(container.parse(file_of).header.layers)
    assert calls[:count] == [("decoding", k + 1, count) for k in range(count)]
    assert calls[count:] == [("reading", k + 1, 3) for k in range(3)]


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


@pytest.mark.parametrize(
    "options",
    [
        {"t": -1}, {"t": 4096}, {"bpp": 0.0}, {"bpp": math.nan}, {"bpp": math.inf},
        {"target_bytes": 0}, {"t": 5, "bpp": 1.0}, {"bpp": 1.0, "target_bytes": 900},
        {"seed": -1}, {"seed": 2**64}, {"coder": "zip"}, {"rho_hint": 1.5},
        {"rho_hint": math.nan},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused_when_writing(options: dict[str, Any]) -> None:
    """Each option has its range, outside of which it is RDP-701."""
    with pytest.raises(UsageError) as caught:
        encode(gradient(6, 5, 3), **options, **GAUSSIAN)
    assert caught.value.issue == ISSUE.INVALID_OPTION


@pytest.mark.parametrize("parameter", [-1, 3, 17])
@pytest.mark.parametrize("coder", ["trellis", "pfr"])
def test_coder_parameters_out_of_range_are_refused(coder: str, parameter: int) -> None:
    """The parameter of the coder is 4..16, outside of which it is RDP-701."""
    with pytest.raises(UsageError):
        encode(gradient(6, 5, 3), coder=coder, coder_parameter=parameter, **GAUSSIAN)


@pytest.mark.parametrize(
    "options",
    [
        {"rho": -0.1}, {"rho": 1.1}, {"rho": math.nan}, {"reconstruction": "sde"}, {"layers": 0},
        {"layers": 99}, {"evaluations": 0}, {"evaluations": 1001},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused_when_reading(
    file_of: bytes, options: dict[str, Any]
) -> None:
    """Each option has its range, outside of which it is RDP-701."""
    with pytest.raises(UsageError) as caught:
        decode(file_of, **options)
    assert caught.value.issue == ISSUE.INVALID_OPTION


def test_unknown_priors_are_named_with_the_known(photo: MakePhoto) -> None:
    """An unknown prior is RDP-501, and the sentence lists the built-in ones."""
    with pytest.raises(PriorUnavailableError, match="gaussian-1") as caught:
        encode(photo(4, 4), prior="gaussian-2")
    assert caught.value.issue == ISSUE.PRIOR_UNAVAILABLE


def test_damaged_indices_are_a_bitstream_error(photo: MakePhoto) -> None:
    """A payload of the paper's coder that no encoder writes is RDP-302, with its layer."""
    file = container.parse(encode(photo(12, 9), t=2000, coder="pfr", **GAUSSIAN))
    broken = replace(file, payload=b"\xff" * len(file.payload))
    with pytest.raises(BitstreamError, match="layer") as caught:
        decode(container.build(broken))
    assert caught.value.issue == ISSUE.BAD_BITSTREAM


@given(data=st.binary(max_size=64), at=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_any_payload_of_the_trellis_is_a_picture(data: bytes, at: int) -> None:
    """Every bit string of the right length decodes: the trellis has no invalid payloads."""
    file = container.parse(SMALL)
    payload = bytearray(file.payload)
    for i, value in enumerate(data):
        payload[(at + i) % (len(payload) - 1)] ^= value
    found = decode(container.build(replace(file, payload=bytes(payload))), rho=0)
    assert found.pixels.shape == (7, 9)


def test_a_map_gives_every_pixel_its_rho(photo: MakePhoto) -> None:
    """Black reads as rho = 0 and white as rho = 1; half of each lies between, side by side."""
    picture = photo(24, 16)
    data = encode(picture, t=2000, **GAUSSIAN)
    low, high = (decode(data, rho=rho).pixels for rho in (0.0, 1.0))
    mask = np.zeros((16, 24), np.uint8)
    assert np.array_equal(decode(data, rho=mask).pixels, low)
    assert np.array_equal(decode(data, rho=mask + 255).pixels, high)
    assert np.array_equal(decode(data, rho=np.ones((16, 24))).pixels, high)
    mask[:, 12:] = 255
    mixed = decode(data, rho=mask).pixels.astype(int)
    assert np.abs(mixed - low)[:, :12].mean() < np.abs(mixed - high)[:, :12].mean()
    assert np.abs(mixed - high)[:, 12:].mean() < np.abs(mixed - low)[:, 12:].mean()


@pytest.mark.parametrize(
    ("rho", "said"),
    [
        (np.zeros((24, 16)), r"shape \(24, 16\), expected \(16, 24\)"),
        (np.zeros((16, 24), np.int64), "a map of int64, expected floats in 0..1, or uint8"),
        (np.full((16, 24), 1.5), "values out of range"),
        (np.full((16, 24), np.nan), "values out of range"),
    ],
)
def test_a_map_of_another_kind_is_refused(photo: MakePhoto, rho: np.ndarray, said: str) -> None:
    """Another shape, other integers and numbers out of range are each named."""
    data = encode(photo(24, 16), t=2100, **GAUSSIAN)
    with pytest.raises(UsageError, match=said):
        decode(data, rho=rho)


SMALL = encode(gradient(9, 7, 1), t=2000, **GAUSSIAN)


def test_any_bytes_are_refused_by_name() -> None:
    """What is not a file of this format is an RdpError, never something else."""
    for data in (b"", b"\x89RDP", b"full address:s:example", SMALL[:20], SMALL + b"\0"):
        with pytest.raises(RdpError):
            decode(data)


@pytest.mark.slow
@pytest.mark.weights
def test_the_default_prior_round_trips(photo: MakePhoto) -> None:
    """With photo-1 a photo at 1.5 bpp is over 2 dB better than with the Gaussian."""
    picture = photo(48, 32)
    data, plain = encode(picture, bpp=1.5), encode(picture, bpp=1.5, **GAUSSIAN)
    assert container.parse(data).header.prior_id == "photo-1"
    assert psnr(decode(data, rho=0), picture) > psnr(decode(plain, rho=0), picture) + 2
    assert psnr(decode(data, rho=0), picture) > psnr(decode(data, rho=1), picture)
    grey = photo(21, 17, 1)
    assert psnr(decode(encode(grey, t=2000), rho=0), grey) > 20


def test_a_map_belongs_to_geodesic(photo: MakePhoto) -> None:
    """The ode has one rho for the whole state, so a map of it is refused by name."""
    data = encode(photo(9, 7), t=2200, **GAUSSIAN)
    with pytest.raises(UsageError, match="rho is a map") as caught:
        decode(data, rho=np.zeros((7, 9)), reconstruction="ode")
    assert caught.value.issue == ISSUE.INVALID_OPTION


def test_a_picture_is_received_once(photo: MakePhoto) -> None:
    """Layers and both ends are found once: every further rho costs no evaluation of the prior."""
    prior, calls = GaussianPrior(), []
    denoise = prior.denoise
    prior.denoise = lambda y, level: (calls.append(level), denoise(y, level))[1]  # type: ignore[method-assign]
    data = encode(photo(24, 16), t=1850, prior=prior)
    calls.clear()
    received = codec.open(data, prior=prior)
    assert received.info["bytes"]["file"] == len(data)
    assert not calls
    low, high = received.endpoints()
    spent = len(calls)
    for rho in (0.0, 0.3, 1.0):
        blend = to_bytes(low + np.float32(rho) * (high - low))
        assert np.array_equal(received.at(rho).pixels, blend)
        assert np.array_equal(decode(data, rho=rho).pixels, blend)
    assert len(calls) == spent


def test_layers_are_walked_once_from_coarse_to_fine(photo: MakePhoto) -> None:
    """Coarser pictures of one file, asked for in order, decode each layer once."""
    data = encode(photo(24, 16), t=1850, **GAUSSIAN)
    decoded: list[int] = []
    received = codec.open(
        data, progress=lambda what, k, _: decoded.append(k) if what == "decoding" else None
    )
    count = received.file.layers_whole
    for layers in (1, 2, count):
        alone = codec.open(data, layers=layers).at(0.0)
        assert np.array_equal(received.layers(layers).at(0.0).pixels, alone.pixels)
    assert decoded == list(range(1, count + 1))
