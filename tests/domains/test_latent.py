"""Latents as states, with the autoencoder that is made of integers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.domains import LatentDomain, pixel_domain
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.layers import StateShape
from rdpcodec.priors.latents import BlockVae

Pixels = NDArray[np.uint8]


def of(height: int, width: int, channels: int, multiple: int | None = None) -> LatentDomain:
    """Return the domain of pictures of a size."""
    return LatentDomain(BlockVae(), channels, height, width, multiple=multiple)


def noise(*shape: int) -> Pixels:
    """Return a picture that no part of repeats."""
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def flat_in_blocks(height: int, width: int, channels: int) -> Pixels:
    """Return a picture of which the autoencoder loses nothing: 2 x 2 pixels are equal."""
    blocks = noise(-(-height // 2), -(-width // 2), channels).repeat(2, 0).repeat(2, 1)
    whole = blocks[:height, :width]
    return whole if channels == 3 else whole[:, :, 0]


@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_comes_back(channels: int) -> None:
    """From 1 x 1 to 33 x 47 what the autoencoder keeps comes back, at its place and size."""
    for height in range(1, 34):
        for width in range(1, 48):
            domain = of(height, width, channels, multiple=4)
            picture = flat_in_blocks(height, width, channels)
            state = domain.to_state(picture)
            assert state.shape == (1, *domain.shape)
            assert state.dtype == np.float32
            expected = picture / np.float32(127.5) - 1
            np.testing.assert_allclose(domain.to_pixels(state), expected, atol=1e-5)


def test_the_shape_follows_from_the_integers_of_the_header() -> None:
    """Sides are padded to the multiple, and then cut by the stride."""
    domain = of(33, 47, 3, multiple=16)
    assert domain.state == StateShape(6, 2, 16)
    assert domain.shape == (6, 24, 24)
    assert of(33, 47, 3).state == StateShape(6, 2, 2)


def test_padding_repeats_the_edges() -> None:
    """What lies beyond the picture is its last row and column."""
    picture = noise(5, 6, 3)
    padded = np.pad(picture, ((0, 3), (0, 2), (0, 0)), mode="edge")
    small, large = of(5, 6, 3, multiple=8), of(8, 8, 3, multiple=8)
    np.testing.assert_array_equal(small.to_state(picture), large.to_state(padded))


def test_grey_is_rgb_without_colour() -> None:
    """A grey picture has the latents of three equal channels, and is the mean of those decoded."""
    picture = noise(8, 12)
    grey, rgb = of(8, 12, 1), of(8, 12, 3)
    state = grey.to_state(picture)
    np.testing.assert_array_equal(state, rgb.to_state(picture[:, :, None].repeat(3, 2)))
    coloured = state + np.random.default_rng(4).standard_normal(state.shape, dtype=np.float32)
    mean = rgb.to_pixels(coloured).mean(2)
    np.testing.assert_allclose(grey.to_pixels(coloured), mean, atol=1e-6)


def test_the_closed_form_is_that_of_white_latents() -> None:
    """Above a prior's range the estimate is y / (1 + sigma^2)."""
    y = np.random.default_rng(5).standard_normal((1, 6, 4, 4), dtype=np.float32)
    found = of(8, 8, 3).closed_form(y, 3.0)
    np.testing.assert_allclose(found, y / 10, rtol=1e-6)
    assert found.dtype == np.float32


def test_a_prior_sees_the_latents_themselves() -> None:
    """Level, axes and error variances are those of the state."""
    domain = of(8, 8, 1)
    assert domain.noise_scale == 1
    np.testing.assert_array_equal(domain.basis, np.eye(6))
    y, seen = np.ones((1, 6, 4, 4), np.float32), []
    domain.evaluate(lambda *given: seen.append(given) or y, y, 0.3)  # type: ignore[func-returns-value]
    assert seen == [(y, 0.3)]
    spectrum = np.ones((6, 14))
    assert domain.error_variance(spectrum) is spectrum


def test_an_autoencoder_loses_detail_and_says_so() -> None:
    """Colour noise does not come back: states of latents are not exact, those of pixels are."""
    picture = noise(8, 8, 3)
    domain = of(8, 8, 3)
    shown = domain.to_pixels(domain.to_state(picture))
    assert np.abs(shown - (picture / 127.5 - 1)).max() > 0.3
    assert not domain.exact
    assert pixel_domain(3, 8, 8).exact


def test_tiles_are_for_latents() -> None:
    """Latents can be decoded in tiles; pixels have no decoder."""
    tiled = of(8, 8, 3).tiled()
    state = tiled.to_state(noise(8, 8, 3))
    np.testing.assert_array_equal(tiled.to_pixels(state), of(8, 8, 3).to_pixels(state))
    with pytest.raises(UsageError, match="is for latents") as caught:
        pixel_domain(3, 8, 8).tiled()
    assert caught.value.issue == ISSUE.INVALID_OPTION
