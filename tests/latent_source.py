"""Latents drawn from `latents-1` itself, for tests that know what the best answer is."""

import math

import numpy as np
from numpy.typing import NDArray

from rdpcodec import container, schedule
from rdpcodec.chain import Chain, Estimator
from rdpcodec.channel import load_coder
from rdpcodec.encoder.search import Encoder, Goal
from rdpcodec.layers import Layer
from rdpcodec.priors.base import Prior
from rdpcodec.priors.latents import STRIDE, LatentsPrior, spectrum
from rdpcodec.transforms.cosine import inverse_dct

Floats = NDArray[np.float32]


class EveryLayer(LatentsPrior):
    """The model, evaluated after every layer."""

    refresh = 0


class Every(LatentsPrior):
    """The model, evaluated every so many units of t."""

    def __init__(self, refresh: int) -> None:
        super().__init__()
        self.refresh = refresh


def variances(height: int, width: int) -> NDArray[np.float64]:
    """Return the variance of every coefficient of the latents, (C, h, w)."""
    return spectrum(1.0, height, width).astype(np.float64)


def draw(height: int, width: int, seed: int = 1) -> Floats:
    """Return latents of the source, (1, C, h, w)."""
    law = variances(height, width)[None]
    normal = np.random.default_rng(seed).standard_normal(law.shape)
    return inverse_dct((np.sqrt(law) * normal).astype(np.float32))


def noisy(x_0: Floats, sigma: float, seed: int = 2) -> Floats:
    """Return a state of latents."""
    noise = np.random.default_rng(seed).standard_normal(x_0.shape, dtype=np.float32)
    return x_0 + np.float32(sigma) * noise


def code(prior: Prior, x_0: Floats, t: int) -> Encoder:
    """Return an encoder that has coded latents down to a level, as they are."""
    height, width = (STRIDE * side for side in x_0.shape[2:])
    estimator, coder = Estimator(prior, prior.domain(3, height, width)), load_coder("trellis", None)

    def header(layers: tuple[Layer, ...]) -> container.Header:
        return container.Header(
            width=width,
            height=height,
            kind="rgb",
            coder="trellis",
            coder_parameter=coder.parameter,
            prior_id=prior.id,
            prior_digest=prior.digest,
            seed=0,
            layers=layers,
            state=estimator.domain.state,
        )

    encoder = Encoder(
        x_0=x_0,
        chain=Chain(estimator),
        coder=coder,
        header=header,
        seed=0,
        ancillary=(),
        goal=Goal(t=t),
    )
    encoder.run(lambda *_: None)
    return encoder


def ideal_bits(encoder: Encoder) -> float:
    """Return the divergences of all layers."""
    return math.fsum(coded.kl_bits for coded in encoder.coded)


def information_bits(law: NDArray[np.float64], t: int) -> float:
    """Return the mutual information of the source and its state at a level."""
    return float(0.5 * np.log2(1 + law / schedule.sigma(t) ** 2).sum())
