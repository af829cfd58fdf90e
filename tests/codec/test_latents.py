"""Files of latents: rates, sizes, prefixes, maps, what is known of them without their prior."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import codec, container
from rdpcodec.channel import load_coder
from rdpcodec.codec import decode, encode
from rdpcodec.container import RdpFile, build, parse
from rdpcodec.errors import (
    ISSUE,
    LimitError,
    PriorMismatchError,
    PriorUnavailableError,
    UnsupportedError,
    UsageError,
)
from rdpcodec.images import to_samples
from rdpcodec.layers import StateShape
from rdpcodec.limits import Limits
from rdpcodec.metrics import psnr
from rdpcodec.priors.latents import LatentsPrior

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
LATENTS: dict[str, Any] = {"prior": "latents-1"}


@pytest.fixture(scope="module")
def file_of(photo: MakePhoto) -> bytes:
    """Return a file of an odd photo with over ten layers."""
    return encode(photo(61, 43), bpp=4, **LATENTS)


@pytest.mark.parametrize("channels", [1, 3])
def test_more_bits_show_more(photo: MakePhoto, channels: int) -> None:
    """At three rates, met from below, the picture comes nearer, as far as the autoencoder lets it.

    Of a grey picture this one loses nothing, so that there is no ceiling.
    """
    picture, found = photo(61, 43, channels), []
    for bpp in (1, 4, 16):
        coded = codec.encode_with_report(picture, bpp=bpp, **LATENTS)
        shown = decode(coded.data, rho=0).pixels
        assert shown.shape == picture.shape
        assert 0.9 * bpp < coded.report.bpp <= bpp
        found.append(psnr(shown, picture))
    assert found[0] + 3 < found[1]
    assert found[1] + 6 < found[2]
    ceiling = coded.report.vae_psnr
    assert (ceiling is None) == (channels == 1)
    assert found[2] > (35 if ceiling is None else ceiling - 3)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (7, 1), (5, 4), (33, 47), (47, 33)])
@pytest.mark.parametrize("kind", ["grey", "rgb", "equal-rgb"])
def test_any_size_and_kind(photo: MakePhoto, size: tuple[int, int], kind: str) -> None:
    """The header states the latents; the picture has its own size and kind again."""
    picture = photo(*size, 3 if kind == "rgb" else 1)
    if kind == "equal-rgb":
        picture = picture[:, :, None].repeat(3, 2)
    received = codec.open(encode(picture, t=1500, **LATENTS))
    shown = received.at(0.5).pixels
    assert received.header.kind == kind
    assert received.header.state == StateShape(6, 2, 4)
    assert shown.shape == picture.shape
    assert psnr(shown, picture) > 20


def test_every_prefix_is_a_coarser_picture(photo: MakePhoto, file_of: bytes) -> None:
    """A file cut after any layer decodes as the layers of the whole file do."""
    file, picture = parse(file_of), photo(61, 43)
    received, errors = codec.open(file_of), []
    for count in (1, 4, 9, len(file.header.layers)):
        shown = received.layers(count).at(0).pixels
        np.testing.assert_array_equal(decode(build(file.truncated(count)), rho=0).pixels, shown)
        errors.append(np.square(shown.astype(float) - picture).mean())
    assert errors == sorted(errors, reverse=True)


def test_a_second_process_sees_the_same(file_of: bytes) -> None:
    """Another process gives the same pixels, samples included."""
    program = (
        "import sys, rdpcodec; "
        "picture = rdpcodec.decode(sys.stdin.buffer.read(), rho=0.3, average=2); "
        "sys.stdout.buffer.write(picture.pixels.tobytes())"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], input=file_of, capture_output=True, check=True
    )
    assert found.stdout == decode(file_of, rho=0.3, average=2).pixels.tobytes()


def test_rho_mixes_pictures_and_not_latents(file_of: bytes) -> None:
    """Between the ends, and in a map, pixels are blended: what the decoder made of both ends."""
    received = codec.open(file_of, prior=_Curved())
    low, high = received.endpoints()
    half = to_samples(low + np.float32(0.5) * (high - low))
    np.testing.assert_array_equal(received.at(0.5).pixels, half)
    mask = np.zeros((43, 61))
    mask[:, :30] = 1
    shown = received.at(mask).pixels
    np.testing.assert_array_equal(shown[:, :30], to_samples(high)[:, :30])
    np.testing.assert_array_equal(shown[:, 30:], to_samples(low)[:, 30:])


def test_the_ode_is_decoded_at_its_end(file_of: bytes) -> None:
    """The flow runs in latents; at rho = 1 both reconstructions end in one picture."""
    received = codec.open(file_of)
    ode = received.at(1, reconstruction="ode", evaluations=12).pixels.astype(int)
    geodesic = received.at(1, evaluations=12).pixels.astype(int)
    assert np.abs(ode - geodesic).max() <= 1


def test_samples_move_the_end_of_least_error_only(photo: MakePhoto, file_of: bytes) -> None:
    """At rho = 1 nothing changes; at rho = 0 there is another picture, the same every time."""
    received = codec.open(file_of)
    np.testing.assert_array_equal(received.at(1, average=3).pixels, received.at(1).pixels)
    plain, two = received.at(0).pixels, received.at(0, average=2).pixels
    assert not np.array_equal(plain, two)
    np.testing.assert_array_equal(decode(file_of, rho=0, average=2).pixels, two)
    np.testing.assert_array_equal(received.at(0, average=1).pixels, plain)
    one_and_a_half, best = received.at(0, average=3).pixels, photo(61, 43)
    assert psnr(two, best) > psnr(one_and_a_half, best) + 0.1


def test_samples_are_counted_as_evaluations(file_of: bytes) -> None:
    """Progress tells all evaluations of the samples before they begin."""
    calls: list[tuple[str, int, int]] = []
    received = codec.open(file_of, progress=lambda *call: calls.append(call))
    received.at(0, average=3, evaluations=5)
    reading = [call for call in calls if call[0] == "reading"]
    assert reading == [("reading", k + 1, 13) for k in range(13)]


def test_the_ode_takes_no_average(file_of: bytes) -> None:
    """It has no end of least error that could be a mean."""
    with pytest.raises(UsageError, match="average is 2, expected 1"):
        decode(file_of, reconstruction="ode", average=2)


@pytest.mark.parametrize("shape", [(6, 2, 8), (6, 4, 4), (5, 2, 4)])
def test_states_that_the_prior_does_not_have_are_refused(
    file_of: bytes, shape: tuple[int, int, int]
) -> None:
    """Channels, stride and multiple all count, whatever shape they lead to."""
    changed = _with(parse(file_of), state=StateShape(*shape))
    with pytest.raises(UnsupportedError, match="stride 2 and multiple 4") as caught:
        decode(build(changed))
    assert caught.value.issue == ISSUE.UNSUPPORTED_FEATURE


def test_pixels_are_no_latents_and_latents_no_pixels(photo: MakePhoto, file_of: bytes) -> None:
    """A file of one is not read with a prior of the other."""
    pixels = parse(encode(photo(12, 8), prior="gaussian-1", t=2200))
    digest = LatentsPrior().digest
    header = replace(pixels.header, prior_id="latents-1", prior_digest=digest)
    with pytest.raises(UnsupportedError, match="3 channels, stride 1 and multiple 1"):
        decode(build(replace(pixels, header=header)))
    with pytest.raises(PriorMismatchError):
        decode(file_of, prior="gaussian-1")


def test_all_but_the_picture_is_known_without_the_prior(file_of: bytes) -> None:
    """Shape and indices follow from the header; the picture alone needs the prior."""
    file = parse(file_of)
    foreign = _with(file, prior_id="diffusers:nobody-has-it")
    data = build(foreign)
    described = container.describe(parse(data), len(data))
    assert described["state"] == [6, 22, 32]
    coder = load_coder(file.header.coder, file.header.coder_parameter)
    for (_, step, bits), (_, _, same) in zip(foreign.steps(), file.steps(), strict=True):
        assert step.dim == 6 * 22 * 32
        np.testing.assert_array_equal(coder.unpack(bits, step), coder.unpack(same, step))
    with pytest.raises(PriorUnavailableError):
        decode(data)


def test_a_state_above_the_limit_is_refused_before_it_is_made(file_of: bytes) -> None:
    """The limit counts the latents that the header states."""
    with pytest.raises(LimitError) as caught:
        codec.open(file_of, limits=Limits(state=6 * 22 * 32 - 1))
    assert caught.value.issue == ISSUE.LIMIT_STATE
    codec.open(file_of, limits=Limits(state=6 * 22 * 32))


def test_a_prompt_is_in_the_file_and_nobody_asks_for_it_again(photo: MakePhoto) -> None:
    """The prior is told what it was told; with another prompt in its place it is another prior."""
    picture = photo(32, 24)
    data = encode(picture, t=1800, prompt="a café", **LATENTS)
    file = parse(data)
    assert file.prompt is not None
    assert file.prompt.text == "a café"
    assert file.header.prior_digest == LatentsPrior(prompt="a café").digest[:8]
    assert psnr(decode(data, rho=0).pixels, picture) > 20
    decode(data, prior=LatentsPrior(prompt="another"))  # the file decides
    for other in (None, container.pack_prompt("a cat")):
        with pytest.raises(PriorMismatchError):
            decode(build(replace(file, prompt=other)))


def test_a_prompt_counts_towards_the_size(photo: MakePhoto) -> None:
    """The wanted size is met from below with the prompt in it."""
    text = "a photograph of dead leaves, one above the other"
    data = encode(photo(64, 48), target_bytes=400, prompt=text, **LATENTS)
    assert 380 < len(data) <= 400


def test_the_normal_form_is_what_is_told(photo: MakePhoto) -> None:
    """A letter and its accent are one letter; nothing else about a text is changed."""
    both = [encode(photo(12, 8), t=2300, prompt=text, **LATENTS) for text in ("é a", "e\u0301 a")]
    assert both[0] == both[1]
    plain = encode(photo(12, 8), t=2300, **LATENTS)
    assert encode(photo(12, 8), t=2300, prompt="", **LATENTS) == plain


@pytest.mark.parametrize("prompt", ["two\nlines", "a\x00b", "\x9b31m", "\ud800", 7])
def test_what_is_no_prompt_is_refused_before_the_work(prompt: object) -> None:
    """A text of one line, and nothing else."""
    with pytest.raises(UsageError) as caught:
        encode("missing.png", prompt=prompt, **LATENTS)  # type: ignore[arg-type]
    assert caught.value.issue == ISSUE.INVALID_OPTION


def test_priors_that_take_no_prompt(photo: MakePhoto) -> None:
    """A wish for one is the user's mistake; in a file it is a matter of the prior."""
    with pytest.raises(UsageError, match="the prior gaussian-1 takes no prompt"):
        encode(photo(12, 8), prior="gaussian-1", prompt="a cat")
    file = parse(encode(photo(12, 8), prior="gaussian-1", t=2300))
    with pytest.raises(PriorMismatchError, match="with a prompt, but the prior gaussian-1"):
        decode(build(replace(file, prompt=container.pack_prompt("a cat"))))


@pytest.mark.parametrize("option", ["negative_prompt", "guidance"])
def test_guidance_is_no_option(option: str) -> None:
    """With guidance the estimate is no posterior mean any more, and costs bits."""
    with pytest.raises(TypeError, match=option):
        encode("missing.png", **{option: 1})


def test_a_photo_of_pixels_has_no_ceiling(photo: MakePhoto) -> None:
    """What a prior of pixels shows is bounded by the rate alone."""
    report = codec.encode_with_report(photo(12, 8), prior="gaussian-1", t=2300).report
    assert (report.vae_psnr, report.vae_share) == (None, None)


def test_the_share_of_the_autoencoder_grows_with_the_rate(photo: MakePhoto) -> None:
    """Its error is the same at any rate, and in the end nearly all there is."""
    reports = [codec.encode_with_report(photo(32, 24), t=t, **LATENTS).report
               for t in (2400, 1600, 400)]  # fmt: skip
    assert len({report.vae_psnr for report in reports}) == 1
    shares = [report.vae_share for report in reports]
    assert shares == sorted(shares)  # type: ignore[type-var]
    assert shares[0] < 0.1
    assert shares[-1] > 0.9


def _with(file: RdpFile, **changes: Any) -> RdpFile:
    """Return a file with another header, with as many bits as that one has."""
    header = file.header
    if "state" in changes:
        from rdpcodec.layers import trellis_bits  # noqa: PLC0415

        channels, rows, columns = changes["state"].of(header.width, header.height)
        dim = channels * rows * columns
        layers = tuple(replace(x, bits=trellis_bits(dim, x.q)) for x in header.layers)
        header = replace(header, layers=layers, **changes)
        return RdpFile(header=header, payload=bytes(header.payload_bytes()))
    return replace(file, header=replace(header, **changes))


class _Curved(LatentsPrior):
    """The model with a decoder that is not linear, so that it matters what is mixed."""

    def domain(self, channels: int, height: int, width: int) -> Any:
        """Return the domain with that decoder."""
        domain = super().domain(channels, height, width)
        straight = domain.to_pixels
        domain.to_pixels = lambda x_0: np.tanh(3 * straight(x_0))  # type: ignore[method-assign]
        return domain
