"""Allocation: an encoder's bits go where they lessen the error most, and 0 leaves all as it is."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec import codec
from rdpcodec.domains import PixelDomain, pixel_domain
from rdpcodec.encoder.allocation import BLOCK
from rdpcodec.encoder.allocation import weigh as weigh_axes
from rdpcodec.encoder.search import Encoder
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.metrics import psnr
from rdpcodec.priors.latents import LatentsPrior

Floats = NDArray[np.float32]
MakePhoto = Callable[..., NDArray[np.uint8]]
DEFAULT_RDO = PixelDomain.rdo


def noise(*shape: int) -> Floats:
    """Return normal noise, the same for the same shape."""
    return np.random.default_rng(5).standard_normal(shape, dtype=np.float32)


def weigh(residual: Floats, rdo: float, layer: int, sigma: float = 8.0) -> Floats:
    """Return the weighed residual of grey or RGB pixels."""
    return weigh_axes(residual, pixel_domain(*residual.shape[1:]).basis, rdo, layer, sigma)


@pytest.mark.parametrize(("rdo", "all_of_it"), [(0.0, True), (DEFAULT_RDO, False)])
def test_without_rdo_the_residual_is_untouched(
    photo: MakePhoto, monkeypatch: pytest.MonkeyPatch, rdo: float, all_of_it: bool
) -> None:
    """Rdo 0 is exact channel simulation: every layer is to carry all that is missing."""
    whole, plan = [], Encoder._plan

    def look(encoder: Encoder) -> tuple[int, int] | None:
        missing = encoder.x_0 - encoder.chain.x0_hat()
        whole.append(np.array_equal(encoder.residual, missing))
        return plan(encoder)

    monkeypatch.setattr(Encoder, "_plan", look)
    codec.encode(photo(40, 30), t=2000, rdo=rdo, prior="gaussian-1")
    assert len(whole) > 10
    assert all(whole) == all_of_it


@pytest.mark.parametrize("shape", [(1, 3, 64, 48), (1, 1, 33, 17), (1, 3, 1, 1), (1, 3, 5, 70)])
@pytest.mark.parametrize("layer", [0, 1])
def test_a_little_rdo_changes_little(shape: tuple[int, ...], layer: int) -> None:
    """The transform is inverted exactly at every size, on both grids, and the input is kept."""
    residual = noise(*shape)
    before = residual.copy()
    weighed = weigh(residual, 1e-9, layer)
    assert weighed.shape == residual.shape
    np.testing.assert_allclose(weighed, residual, atol=1e-5, rtol=0)
    assert np.array_equal(residual, before)


@pytest.mark.parametrize("layer", [0, 1])
def test_weak_parts_are_left_out_and_strong_ones_kept(layer: int) -> None:
    """Of noise of 1 and of 0.05, half each, as much is kept as E / (E + rdo E_mean) says."""
    residual = noise(1, 3, 128, 256)
    residual[..., 128:] *= 0.05
    weighed = weigh(residual, 0.5, layer)
    strong = slice(BLOCK, 128 - BLOCK)
    weak = slice(128 + BLOCK, 256 - BLOCK)
    kept = [
        float((weighed * residual)[..., part].sum() / np.square(residual[..., part]).sum())
        for part in (strong, weak)
    ]
    mean = (1 + 0.05**2) / 2
    assert kept[0] == pytest.approx(1 / (1 + 0.5 * mean), abs=0.04)
    assert kept[1] == pytest.approx(0.05**2 / (0.05**2 + 0.5 * mean), abs=0.02)


def test_a_residual_as_strong_as_the_noise_is_left_as_it_is() -> None:
    """Where the prior knows nothing, weights would save bits that cost as much signal."""
    residual = noise(1, 3, 64, 64)
    np.testing.assert_allclose(weigh(residual, 0.5, 1, 0.95), residual, atol=1e-5, rtol=0)
    kept = [float((weigh(residual, 0.5, 1, sigma) * residual).mean()) for sigma in (1.2, 2, 8)]
    assert 1 > kept[0] > kept[1] + 0.03
    assert kept[1] == pytest.approx(kept[2], abs=0.02)
    assert kept[2] == pytest.approx(2 / 3, abs=0.04)


def test_a_picture_without_error_is_no_division_by_zero() -> None:
    """A residual of zeros gives zeros."""
    assert not weigh(np.zeros((1, 3, 32, 32), np.float32), DEFAULT_RDO, 1).any()


@pytest.mark.slow
def test_equal_bytes_have_less_error(photo: MakePhoto) -> None:
    """On a picture with grain the default beats exact simulation at the same size of the file."""
    picture = photo(160, 128)
    found = {}
    for rdo in (0.0, DEFAULT_RDO):
        sizes = {}
        for bpp in (0.3, 0.8):
            data = codec.encode(picture, bpp=bpp, rdo=rdo)
            sizes[bpp] = psnr(codec.decode(data, rho=0).pixels, picture)
        found[rdo] = sum(sizes.values()) / len(sizes)
    assert found[DEFAULT_RDO] > found[0.0] + 0.1


@pytest.mark.parametrize("name", ["gaussian-1", "latents"])
def test_each_kind_of_state_has_a_strength_of_its_own(photo: MakePhoto, name: str) -> None:
    """Unasked, pixels are weighed by 0.5 and latents not at all."""
    picture, prior = photo(48, 32), LatentsPrior() if name == "latents" else name
    unasked, exact, weighed = (
        codec.encode(picture, t=2100, prior=prior, **given)
        for given in ({}, {"rdo": 0}, {"rdo": 0.5})
    )
    assert exact != weighed
    assert unasked == (exact if name == "latents" else weighed)


@pytest.mark.parametrize("bpp", [1.0, 1.8, 3.0])
def test_weights_would_harm_latents(photo: MakePhoto, bpp: float) -> None:
    """Their error is even, so that weights shrink all of it: unasked, a file shows more."""
    picture, prior = photo(72, 72), LatentsPrior()
    found = [
        psnr(
            codec.decode(codec.encode(picture, bpp=bpp, prior=prior, **given), rho=0).pixels,
            picture,
        )
        for given in ({}, {"rdo": 0.5})
    ]
    assert found[0] > found[1] + 0.1


@pytest.mark.parametrize("rdo", [-0.1, 1.5, float("nan")])
def test_rdos_out_of_range_are_refused(photo: MakePhoto, rdo: float) -> None:
    """RDP-701 names the option, what was found and what was expected."""
    with pytest.raises(UsageError) as caught:
        codec.encode(photo(8, 8), t=3000, rdo=rdo, prior="gaussian-1")
    assert caught.value.issue == ISSUE.INVALID_OPTION
    assert "rdo" in caught.value.message
