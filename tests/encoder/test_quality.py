"""A quality as the goal: met by the picture that a decoder shows, with no layer more than that."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import codec
from rdpcodec.encoder.quality import GAIN
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.metrics import psnr
from rdpcodec.priors.latents import LatentsPrior

MakePhoto = Callable[..., NDArray[np.uint8]]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("wanted", [18, 27.5, 40])
def test_a_quality_is_met_with_the_fewest_layers(
    photo: MakePhoto, channels: int, wanted: float
) -> None:
    """The picture at rho = 0 has it, as the report says; with one layer less it has not."""
    picture = photo(40, 30, channels)
    encoded = codec.encode_with_report(picture, psnr=wanted, **GAUSSIAN)
    received = codec.open(encoded.data, rho=0)
    assert psnr(received.at().pixels, picture) == pytest.approx(encoded.report.psnr)
    assert encoded.report.psnr >= wanted
    one_less = received.layers(received.file.layers_whole - 1).at().pixels
    assert psnr(one_less, picture) < wanted


def test_a_quality_is_measured_on_the_picture_of_least_error(photo: MakePhoto) -> None:
    """With `photo-1` too, whose picture at rho = 0 is not the estimate of the chain."""
    picture = photo(64, 48)
    encoded = codec.encode_with_report(picture, psnr=30)
    received = codec.open(encoded.data, rho=0)
    shown = psnr(received.at().pixels, picture)
    assert shown == pytest.approx(encoded.report.psnr)
    assert 30 <= shown < 30.5
    one_less = received.layers(received.file.layers_whole - 1)
    # The estimate alone has to come near before the picture of least error is looked at.
    assert psnr(one_less.at(symmetries=1).pixels, picture) < 30
    assert psnr(one_less.at().pixels, picture) < 30 + GAIN


def test_a_file_of_a_quality_is_that_of_its_level(photo: MakePhoto) -> None:
    """A quality only says where to stop: asked for the level, the file is the same."""
    picture = photo(40, 30)
    encoded = codec.encode_with_report(picture, psnr=30, **GAUSSIAN)
    assert codec.encode(picture, t=encoded.report.t, **GAUSSIAN) == encoded.data


def test_a_quality_out_of_reach_gives_the_finest_file(photo: MakePhoto) -> None:
    """It ends at t = 0, and the report says what it has."""
    report = codec.encode_with_report(photo(12, 9), psnr=100, **GAUSSIAN).report
    assert report.t == 0
    assert 40 < report.psnr < 100


def test_a_flat_picture_that_is_exact_has_no_psnr() -> None:
    """JSON has no infinity."""
    report = codec.encode_with_report(np.full((9, 7), 255, np.uint8), psnr=99, **GAUSSIAN).report
    assert report.psnr is None


def test_no_other_goal_measures(photo: MakePhoto) -> None:
    """The report says nothing of a quality that nobody asked for."""
    assert codec.encode_with_report(photo(12, 9), t=2500, **GAUSSIAN).report.psnr is None


def test_what_an_autoencoder_cannot_show_is_refused(photo: MakePhoto) -> None:
    """RDP-701 says what it shows at best; what it can show is met."""
    picture, prior = photo(48, 48), LatentsPrior()
    with pytest.raises(UsageError) as caught:
        codec.encode(picture, psnr=90, prior=prior)
    assert caught.value.issue == ISSUE.INVALID_OPTION
    most = float(caught.value.message.split("less than ")[1].split(",")[0])
    encoded = codec.encode_with_report(picture, psnr=most - 6, prior=prior)
    shown = codec.decode(encoded.data, rho=0, prior=prior).pixels
    assert psnr(shown, picture) == pytest.approx(encoded.report.psnr)
    assert encoded.report.psnr >= most - 6


def test_progress_comes_near_its_end(photo: MakePhoto) -> None:
    """The estimate of all layers follows the quality, not the finest level."""
    calls: list[tuple[int, int]] = []

    def note(_phase: str, done: int, total: int) -> None:
        calls.append((done, total))

    codec.encode(photo(40, 30), psnr=30, progress=note, **GAUSSIAN)
    assert all(done <= total for done, total in calls)
    assert calls[-1][1] <= calls[-1][0] + 4
