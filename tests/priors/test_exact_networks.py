"""The maths of latent pipelines: files made with exact networks cost and show what they should."""

from functools import cache

import numpy as np
import pytest
import torch
from priors.exact_networks import KINDS, best, draw, exact_prior, latents_of, law
from priors.tiny_networks import normal

from rdpcodec import codec, schedule
from rdpcodec.chain import Estimator
from rdpcodec.codec import Encoded
from rdpcodec.priors.diffusers.latent_prior import LatentPipelinePrior
from rdpcodec.transforms.cosine import dct

pytestmark = pytest.mark.usefixtures("one_thread")
SIDE = 48
LAW = law(SIDE, SIDE)


class EveryLayer(LatentPipelinePrior):
    """The prior, evaluated after every layer."""

    refresh = 0


def least(sigma: float) -> float:
    """Return the error of E[z_0 | y]."""
    return float((LAW * sigma**2 / (LAW + sigma**2)).mean())


@cache
def coded(name: str, sigma: float) -> Encoded:
    """Return a file of the kind with an evaluation in every layer."""
    exact = exact_prior(KINDS[name])
    prior = EveryLayer(exact._parts, exact.compute)
    t = schedule.nearest_t(sigma)
    return codec.encode_with_report(draw(SIDE, SIDE), prior=prior, t=t, rdo=0)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("sigma", [0.03, 0.3, 1.0, 5.0, 14.0, 50.0])
def test_estimates_are_the_exact_ones(name: str, sigma: float) -> None:
    """From the input and the time alone; above the range of the training the closed form."""
    prior = exact_prior(KINDS[name])
    y = sigma * normal(2, 3, 8, 12) + normal(1, 3, 8, 12, seed=5)
    if sigma > prior.sigma_max:
        found = Estimator(prior, prior.domain(3, 8, 12))(y[:1], sigma)
        assert found.equal(y[:1] / (1 + sigma**2))
        return
    torch.testing.assert_close(
        prior.denoise(y, sigma), best(y, sigma), rtol=1e-4, atol=2e-6 * (5 + sigma)
    )


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("sigma", [0.1, 0.5])
def test_the_divergences_add_up_to_the_mutual_information(name: str, sigma: float) -> None:
    """A file ideally costs what the latents share with their state; finite steps add a little."""
    report = coded(name, sigma).report
    level = schedule.sigma(report.t)
    information = float(0.5 * np.log2(1 + LAW / level**2).sum())
    assert 0.98 < report.kl_bits / information < 1.09


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("sigma", [0.1, 0.5])
def test_both_ends_are_those_of_the_source(name: str, sigma: float) -> None:
    """At rho = 0 the error is the least there is; at rho = 1 the spectrum is the source's."""
    file = coded(name, sigma)
    exact, level = exact_prior(KINDS[name]), schedule.sigma(file.report.t)
    prior = EveryLayer(exact._parts, exact.compute)
    received, x_0 = codec.open(file.data, prior=prior), latents_of(draw(SIDE, SIDE))
    near = latents_of(received.at(0).pixels)
    assert np.square(near - x_0).mean() == pytest.approx(least(level), rel=0.05)
    shown = latents_of(received.at(1, evaluations=25).pixels).astype(np.float32)
    power = np.square(dct(shown)[0]) / LAW
    for part in (LAW > 1, LAW <= 1):
        assert power[part].mean() == pytest.approx(1, abs=0.07)


@pytest.mark.parametrize(("refresh", "most", "evaluations"), [(64, 0.015, 21), (128, 0.02, 12)])
@pytest.mark.parametrize("name", ["epsilon", "flow"])
def test_few_evaluations_cost_few_bits(
    name: str, refresh: int, most: float, evaluations: int
) -> None:
    """Unit variance, learnt on the way, loses hardly anything against fresh estimates.

    With 72 x 72 latents, three laws of variance and sigma from 0.1 to 1 it was between -0.6 and
    1.5 % of the ideal bits.
    """
    fresh, exact = coded(name, 0.1).report, exact_prior(KINDS[name])
    prior = type("Seldom", (LatentPipelinePrior,), {"refresh": refresh})(
        exact._parts, exact.compute
    )
    t = schedule.nearest_t(0.1)
    moved = codec.encode_with_report(draw(SIDE, SIDE), prior=prior, t=t, rdo=0).report
    assert moved.network_evaluations <= evaluations < 0.7 * fresh.network_evaluations
    assert moved.kl_bits < (1 + most) * fresh.kl_bits


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bfloat16", "float16"])
@pytest.mark.parametrize("name", KINDS)
def test_half_precision_costs_hardly_any_bits(name: str, dtype: torch.dtype) -> None:
    """Rounding what goes into a network and what comes out of it is nothing beside the noise.

    With 72 x 72 latents it was between -0.4 and 0.3 % of the ideal bits, which is chance.
    """
    t = schedule.nearest_t(0.3)
    fine, coarse = (
        codec.encode_with_report(
            draw(SIDE, SIDE), prior=exact_prior(KINDS[name], each), t=t, rdo=0
        ).report.kl_bits
        for each in (torch.float32, dtype)
    )
    assert coarse == pytest.approx(fine, rel=0.01)
