"""The encoder reaches its goal: a level exactly, or a number of bytes from below and in full."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import codec, container
from rdpcodec.codec import encode, encode_with_report
from rdpcodec.encoder.search import Encoder
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.schedule import T_MAX, sigma

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
GAUSSIAN = {"prior": "gaussian-1"}


def encoder_of(
    picture: Pixels, monkeypatch: pytest.MonkeyPatch, **options: object
) -> tuple[Encoder, bytes]:
    """Return the encoder behind `encode`, as it is when the file is made, and the file."""
    seen: list[Encoder] = []
    build = codec._file

    def keep(encoder: Encoder) -> container.RdpFile:
        seen.append(encoder)
        return build(encoder)

    monkeypatch.setattr(codec, "_file", keep)
    data = encode(picture, **GAUSSIAN, **options)
    return seen[0], data


@pytest.mark.parametrize("t", [0, 1, 1000, 1984, 3000, T_MAX])
def test_a_level_is_reached_exactly(photo: MakePhoto, t: int) -> None:
    """The file of --t ends at that level, from the finest to the coarsest."""
    report = encode_with_report(photo(12, 9), t=t, **GAUSSIAN).report
    assert report.t == t
    header = container.parse(encode(photo(12, 9), t=t, **GAUSSIAN)).header
    assert header.t == t
    assert all(a.t > b.t for a, b in pairwise(header.layers))


@pytest.mark.parametrize(
    ("width", "height", "bpp"),
    [(96, 64, 0.5), (96, 64, 1.3), (96, 64, 4.0), (81, 57, 2.2), (192, 128, 0.5), (192, 128, 1.7)],
)
def test_bits_per_pixel_are_met_from_below_and_used(
    photo: MakePhoto, width: int, height: int, bpp: float
) -> None:
    """The file, its header included, has 95 to 100 % of the bytes asked for."""
    size = len(encode(photo(width, height), bpp=bpp, **GAUSSIAN))
    assert 0.95 * bpp * width * height / 8 <= size <= bpp * width * height / 8


def test_every_number_of_bytes_is_met_and_used(photo: MakePhoto) -> None:
    """Over a range of byte targets none is overrun, none is left unused by 5 % or more."""
    picture = photo(48, 40)
    for target in range(160, 1100, 94):
        assert 0.95 * target <= len(encode(picture, target_bytes=target, **GAUSSIAN)) <= target


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("target", [200, 330])
def test_the_papers_coder_meets_its_target(photo: MakePhoto, channels: int, target: int) -> None:
    """With pfr, whose bits are known only when they are coded, targets are met and used too."""
    size = len(encode(photo(20, 14, channels), target_bytes=target, coder="pfr", **GAUSSIAN))
    assert 0.95 * target <= size <= target


@pytest.mark.parametrize("coder", ["trellis", "pfr"])
def test_small_targets_are_never_overrun(photo: MakePhoto, coder: str) -> None:
    """Down to the smallest file a target is either met from below or refused."""
    picture, met = photo(10, 7), []
    for target in range(30, 80, 4):
        try:
            met.append((len(encode(picture, target_bytes=target, coder=coder, **GAUSSIAN)), target))
        except UsageError:
            assert not met
    assert met
    assert all(size <= target for size, target in met)


def test_a_target_that_the_picture_cannot_use_ends_at_the_finest_level(photo: MakePhoto) -> None:
    """With more bytes than the picture can use the file ends at t = 0, well below the target."""
    data = encode(photo(6, 5), target_bytes=100_000, **GAUSSIAN)
    assert container.parse(data).header.t == 0
    assert len(data) < 1000


@pytest.mark.parametrize("coder", ["trellis", "pfr"])
def test_targets_too_small_are_refused_with_the_smallest_size(photo: MakePhoto, coder: str) -> None:
    """The refusal is RDP-702, and the size it names can in fact be had, one byte less cannot."""
    picture = photo(16, 12)
    with pytest.raises(UsageError) as caught:
        encode(picture, target_bytes=1, coder=coder, **GAUSSIAN)
    assert caught.value.issue == ISSUE.TARGET_TOO_SMALL == "RDP-702"
    assert "target of 1 bytes" in caught.value.message
    smallest = int(caught.value.message.rsplit(" has ", 1)[1].removesuffix(" bytes"))
    assert len(encode(picture, target_bytes=smallest, coder=coder, **GAUSSIAN)) <= smallest
    with pytest.raises(UsageError):
        encode(picture, target_bytes=smallest - 1, coder=coder, **GAUSSIAN)


def test_bits_per_pixel_too_small_are_refused(photo: MakePhoto) -> None:
    """A bpp of less than the header is RDP-702 too, not a broken file."""
    with pytest.raises(UsageError) as caught:
        encode(photo(8, 8), bpp=0.001, **GAUSSIAN)
    assert caught.value.issue == ISSUE.TARGET_TOO_SMALL


def test_more_bytes_never_give_a_coarser_file(photo: MakePhoto) -> None:
    """The level falls with the target, up to the grain of the last layer."""
    picture = photo(40, 30)
    levels = [
        container.parse(encode(picture, target_bytes=n, **GAUSSIAN)).header.t
        for n in (120, 240, 480, 960)
    ]
    assert all(coarse > fine + 50 for coarse, fine in pairwise(levels))


def test_layers_carry_what_the_encoder_counted(
    photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each layer's bits in the file are those its coder wrote."""
    encoder, data = encoder_of(photo(33, 20), monkeypatch, t=1800)
    file = container.parse(data)
    assert file.layers_whole == len(encoder.coded) == len(file.header.layers)
    for k, coded in enumerate(encoder.coded):
        assert file.header.layers[k] == coded.layer
        assert file.layer_bits(k) == coded.payload


@pytest.mark.parametrize("coder", ["trellis", "pfr"])
def test_encoder_and_decoder_have_the_same_state(
    photo: MakePhoto, monkeypatch: pytest.MonkeyPatch, coder: str
) -> None:
    """On one machine the decoder's y_T is the encoder's, bit for bit."""
    encoder, data = encoder_of(photo(21, 14), monkeypatch, t=2000, coder=coder)
    state = codec.open(data).state
    assert np.array_equal(state.y, encoder.chain.y)
    assert (encoder.chain.t, state.sigma) == (2000, encoder.chain.sigma)


def test_divergences_are_those_of_the_means(
    photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first layer's ideal cost is the divergence of the whole picture at its level."""
    encoder, _ = encoder_of(photo(33, 20), monkeypatch, t=2200)
    first, dim = encoder.coded[0], encoder.x_0.size
    step = encoder._channel_step(first.layer.q)
    v = encoder.coder.excess_variance(step)
    mean_square = float(np.square(encoder.x_0).mean()) / sigma(first.layer.t) ** 2
    expected = dim / 2 * (math.log(1 + v) + (1 + mean_square) / (1 + v) - 1) / math.log(2)
    assert first.kl_bits == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("goal", [{"t": 1900}, {"target_bytes": 400}])
def test_progress_reaches_its_end(photo: MakePhoto, goal: dict[str, int]) -> None:
    """Progress counts every layer, and its estimate of the total is met by the last."""
    calls: list[tuple[str, int, int]] = []
    options = {**GAUSSIAN, **goal, "progress": lambda *call: calls.append(call)}
    report = encode_with_report(photo(40, 30), **options).report
    layers = report.layers
    assert [done for _, done, _ in calls] == list(range(1, len(layers) + 1))
    assert {phase for phase, _, _ in calls} == {"encoding"}
    assert all(done <= total for _, done, total in calls)
    assert calls[-1][1] >= calls[-1][2] - 1
