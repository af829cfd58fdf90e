"""A latent diffusion pipeline as a prior (spec 10.5 and 10.6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from rdpcodec.arrays import Array
from rdpcodec.compute import Compute, neutral
from rdpcodec.domains import Domain, LatentDomain
from rdpcodec.errors import ISSUE, PriorError, UnsupportedError
from rdpcodec.priors.base import Prior, PriorCard, PriorIdentity, torch_engine
from rdpcodec.priors.calibration import UnitVariance
from rdpcodec.priors.diffusers.conditioning import Told
from rdpcodec.priors.diffusers.networks import Network
from rdpcodec.priors.diffusers.noise_levels import NoiseLevels
from rdpcodec.priors.diffusers.parameterisation import Prediction
from rdpcodec.priors.diffusers.source import answering
from rdpcodec.priors.diffusers.vae import DiffusersVae


@dataclass(frozen=True)
class LatentParts:
    """What a latent pipeline holds; priors that differ in their prompt alone share it.

    Attributes:
        prior_id: The name for files.
        vae: The autoencoder.
        network: What predicts.
        levels: What sigma means to it.
        prediction: What it predicts.
        manifest: Settings and weights of both; the rest is added here.
        read: Reads a prompt, the empty one included; None where the network is told nothing.
    """

    prior_id: str
    vae: DiffusersVae
    network: Network
    levels: NoiseLevels
    prediction: Prediction
    manifest: Mapping[str, object]
    read: Callable[[str], Told] | None = None


class LatentPipelinePrior(Prior):
    """E[z_0 | y] of the network; above its largest sigma the domain's closed form answers.

    The prompt is read when something first depends on it, and once.
    """

    refresh = UnitVariance.REFRESH

    def __init__(self, parts: LatentParts, compute: Compute, prompt: str = "") -> None:
        self._parts, self._prompt = parts, prompt
        self.compute, self.device, self.engine = compute, compute.device, torch_engine()
        self.sigma_max = parts.levels.sigma_max
        self.calibration = UnitVariance(parts.vae.channels)
        self._multiple = parts.vae.stride * parts.network.patch
        self.card = PriorCard(
            summary=f"latent diffusion pipeline, {parts.prediction.name}, up to sigma "
            f"{self.sigma_max:.4g}; for low rates, no photo is exact beyond its autoencoder",
            licence="that of the pipeline, see its own page",
            training_data="see the pipeline's own page",
            quality="not measured; tools/measure_prior.py measures it",
            parameters=parts.network.parameters,
        )

    @cached_property
    def identity(self) -> PriorIdentity:  # type: ignore[override]
        """The name and the manifest, which holds the prompt."""
        parts = self._parts
        manifest = {
            **parts.manifest,
            "calibration": UnitVariance.NAME,
            "conditioning": dict(self._told.manifest),
            "multiple": self._multiple,
            "parameterisation": parts.prediction.name,
            "refresh": self.refresh,
            "scheduler": parts.levels.config,
            "state": parts.levels.STATE,
        }
        return PriorIdentity(parts.prior_id, manifest)

    @property
    def id(self) -> str:
        """The readable name in the file."""
        return self._parts.prior_id

    def domain(self, channels: int, height: int, width: int) -> Domain:
        """Return the domain of its latents; see `Prior.domain`.

        Raises:
            UnsupportedError: If the network has no positions for a picture of this size.
        """
        vae, network = self._parts.vae, self._parts.network
        most = network.side_max and network.side_max * vae.stride
        if most and max(height, width) > most:
            raise UnsupportedError(
                ISSUE.UNSUPPORTED_FEATURE,
                f"the picture has {width}x{height} pixels, "
                f"and the prior {self.id} takes sides of at most {most}",
            )
        return LatentDomain(vae, channels, height, width, multiple=self._multiple)

    def with_prompt(self, prompt: str) -> Prior:
        """Return this prior with a prompt, on the same network; see `Prior.with_prompt`."""
        if self._parts.read is None:
            return super().with_prompt(prompt)
        if prompt == self._prompt:
            return self
        return type(self)(self._parts, self.compute, prompt)

    @neutral()
    def denoise(self, y: Array, sigma: float) -> Array:
        """Return the estimate; see `Prior.denoise`.

        Raises:
            PriorError: If the network fails, or returns what is not a number.
        """
        levels, told = self._parts.levels, self._told.conditioning
        with torch.no_grad(), answering(f"the network of the prior {self.id}"):
            output = self._parts.network(y * levels.scale(sigma), levels.time(sigma), told)
            x0_hat = self._parts.prediction.x0_hat(output, y, sigma)
        if not x0_hat.isfinite().all():
            hint = "" if self.compute.precision == "float32" else "; float32 has a larger range"
            raise PriorError(
                ISSUE.PRIOR_INVALID,
                f"the network of the prior {self.id} overflows in {self.compute.precision} "
                f"at sigma {sigma:.4g}{hint}",
            )
        return x0_hat

    @cached_property
    def _told(self) -> Told:
        """What the network is told.

        Raises:
            PriorError: If it reads something else.
        """
        read, expected = self._parts.read, self._parts.network.widths
        told = read(self._prompt) if read else Told()
        if (found := told.conditioning.widths) != expected:
            raise PriorError(
                ISSUE.PRIOR_INVALID,
                f"the text encoders of the pipeline {self.id} give vectors of {found} numbers, "
                f"for each token and for the prompt, and its network reads {expected}",
            )
        return told
