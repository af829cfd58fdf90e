"""A mask of what is worth most: bits go there, at equal bytes, and no decoder knows of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import codec
from rdpcodec.encoder.region import weights
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.layers import StateShape
from rdpcodec.metrics import psnr
from rdpcodec.options import DEFAULT_ROI_GAIN
from rdpcodec.priors.latents import LatentsPrior

MakePhoto = Callable[..., NDArray[np.uint8]]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}


def left_half(height: int, width: int) -> NDArray[np.uint8]:
    """Return a mask that is white on the left."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, : width // 2] = 255
    return mask


def test_weights_run_from_one_over_the_gain_to_one() -> None:
    """Greys lie between in equal ratios; floats and bytes say the same."""
    mask = np.array([[0, 0.5, 1]])
    found = weights(mask, 4.0, (1, 3), StateShape(3))
    np.testing.assert_allclose(found, [[[[0.25, 0.5, 1]]]], rtol=1e-6)
    whole = weights((mask * 255).round().astype(np.uint8), 4.0, (1, 3), StateShape(3))
    np.testing.assert_allclose(whole, found, rtol=0.01)
    assert found.dtype == np.float32


def test_weights_of_latents_are_means() -> None:
    """Each latent has the mean of its pixels, the last ones repeated up to the multiple."""
    found = weights(left_half(16, 20), 2.0, (16, 20), StateShape(4, 8, 16))
    assert found.shape == (1, 1, 2, 4)
    np.testing.assert_allclose(found[0, 0, 0], [1, 0.625, 0.5, 0.5])


@pytest.mark.parametrize("prior", ["gaussian-1", "latents-1"])
@pytest.mark.parametrize("channels", [1, 3])
def test_bits_go_where_the_mask_is_light(photo: MakePhoto, channels: int, prior: str) -> None:
    """At equal bytes the light half has less error than without a mask, the dark one more."""
    picture, mask = photo(64, 48, channels), left_half(48, 64)
    given: dict[str, Any] = {"prior": LatentsPrior() if prior == "latents-1" else prior}
    found = {}
    for gain in (None, 2.0, 3.0):
        roi = {} if gain is None else {"roi": mask, "roi_gain": gain}
        data = codec.encode(picture, bpp=1.5, **given, **roi)
        assert 0.94 * 1.5 * 64 * 48 / 8 <= len(data) <= 1.5 * 64 * 48 / 8
        shown = codec.decode(data, rho=0, prior=given["prior"]).pixels
        found[gain] = [psnr(shown[mask == v], picture[mask == v]) for v in (255, 0)]
    assert found[None][0] < found[2.0][0] < found[3.0][0]
    assert found[None][1] > found[2.0][1] > found[3.0][1]


@pytest.mark.parametrize("roi", [0, 90, 255])
def test_a_mask_of_one_grey_changes_nothing(photo: MakePhoto, roi: int) -> None:
    """Only differences count: the lightest pixels have the weight 1."""
    picture = photo(20, 14)
    plain = codec.encode(picture, t=2000, **GAUSSIAN)
    flat = np.full((14, 20), roi, np.uint8)
    assert codec.encode(picture, t=2000, roi=flat, roi_gain=8, **GAUSSIAN) == plain
    assert codec.encode(picture, t=2000, roi=left_half(14, 20), roi_gain=1, **GAUSSIAN) == plain


def test_the_gain_is_two_unless_asked_for(photo: MakePhoto) -> None:
    """A mask alone goes as far as the default."""
    picture, mask = photo(20, 14), left_half(14, 20)
    found = codec.encode(picture, t=2000, roi=mask, **GAUSSIAN)
    assert found == codec.encode(
        picture, t=2000, roi=mask / 255, roi_gain=DEFAULT_ROI_GAIN, **GAUSSIAN
    )
    assert found != codec.encode(picture, t=2000, **GAUSSIAN)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"roi": np.zeros((20, 14), np.uint8)},
            "roi is a mask of 14 x 20 pixels, expected 20 x 14, the size of the picture",
        ),
        ({"roi": np.zeros((14, 20, 3), np.uint8)}, "roi is a mask of 3 x 20 x 14 pixels"),
        ({"roi": np.full((14, 20), 2.0)}, "roi is a map with values out of range"),
        ({"roi": np.full((14, 20), np.nan)}, "roi is a map with values out of range"),
        ({"roi": np.zeros((14, 20), np.uint16)}, "roi is a map of uint16"),
        ({"roi": "mask.png"}, "roi is a str, expected a numpy array"),
        ({"roi": left_half(14, 20), "roi_gain": 17}, "roi_gain is 17, expected 1 .. 16"),
        ({"roi_gain": 2}, "roi_gain says how far a mask goes, but there is no mask"),
    ],
)
def test_masks_that_make_no_sense_are_refused(
    photo: MakePhoto, options: dict[str, Any], said: str
) -> None:
    """RDP-701 says what was found and what was expected."""
    with pytest.raises(UsageError) as caught:
        codec.encode(photo(20, 14), t=3000, **GAUSSIAN, **options)
    assert caught.value.issue == ISSUE.INVALID_OPTION
    assert said in caught.value.message
