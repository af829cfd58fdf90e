"""Priors: the denoisers a file can be written with (spec 10)."""

from collections.abc import Callable
from functools import lru_cache

from rdpcodec.errors import ISSUE, PriorUnavailableError
from rdpcodec.priors.base import Prior

DEFAULT_PRIOR = "photo-1"


def _gaussian() -> Prior:
    from rdpcodec.priors.gaussian import GaussianPrior  # noqa: PLC0415 - load what is asked for

    return GaussianPrior()


def _ffdnet() -> Prior:
    from rdpcodec.priors.ffdnet import FfdnetPrior  # noqa: PLC0415 - load what is asked for

    return FfdnetPrior()


def _photo() -> Prior:
    from rdpcodec.priors.photo_1.prior import PhotoPrior  # noqa: PLC0415 - load what is asked for

    return PhotoPrior()


BUILT_IN: dict[str, Callable[[], Prior]] = {
    "photo-1": _photo,
    "ffdnet-1": _ffdnet,
    "gaussian-1": _gaussian,
}
PIPELINE_PREFIX = "diffusers:"


@lru_cache(maxsize=4)
def load_prior(prior_id: str) -> Prior:
    """Return the prior of that name.

    Args:
        prior_id: A built-in name, or `diffusers:` and a local directory or hub id.

    Returns:
        The prior, ready to denoise; loaded once per process.

    Raises:
        PriorUnavailableError: If the name is unknown or its weights cannot be had.
    """
    if prior_id in BUILT_IN:
        return BUILT_IN[prior_id]()
    if prior_id.startswith(PIPELINE_PREFIX):
        from rdpcodec.priors.pipeline import load_pipeline  # noqa: PLC0415 - heavy import

        return load_pipeline(prior_id)
    known = ", ".join((*BUILT_IN, f"{PIPELINE_PREFIX}<directory or hub id>"))
    raise PriorUnavailableError(
        ISSUE.PRIOR_UNAVAILABLE,
        f"the prior {prior_id!r} is unknown; known are {known}",
    )
