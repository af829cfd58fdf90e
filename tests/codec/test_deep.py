"""Pictures of 16 bits: in and out, with nothing rounded to 8 bits on the way."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rdpcodec
from rdpcodec.codec import encode_with_report
from rdpcodec.errors import UsageError
from rdpcodec.images import Picture, at_depth
from rdpcodec.metrics import psnr

Deep = NDArray[np.uint16]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}
# What rounding to 8 bits alone costs, root of the mean square, in 255ths.
ROUNDING = 12**-0.5


def gradient(height: int = 64, width: int = 96) -> Deep:
    """Return a smooth slope, of which 8 bits would make some 200 steps."""
    rows, columns = np.mgrid[0:height, 0:width]
    slope = (rows + columns) / (height + width) + 0.03 * np.sin(columns / 17)
    return np.rint(3000 + 55_000 * slope).clip(0, 65_535).astype(np.uint16)


def error(found: NDArray[Any], truth: Deep) -> float:
    """Return the root of the mean squared error, in 255ths of white."""
    scale = 255 / np.iinfo(found.dtype).max
    return float(np.sqrt(np.mean((found * scale - truth * (255 / 65_535)) ** 2)))


@pytest.mark.parametrize("goal", [{"t": 0}, {"bpp": 24}], ids=str)
def test_nothing_is_rounded_to_8_bits_on_the_way(goal: dict[str, Any]) -> None:
    """At a high rate the error is below half of what rounding alone would be, in many levels."""
    picture = gradient()
    data = rdpcodec.encode(picture, **GAUSSIAN, **goal)
    found = rdpcodec.decode(data, rho=0).pixels
    assert found.dtype == np.uint16
    assert error(found, picture) < ROUNDING / 2
    assert len(np.unique(found)) > 10 * 256
    rounded = rdpcodec.decode(data, rho=0, depth=8).pixels
    assert rounded.dtype == np.uint8
    assert error(rounded, picture) > ROUNDING


@pytest.mark.slow
def test_smooth_areas_of_a_network_are_finer_than_the_noise_that_is_left() -> None:
    """The error of photo-1 on a slope is below a tenth of 255ths."""
    picture = gradient()
    assert error(rdpcodec.decode(rdpcodec.encode(picture, t=0), rho=0).pixels, picture) < 0.1


@pytest.mark.parametrize("kind", ["grey", "rgb", "equal-rgb"])
@pytest.mark.parametrize("reconstruction", ["geodesic", "ode"])
def test_the_depth_of_a_file_is_that_of_its_source(kind: str, reconstruction: str) -> None:
    """Each kind of picture has it, at any rho; another one is what is asked for."""
    grey = gradient(24, 32)
    colours = {"grey": grey, "rgb": np.dstack([grey, grey[:, ::-1], grey[::-1]])}
    picture = (colours | {"equal-rgb": np.dstack([grey] * 3)})[kind]
    received = rdpcodec.open(rdpcodec.encode(picture, t=900, **GAUSSIAN))
    assert (received.info["kind"], received.info["depth"]) == (kind, 16)
    for rho in (0, 0.4, 1):
        deep = received.at(rho, reconstruction=reconstruction)
        plain = received.at(rho, reconstruction=reconstruction, depth=8)
        assert (deep.pixels.dtype, plain.pixels.dtype) == (np.uint16, np.uint8)
        assert deep.pixels.shape == picture.shape
        difference = at_depth(deep.pixels, 8).astype(int) - plain.pixels
        assert np.abs(difference).max() <= 1  # rounded once, not twice
        assert (difference != 0).mean() < 0.01
    assert error(received.at(0, reconstruction=reconstruction).pixels, picture) < 2


def test_a_file_of_8_bits_can_be_read_with_16() -> None:
    """The estimate is a number, so that the samples between are more than 257 times others."""
    picture = at_depth(gradient(), 8)
    data = rdpcodec.encode(picture, t=600, **GAUSSIAN)
    plain, deep = rdpcodec.decode(data, rho=0), rdpcodec.decode(data, rho=0, depth=16)
    assert (plain.depth, deep.depth) == (8, 16)
    assert (deep.pixels % 257 != 0).mean() > 0.9
    assert error(deep.pixels, gradient()) < error(plain.pixels, gradient())


def test_files_of_both_depths_differ_in_a_bit_of_the_header_alone() -> None:
    """8 bits told as 16, 257 times each sample, is the same state and the same picture data."""
    picture = at_depth(gradient(24, 32), 8)
    plain = rdpcodec.encode(picture, t=1200, **GAUSSIAN)
    deep = rdpcodec.encode(at_depth(picture, 16), t=1200, **GAUSSIAN)
    assert len(plain) == len(deep)
    assert plain[9] ^ deep[9] == 0x20
    crc = slice(8 + plain[7], 8 + plain[7] + 4)
    same = bytearray(deep)
    same[9], same[crc] = plain[9], plain[crc]
    assert bytes(same) == plain


def test_alpha_of_16_bits_is_kept_and_follows_the_depth() -> None:
    """Without loss where the depth is the file's, rounded where it is not."""
    grey = gradient(24, 32)
    alpha = (grey[::-1] ^ np.uint16(5)).copy()
    data = rdpcodec.encode(np.dstack([grey, alpha]), t=1500, **GAUSSIAN)
    received = rdpcodec.open(data)
    np.testing.assert_array_equal(received.at(0).alpha, alpha)  # type: ignore[arg-type]
    np.testing.assert_array_equal(
        received.at(0, depth=8).alpha,  # type: ignore[arg-type]
        at_depth(alpha, 8),
    )
    plain = Picture(at_depth(grey, 8), alpha=at_depth(alpha, 8))
    shown = rdpcodec.decode(rdpcodec.encode(plain, t=1500, **GAUSSIAN), depth=16)
    np.testing.assert_array_equal(shown.alpha, at_depth(at_depth(alpha, 8), 16))  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", [45, 58])
def test_a_psnr_is_that_of_the_samples_of_16_bits(wanted: float) -> None:
    """58 dB is above all that 8 bits can show of most pictures."""
    picture = gradient()
    encoded = encode_with_report(picture, psnr=wanted, **GAUSSIAN)
    found = psnr(rdpcodec.decode(encoded.data, rho=0).pixels, picture, 65_535)
    assert found >= wanted
    assert found == pytest.approx(encoded.report.psnr)


@pytest.mark.parametrize("depth", [0, 10, 8.5, True, "16", None.__class__])
def test_another_depth_is_refused(depth: Any) -> None:
    """8 and 16 are all there are."""
    data = rdpcodec.encode(gradient(4, 4), t=2400, **GAUSSIAN)
    with pytest.raises(UsageError, match=r"depth is .*, expected 8 or 16"):
        rdpcodec.decode(data, depth=depth)
