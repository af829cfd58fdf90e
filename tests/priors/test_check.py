"""`priors --check`: what is right is in range, and what is wrong is told by its usual reason."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from priors.exact_networks import DDIM, KINDS, GainVae, draw, exact_prior
from priors.tiny_networks import KINDS as TINY
from priors.tiny_networks import prior_of

from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.check import LATENT_LEVELS, SPREAD, _bits, check, synthetic_photo
from rdpcodec.priors.diffusers.latent_prior import LatentPipelinePrior
from rdpcodec.priors.diffusers.noise_levels import noise_levels
from rdpcodec.priors.diffusers.parameterisation import Prediction

pytestmark = pytest.mark.usefixtures("one_thread")
SIDE = 64


class Louder(GainVae):
    """An autoencoder whose latents are five times as large as they should be."""

    def encode(self, pixels: Any) -> Any:
        """Return latents."""
        return 5 * super().encode(pixels)

    def decode(self, latents: Any) -> Any:
        """Return pixels."""
        return super().decode(latents / 5)


class Lossy(GainVae):
    """An autoencoder with the wrong decoder."""

    def decode(self, latents: Any) -> Any:
        """Return pixels."""
        return super().decode(latents) + 1


def changed(kind: str, **parts: Any) -> Prior:
    """Return the prior of an exact network with another part."""
    exact = exact_prior(KINDS[kind])
    return LatentPipelinePrior(replace(exact._parts, **parts), exact.compute)


@pytest.mark.parametrize("name", KINDS)
def test_exact_networks_are_in_range(name: str) -> None:
    """Whatever they predict; ratios fall below 1 as a network knows more than a variance."""
    found = check(exact_prior(KINDS[name]), draw(SIDE, SIDE))
    assert found.findings == ()
    assert [level.sigma for level in found.levels] == list(LATENT_LEVELS)
    assert all(0.3 < level.ratio < 1 for level in found.levels)
    assert all(0.9 < level.gain < 1.1 for level in found.levels)
    assert SPREAD[0] < found.spread < SPREAD[1]
    assert found.vae_psnr == math.inf


SLOW = {**DDIM, "beta_start": 1e-4, "beta_end": 5e-3}
COSINE = {**DDIM, "beta_schedule": "squaredcos_cap_v2"}
WORSE, MUCH = "worse than that without a network", "takes too much away"
WRONG = {
    "slow betas": ("epsilon", {"levels": noise_levels("x", SLOW)}, MUCH),
    "cosine betas": ("epsilon", {"levels": noise_levels("x", COSINE)}, MUCH),
    "prediction": ("epsilon", {"prediction": Prediction("v_prediction")}, WORSE),
    "sign": ("v_prediction", {"prediction": Prediction("edm_epsilon")}, WORSE),
    "flow": ("flow", {"prediction": Prediction("epsilon")}, WORSE),
    "scale": ("epsilon", {"vae": Louder()}, WORSE),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told(what: str) -> None:
    """A wrong schedule, prediction or scale makes estimates that show it."""
    kind, parts, words = WRONG[what]
    found = check(changed(kind, **parts), draw(SIDE, SIDE))
    (sentence,) = (each for each in found.findings if words in each)
    assert "betas of the scheduler" in sentence
    assert not all(level.expected for level in found.levels)
    scale = any("latents have a standard deviation of 4.9" in each for each in found.findings)
    assert scale == (what == "scale")


def test_an_autoencoder_of_other_weights_is_told() -> None:
    """It shows another picture than it was given."""
    found = check(changed("epsilon", vae=Lossy()), draw(SIDE, SIDE))
    assert "the autoencoder alone reaches" in found.findings[0]


@pytest.mark.parametrize("name", TINY)
def test_random_networks_are_out_of_range(name: str) -> None:
    """Of every kind of pipeline."""
    found = check(prior_of(TINY[name]), synthetic_photo(32))
    assert found.findings
    assert not all(level.expected for level in found.levels)


def test_pixels_have_no_autoencoder() -> None:
    """Nothing is lost on the way to a state; the bits are near what a file takes."""
    found = check(load_prior("photo-1"), synthetic_photo(SIDE))
    assert (found.vae_psnr, found.findings, found.state) == (None, (), (3, SIDE, SIDE))
    assert all(level.ratio < 1 for level in found.levels)
    bits = [level.bpp for level in found.levels]
    assert bits == sorted(bits)
    assert found.digest == load_prior("photo-1").digest.hex()
    assert found.memory_bytes is None or found.memory_bytes > 2**20
    assert json.loads(json.dumps(found.to_json()))["levels"][0]["sigma"] == 2.0


def test_the_closed_form_is_as_good_as_itself() -> None:
    """gaussian-1 is the estimate that needs no network."""
    found = check(load_prior("gaussian-1"), synthetic_photo(SIDE))
    assert all(level.ratio == pytest.approx(1) for level in found.levels)


def test_progress_counts_the_levels() -> None:
    """One by one."""
    seen: list[tuple[str, int, int]] = []
    check(load_prior("gaussian-1"), synthetic_photo(16), lambda *each: seen.append(each))
    assert seen == [("evaluating", done, 5) for done in range(5)]


@pytest.mark.parametrize("fall", [0.0, 6.0, 60.0])
def test_the_bits_bound_the_mutual_information(fall: float) -> None:
    """From above, and closely: of Gaussian states, white or not, from seven levels."""
    variance = 1 / (1 + fall * np.linspace(0, 1, 500) ** 2)
    levels = (math.inf, 16.0, *LATENT_LEVELS)
    errors = [(sigma, float((variance / (1 + variance / sigma**2)).sum())) for sigma in levels]
    exact = float(0.5 * np.log2(1 + variance / levels[-1] ** 2).sum())
    assert exact * (1 - 1e-9) <= _bits(errors) < 1.1 * exact


def test_the_drawn_picture_is_like_a_photo() -> None:
    """The same each time, with the contrast of photos and a spectrum that falls."""
    picture = synthetic_photo(128)
    assert picture.shape == (128, 128, 3)
    assert np.array_equal(picture, synthetic_photo(128))
    assert 30 < picture.std() < 80
    steps = np.abs(np.diff(picture.astype(float), axis=1))
    assert steps.mean() < 0.3 * picture.std()
