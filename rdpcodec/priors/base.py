"""The prior: one function, E[x_0 | y], and the manifest that names it (spec 10).

Every model, whatever its native parameterisation, is used as `denoise(y, sigma) -> x0_hat` with
y = x_0 + sigma * n and pixels in [-1, 1]. Foreign parameterisations are converted at the edge.
"""

import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from rdpcodec.errors import ISSUE, PriorMismatchError
from rdpcodec.priors.calibration import Calibration

DIGEST_BYTES = 8


@dataclass(frozen=True)
class PriorCard:
    """What a person should know of a prior before relying on it.

    `quality` is the PSNR of its one-step estimates, as tools/measure_prior.py measures it.
    """

    summary: str
    licence: str
    training_data: str
    quality: str
    parameters: int


class Prior(ABC):
    """A denoiser with an identity.

    Attributes:
        manifest: All that changes what `denoise` returns: id, parameterisation, configuration
            and digest of the weights. Its digest is written into every file.
        card: What a person should know of it.
        sigma_max: The largest noise level of the prior's own model; a closed form answers above.
        calibration: Its measured error at each noise level, None if nobody measured it.
        refresh: How far t falls before the prior is asked again (spec 11.5); in between the
            estimate is moved by the calibration. 0: it is asked after every layer.
    """

    manifest: Mapping[str, object]
    card: PriorCard
    sigma_max: float = math.inf
    calibration: Calibration | None = None
    refresh: int = 0

    @property
    def id(self) -> str:
        """The readable name in the file, `ffdnet-1` for example."""
        return str(self.manifest["id"])

    @property
    def digest(self) -> bytes:
        """The first 8 bytes of the SHA-256 of the manifest as canonical JSON (spec 10.1)."""
        canonical = json.dumps(
            self.manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=True
        )
        return hashlib.sha256(canonical.encode("ascii")).digest()[:DIGEST_BYTES]

    def at_precision(self, precision: str) -> "Prior":  # noqa: ARG002 - for those who know more
        """Return this prior, computed in `precision` where its rounding does not matter.

        Args:
            precision: `float32` or `bfloat16`.

        Returns:
            A prior with the same manifest; itself, in float32, if it has no faster way.
        """
        return self

    @abstractmethod
    def denoise(self, y: Tensor, sigma: float) -> Tensor:
        """Return the estimate of the clean picture, E[x_0 | y].

        Args:
            y: (B, 3, H, W) float32, x_0 + sigma * n with x_0 in [-1, 1]; any H and W.
            sigma: Standard deviation of the noise, in the same units.

        Returns:
            (B, 3, H, W) float32, on the device of `y`.
        """


def denoise_state(prior: Prior, y: Tensor, sigma: float) -> Tensor:
    """Return E[x_0 | y] for a grey or an RGB state.

    A grey picture is an RGB picture without colour. Its noise n, seen by all three channels,
    has the size sqrt(3) sigma along the grey axis, and none elsewhere; so the prior is asked at
    sqrt(3) sigma and the mean of its channels taken, which is exact for decorrelated colour.

    Args:
        prior: The prior.
        y: (B, 1 or 3, H, W) float32.
        sigma: Standard deviation of the noise.

    Returns:
        The shape of `y`.

    Source:
        spec 10.2.
    """
    with torch.inference_mode():
        if y.shape[1] == 3:
            return prior.denoise(y, sigma)
        grey = prior.denoise(y.expand(-1, 3, -1, -1), math.sqrt(3) * sigma)
        return grey.mean(dim=1, keepdim=True)


def require_prior(prior: Prior, prior_id: str, digest: bytes) -> None:
    """Refuse a prior that is not the one a file was written with.

    Raises:
        PriorMismatchError: If the digests differ; names differ freely, digests never.
    """
    if prior.digest != digest:
        raise PriorMismatchError(
            ISSUE.PRIOR_MISMATCH,
            f"the file was written with prior {prior_id} of digest {digest.hex()}, "
            f"but {prior.id} here has the digest {prior.digest.hex()}",
        )
