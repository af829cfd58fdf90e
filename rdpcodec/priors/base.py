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
from importlib.metadata import version

from rdpcodec.arrays import Array
from rdpcodec.compute import Compute
from rdpcodec.domains import Domain, pixel_domain
from rdpcodec.errors import ISSUE, PriorMismatchError, UsageError
from rdpcodec.priors.calibration import Calibration, UnitVariance


@dataclass(frozen=True)
class PriorIdentity:
    """What a prior is called, and what it is.

    Attributes:
        name: The readable name in the file, `photo-1` for example; no part of the digest.
        manifest: All that changes what `denoise` returns: parameterisation, configuration and
            digest of the weights.
    """

    name: str
    manifest: Mapping[str, object]

    @property
    def canonical(self) -> bytes:
        """The manifest as canonical JSON (spec 10.1)."""
        text = json.dumps(self.manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return text.encode("ascii")

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the canonical manifest; files hold its first bytes."""
        return hashlib.sha256(self.canonical).digest()


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
    """A denoiser with an identity, ready on the device that it was loaded for.

    Attributes:
        identity: Its name and manifest.
        card: What a person should know of it.
        compute: The device and the precision it was loaded for.
        sigma_max: The largest noise level of the prior's own model; above it the closed form of
            the domain answers.
        calibration: Its error at each noise level, measured or assumed; None if it is evaluated
            after every layer.
        refresh: How far t falls before the prior is evaluated again (spec 11.5); in between the
            estimate is moved by the calibration. 0: it is evaluated after every layer.
        symmetries: How many symmetries of the square a reader averages, where it is not asked for
            another number; 1 is none but the picture itself.
        overshoot: How far beyond the end of its flow a reader goes for rho = 1, where the prior
            gives the flow too little energy (spec 11.3).
        device: Where its arrays live: on the host, as numpy has them, for None, else torch's
            name of the device.
        engine: The library that evaluates it here, and its version.
    """

    identity: PriorIdentity
    card: PriorCard
    compute: Compute
    sigma_max: float = math.inf
    calibration: Calibration | UnitVariance | None = None
    refresh: int = 0
    symmetries: int = 1
    overshoot: float = 0.0
    device: str | None = None
    engine: str

    @property
    def id(self) -> str:
        """The readable name in the file."""
        return self.identity.name

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the manifest."""
        return self.identity.digest

    def domain(self, channels: int, height: int, width: int) -> Domain:
        """Return the domain of this prior's states for pictures of 1 or 3 channels."""
        return pixel_domain(channels, height, width)

    def with_prompt(self, prompt: str) -> "Prior":
        """Return this prior, told what is in the picture; its digest is another one.

        Args:
            prompt: A text of one line; empty for nothing, whatever it was told before.

        Raises:
            UsageError: If it takes no prompt, or not this one.
        """
        if prompt:
            raise UsageError(ISSUE.INVALID_OPTION, f"the prior {self.id} takes no prompt")
        return self

    @abstractmethod
    def denoise(self, y: Array, sigma: float) -> Array:
        """Return the estimate of the clean picture, E[x_0 | y].

        Args:
            y: (B, 3, H, W) float32, x_0 + sigma * n with x_0 in [-1, 1]; any H and W. An array
                of numpy, or a tensor where the prior has a `device`.
            sigma: Standard deviation of the noise, in the same units, at most `sigma_max`.

        Returns:
            (B, 3, H, W) float32, on the device of `y`.
        """


def torch_engine() -> str:
    """Return the name of torch as an engine."""
    return f"torch {version('torch')}"


def require_prior(prior: Prior, prior_id: str, digest: bytes) -> None:
    """Refuse a prior that is not the one a file was written with.

    Args:
        prior: The prior of this machine.
        prior_id: Its name in the file, for the sentence.
        digest: What the file holds of the digest, its first four or eight bytes.

    Raises:
        PriorMismatchError: If the digests differ; names differ freely, digests never.
    """
    found = prior.digest[: len(digest)]
    if found != digest:
        raise PriorMismatchError(
            ISSUE.PRIOR_MISMATCH,
            f"the file was written with prior {prior_id} of digest {digest.hex()}, "
            f"but {prior.id} here has the digest {found.hex()}",
        )
