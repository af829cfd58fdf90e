"""What a pipeline is made of, loaded."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from rdpcodec.priors.diffusers.kinds import Kind
from rdpcodec.priors.diffusers.noise_levels import Config
from rdpcodec.priors.diffusers.text import Text


@dataclass(frozen=True)
class Parts:
    """The parts of a pipeline, ready to be put together as a prior.

    Attributes:
        prior_id: The name for files.
        kind: Its row of the table.
        network: What denoises, on the device, in the precision asked for.
        vae: The autoencoder, on the host; None for pixels.
        scheduler: The configuration of the scheduler, as it is in the file.
        text: The text encoders, still on disk; None for kinds without.
        manifest: Of `network` and `autoencoder`: class, settings, and `weights_sha256`.
    """

    prior_id: str
    kind: Kind
    network: nn.Module
    vae: nn.Module | None
    scheduler: Config
    text: Text | None
    manifest: Mapping[str, Mapping[str, object]]
