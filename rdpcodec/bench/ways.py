"""Names of the ways to read one of our files: `rho=0.5`, `ode rho=1`, `ancestral`."""

import math
import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array, device_of, place
from rdpcodec.chain import Estimator
from rdpcodec.decoder.reconstruction import (
    Geodesic,
    Noisy,
    descend,
    noise_levels,
    ode,
)
from rdpcodec.domains import Denoise
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.options import DEFAULT_EVALUATIONS, DEFAULT_RECONSTRUCTION

Floats = NDArray[np.float32]
ANCESTRAL = "ancestral"
ANCESTRAL_EVALUATIONS = 40
DEFAULT_WAYS = ("rho=0", "rho=0.5", "rho=1")
_NAME = re.compile(r"(?:(ode) )?rho=(0(?:\.\d+)?|1(?:\.0+)?)")
_SEED = 0


@dataclass(frozen=True)
class Way:
    """A reconstruction and its rho; `ancestral` samples the posterior and has no rho."""

    reconstruction: str
    rho: float | None


def parse_way(name: str) -> Way:
    """Return the way to read that a name stands for.

    Raises:
        UsageError: If there is no such name.
    """
    if name == ANCESTRAL:
        return Way(ANCESTRAL, None)
    found = _NAME.fullmatch(name)
    if found is None:
        expected = f"`rho=R` or `ode rho=R` with R in 0..1, or `{ANCESTRAL}`"
        raise UsageError(ISSUE.INVALID_OPTION, f"--reading is {name!r}, expected {expected}")
    return Way(found[1] or DEFAULT_RECONSTRUCTION, float(found[2]))


def read_way(way: Way, denoise: Denoise, state: Noisy, estimator: Estimator) -> Floats:
    """Return the picture that a way of reading makes of a noisy state.

    Pictures are mixed, never states, so that latents are read as our decoder reads them.

    Args:
        way: The way.
        denoise: E[x_0 | y].
        state: y_T and sigma_T.
        estimator: What the states and the prior are.
    """
    show, sigma_max = estimator.domain.to_pixels, estimator.sigma_max
    if way.rho is None:
        return show(ancestral(denoise, *descend(denoise, state, sigma_max)))
    if way.reconstruction == "ode":
        return show(ode(denoise, state, way.rho, DEFAULT_EVALUATIONS))
    ends = Geodesic(denoise, state, sigma_max, estimator.domain.basis)
    low = show(ends.distortion(estimator.symmetries))
    if way.rho == 0:
        return low
    high = show(ends.perception(DEFAULT_EVALUATIONS, estimator.overshoot))
    return low + np.float32(way.rho) * (high - low)


def ancestral(denoise: Denoise, y: Array, sigma: float) -> Array:
    """Return a sample of the posterior, by the chain of q(y_s | y_t, x0_hat).

    Args:
        denoise: E[x_0 | y].
        y: (B, C, H, W) float32. The state.
        sigma: Its level.

    Source:
        Ho et al. 2020, arXiv:2006.11239, algorithm 2, in units of x_0: DiffC-A of Theis et al.
        2022, arXiv:2206.08889.
    """
    generator = np.random.default_rng(_SEED)
    for above, below in pairwise(noise_levels(sigma, ANCESTRAL_EVALUATIONS)):
        kept = (below / above) ** 2
        x0_hat = denoise(y, above)
        fresh = place(generator.standard_normal(y.shape, dtype=np.float32), device_of(y))
        y = x0_hat + kept * (y - x0_hat) + below * math.sqrt(1 - kept) * fresh
        sigma = below
    return denoise(y, sigma)
