"""Priors: the denoisers a file can be written with (spec 10)."""

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from rdpcodec.compute import Compute, neutral
from rdpcodec.errors import ISSUE, PriorUnavailableError
from rdpcodec.priors.base import Prior


def _gaussian(compute: Compute) -> Prior:
    from rdpcodec.priors.gaussian import GaussianPrior  # noqa: PLC0415 - load what is asked for

    return GaussianPrior(compute)


def _photo(compute: Compute) -> Prior:
    from rdpcodec.priors.photo_1.prior import PhotoPrior  # noqa: PLC0415 - load what is asked for

    return PhotoPrior(compute)


def _latents(compute: Compute) -> Prior:
    from rdpcodec.priors.latents import LatentsPrior  # noqa: PLC0415 - load what is asked for

    return LatentsPrior(compute)


BUILT_IN: dict[str, Callable[[Compute], Prior]] = {"photo-1": _photo, "gaussian-1": _gaussian}
# Part of the package as well, but for the conformance suite and tests alone.
UNLISTED: dict[str, Callable[[Compute], Prior]] = {"latents-1": _latents}
IN_PACKAGE = BUILT_IN | UNLISTED
PIPELINE_PREFIX = "diffusers:"


def load_prior(
    prior_id: str,
    device: str = "cpu",
    precision: str = "float32",
    engine: Literal["torch"] | None = None,
) -> Prior:
    """Return the prior of that name.

    Args:
        prior_id: A built-in name, or `diffusers:` and a local directory or hub id.
        device: `cpu`, `cuda`, `cuda:N` or `mps`; where it computes.
        precision: `float32`, or `bfloat16` where the prior finds the noise large enough for it;
            `float16` for networks of pipelines.
        engine: `torch`, to have a network evaluated by torch where something quicker is at hand.

    Returns:
        The prior, ready to denoise there; loaded once per process.

    Raises:
        PriorUnavailableError: If the name is unknown or its weights cannot be had.
        UsageError: If there is no such device or precision.

    Example:
        >>> import numpy as np
        >>> import rdpcodec
        >>> prior = rdpcodec.load_prior("gaussian-1")
        >>> n = np.random.default_rng(1).standard_normal((1, 3, 16, 16), dtype=np.float32)
        >>> y = 0.5 * n
        >>> estimate = prior.denoise(y, 0.5)  # of a grey picture: y is nothing but noise
        >>> estimate.shape
        (1, 3, 16, 16)
        >>> bool(estimate.std() < 0.4 * y.std())
        True
    """
    with neutral():  # it outlives what the caller has set
        return _load(prior_id, Compute(device, precision, engine))


@lru_cache(maxsize=4)
def _load(prior_id: str, compute: Compute) -> Prior:
    if prior_id in IN_PACKAGE:
        return IN_PACKAGE[prior_id](compute)
    if prior_id.startswith(PIPELINE_PREFIX):
        if not all(map(importlib.util.find_spec, ("torch", "diffusers"))):
            raise PriorUnavailableError(
                ISSUE.PRIOR_UNAVAILABLE,
                f"the prior {prior_id} needs diffusers; install it with: "
                f"pip install 'rdpcodec[diffusers]'",
            )
        from rdpcodec.priors.diffusers import load_pipeline  # noqa: PLC0415 - heavy import

        return load_pipeline(prior_id, compute)
    known = ", ".join((*BUILT_IN, f"{PIPELINE_PREFIX}<directory or hub id>"))
    raise PriorUnavailableError(
        ISSUE.PRIOR_UNAVAILABLE,
        f"the prior {prior_id!r} is unknown; known are {known}",
    )
