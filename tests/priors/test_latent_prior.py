"""Latent pipelines as priors, with tiny random networks: identity, prompts, sizes, precision."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from priors.tiny_networks import KINDS, Kind, made, normal, parts_of, prior_of, told
from torch import Tensor, nn

from rdpcodec import codec
from rdpcodec.chain import Estimator
from rdpcodec.compute import HOST, Compute
from rdpcodec.errors import ISSUE, PriorError, UnsupportedError, UsageError
from rdpcodec.layers import StateShape
from rdpcodec.priors.calibration import UnitVariance
from rdpcodec.priors.diffusers.conditioning import Conditioning, Told
from rdpcodec.priors.diffusers.latent_prior import LatentPipelinePrior

pytestmark = pytest.mark.usefixtures("one_thread")


class Broken:
    """A network that overflows."""

    patch, side_max, widths, parameters = 1, None, (None, None), 0

    def __call__(self, x: Tensor, _time: float, _told: Conditioning) -> Tensor:
        """Return infinities."""
        return x * math.inf


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of pipeline."""
    return KINDS[request.param]


def state_of(prior: LatentPipelinePrior, sigma: float, side: int = 8) -> Tensor:
    """Return a state of white latents."""
    shape = (1, prior.domain(3, 8, 8).shape[0], side, side)
    return normal(*shape, seed=1) + sigma * normal(*shape, seed=2)


@pytest.mark.parametrize("sigma", [0.05, 1.0, 10.0])
def test_estimates_are_the_network_s(kind: Kind, sigma: float) -> None:
    """Scale, network and formula, in this order."""
    network = made(kind.network)
    prior, parts = prior_of(kind, network), parts_of(kind, network)
    y = state_of(prior, sigma)
    output = parts.network(
        y * parts.levels.scale(sigma), parts.levels.time(sigma), told(kind).conditioning
    )
    assert prior.denoise(y, sigma).equal(parts.prediction.x0_hat(output, y, sigma))


def test_latents_are_not_clipped() -> None:
    """Whatever the configuration says, which means pixels."""
    kind = KINDS["LDM"]
    prior = prior_of(replace(kind, scheduler={**kind.scheduler, "clip_sample": True}))
    assert prior.denoise(9 * state_of(prior, 0.1), 0.1).abs().max() > 3


def test_above_the_range_the_closed_form_answers() -> None:
    """White latents of unit variance; flows have no range."""
    prior = prior_of(KINDS["SD"])
    sigma = 1.01 * prior.sigma_max
    y = state_of(prior, sigma)
    found = Estimator(prior, prior.domain(3, 64, 64))(y, sigma)
    assert found.equal(y / (1 + sigma**2))
    assert prior_of(KINDS["SD3"]).sigma_max == math.inf


def test_states_are_padded_to_patches(kind: Kind) -> None:
    """Of the autoencoder's stride, or twice that."""
    prior = prior_of(kind)
    vae, patch = prior._parts.vae, prior._parts.network.patch
    expected = StateShape(vae.channels, vae.stride, vae.stride * patch)
    assert prior.domain(3, 33, 47).state == expected
    assert prior.domain(1, 33, 47).state == expected
    assert prior.calibration == UnitVariance(vae.channels)


def test_files_of_every_kind(kind: Kind) -> None:
    """A picture of an odd size is coded and read, at both ends."""
    picture = np.random.default_rng(1).integers(0, 256, (21, 35, 3), dtype=np.uint8)
    data = codec.encode(picture, prior=prior_of(kind), t=2700)
    received = codec.open(data, prior=prior_of(kind))
    for rho in (0, 1):
        assert received.at(rho, evaluations=3).pixels.shape == picture.shape


def test_pictures_beyond_the_positions_are_refused() -> None:
    """The table of SD 3 ends: 32 patches of 16 pixels here; others go on."""
    prior = prior_of(KINDS["SD3"])
    prior.domain(3, 512, 512)
    with pytest.raises(UnsupportedError, match=r"513x16 pixels, .* at most 512") as caught:
        prior.domain(3, 16, 513)
    assert caught.value.issue is ISSUE.UNSUPPORTED_FEATURE
    prior_of(KINDS["FLUX dev"]).domain(3, 16, 5000)


def test_the_manifest_says_what_makes_the_estimate(kind: Kind) -> None:
    """All of JSON, and nothing of the vectors of a prompt."""
    prior = prior_of(kind)
    manifest = json.loads(prior.identity.canonical)
    assert manifest["weights"] == "none"
    assert manifest["scheduler"] == json.loads(json.dumps(prior._parts.levels.config))
    assert (manifest["refresh"], manifest["calibration"]) == (64, "unit variance")
    assert manifest["conditioning"] == ({} if prior._parts.read is None else {"prompt": ""})
    assert prior.id == "diffusers:tiny"


@pytest.mark.parametrize(
    "change",
    [
        {"manifest": {"weights": "other"}},
        {"prediction": KINDS["SD of v"]},
        {"levels": KINDS["SD3"]},
    ],
)
def test_whatever_changes_the_estimate_changes_the_digest(change: dict[str, Any]) -> None:
    """Weights, levels and predictions."""
    parts = parts_of(KINDS["SD"])
    for name, value in change.items():
        other = getattr(parts_of(value), name) if isinstance(value, Kind) else value
        changed = LatentPipelinePrior(replace(parts, **{name: other}), HOST)
        assert changed.digest != prior_of(KINDS["SD"]).digest


def test_a_prompt_makes_another_prior_on_the_same_network() -> None:
    """It is read once, when something depends on it; no weight is copied."""
    asked: list[str] = []

    def read(prompt: str) -> Told:
        asked.append(prompt)
        return told(KINDS["SD"], prompt)

    plain = LatentPipelinePrior(replace(parts_of(KINDS["SD"]), read=read), HOST)
    cat: Any = plain.with_prompt("a cat")
    assert plain.with_prompt("") is plain
    assert cat.with_prompt("a cat") is cat
    assert asked == []
    y = state_of(plain, 1.0)
    assert not cat.denoise(y, 1.0).equal(plain.denoise(y, 1.0))
    assert cat.digest != plain.digest
    assert cat.with_prompt("").digest == plain.digest
    assert sorted(asked) == ["", "", "a cat"]
    assert cat._parts.network is plain._parts.network


def test_what_reads_no_text_takes_no_prompt() -> None:
    """As for every prior."""
    with pytest.raises(UsageError, match="the prior diffusers:tiny takes no prompt"):
        prior_of(KINDS["LDM"]).with_prompt("a cat")


def test_vectors_of_another_width_are_refused() -> None:
    """In one sentence, before the network sees them."""
    parts = replace(parts_of(KINDS["SDXL"]), read=lambda _: told(KINDS["SD"]))
    with pytest.raises(PriorError, match=r"\(8, None\) numbers, .* reads \(16, 8\)") as caught:
        LatentPipelinePrior(parts, HOST).denoise(normal(1, 4, 4, 4), 1.0)
    assert caught.value.issue is ISSUE.PRIOR_INVALID


@pytest.mark.parametrize(("precision", "hint"), [("float32", ""), ("float16", "; float32 has")])
def test_a_network_that_overflows_is_no_picture(precision: str, hint: str) -> None:
    """It is said so, and what could help."""
    parts = replace(parts_of(KINDS["LDM"]), network=Broken())
    prior = LatentPipelinePrior(parts, Compute(precision=precision))
    with pytest.raises(PriorError, match=f"overflows in {precision} at sigma 0.5{hint}") as caught:
        prior.denoise(normal(1, 3, 4, 4), 0.5)
    assert caught.value.issue is ISSUE.PRIOR_INVALID


# By how much of its spread an estimate moves; measured: up to 0.0152 and 0.0017, by EDM at 14.
DRIFT = {"bfloat16": 0.03, "float16": 0.0035}


@pytest.mark.parametrize("precision", DRIFT)
def test_half_precision_moves_estimates_little(kind: Kind, precision: str) -> None:
    """States, levels and formulas stay in float32, and so does the digest."""
    dtype = {"bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
    exact, rounded = made(kind.network), made(kind.network).to(dtype)
    fine, coarse = prior_of(kind, exact), prior_of(kind, rounded, Compute(precision=precision))
    assert coarse.digest == fine.digest
    for sigma in (0.03, 0.3, 3.0, 14.0):
        y = state_of(fine, sigma)
        found, expected = coarse.denoise(y, sigma), fine.denoise(y, sigma)
        assert found.dtype == torch.float32
        assert (found - expected).std() < DRIFT[precision] * expected.std()


def test_the_network_is_taken_and_not_copied() -> None:
    """Its weights are the module's own."""
    network: nn.Module = made(KINDS["FLUX dev"].network)
    prior = prior_of(KINDS["FLUX dev"], network)
    assert prior._parts.network._module is network  # type: ignore[attr-defined]
    assert prior.card.parameters == sum(each.numel() for each in network.parameters())
