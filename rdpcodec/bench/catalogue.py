"""The codecs by name."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from rdpcodec import codec
from rdpcodec.bench.base import BenchCodec
from rdpcodec.bench.baselines.ddcm import DdcmCodec
from rdpcodec.bench.baselines.dithered import DitheredCodec
from rdpcodec.bench.baselines.turbo_ddcm import TurboDdcmCodec
from rdpcodec.bench.classical import FORMATS, ClassicalCodec
from rdpcodec.bench.own import BaselineUnderTest, OwnCodec, diffc
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.memo import MemoPrior

OWN = "rdpcodec"
OURS: dict[str, Callable[[Prior], BenchCodec]] = {
    OWN: lambda prior: OwnCodec(OWN, prior, "trellis"),
    f"{OWN}-pfr": lambda prior: OwnCodec(f"{OWN}-pfr", prior, "pfr"),
    "diffc": diffc,
    DdcmCodec.name: partial(BaselineUnderTest, DdcmCodec),
    TurboDdcmCodec.name: partial(BaselineUnderTest, TurboDdcmCodec),
    DitheredCodec.name: partial(BaselineUnderTest, DitheredCodec),
}
NAMES = (*OURS, *FORMATS)
DEFAULT_NAMES = (OWN, "avif-444-psnr", "avif-420", "jxl", "webp", "jpeg-420")
DEFAULT_ANCHOR = "avif-444-psnr"
_COMPILES = np.zeros((8, 8, 3), np.uint8)


def check_names(names: Sequence[str]) -> None:
    """Refuse a codec that does not exist or is not installed, before any work is done.

    Raises:
        UsageError: If so.
    """
    for name in names:
        if name in FORMATS:
            ClassicalCodec(name)
        elif name not in OURS:
            message = f"--codec is {name!r}, expected one of {', '.join(NAMES)}"
            raise UsageError(ISSUE.INVALID_OPTION, message)


def load(names: Sequence[str], prior_id: str, *, memo: bool) -> Callable[[], list[BenchCodec]]:
    """Return what makes the codecs afresh for each picture.

    Args:
        names: Of the codecs.
        prior_id: The prior of those that need one; loaded only for them.
        memo: Share its estimates among the codecs, rates and directions of a picture.
    """
    prior = load_prior(prior_id) if any(name in OURS for name in names) else None
    if prior is not None:
        codec.encode(_COMPILES, t=3000, prior=prior)

    def make() -> list[BenchCodec]:
        shared = MemoPrior(prior) if memo and prior is not None else prior
        return [_one(name, shared) for name in names]

    return make


def _one(name: str, prior: Prior | None) -> BenchCodec:
    if name in OURS:
        assert prior is not None  # noqa: S101 - load has loaded it
        return OURS[name](prior)
    return ClassicalCodec(name)
