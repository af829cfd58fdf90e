"""A diffusers network as a prior (spec 10.5)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rdpcodec.arrays import Array
from rdpcodec.compute import Compute, neutral
from rdpcodec.priors.base import Prior, PriorCard, PriorIdentity, torch_engine
from rdpcodec.priors.diffusers.parameterisation import NoiseSchedule
from rdpcodec.priors.diffusers.settings import UNET_2D
from rdpcodec.priors.diffusers.source import answering
from rdpcodec.priors.gaussian import MANIFEST as GAUSSIAN_MANIFEST
from rdpcodec.transforms.sizes import pad_to_multiple


@dataclass(frozen=True)
class Parts:
    """What a pipeline holds.

    Attributes:
        prior_id: The name for files.
        network: A `UNet2DModel`.
        schedule: Its noise levels and what it predicts.
        weights_sha256: Of its weights (spec 10.5), hexadecimal.
    """

    prior_id: str
    network: nn.Module
    schedule: NoiseSchedule
    weights_sha256: str


class PipelinePrior(Prior):
    """A diffusers UNet below the largest sigma of its schedule, the closed-form Gaussian above.

    The manifest holds no id: the same weights have the same digest wherever they lie.
    """

    def __init__(self, parts: Parts, compute: Compute) -> None:
        config: Any = parts.network.config
        schedule = parts.schedule
        self.compute = compute
        self.device, self.engine = compute.device, torch_engine()
        self._network = parts.network.to(compute.device)
        self._schedule = schedule
        self.sigma_max = schedule.levels.sigma_max
        self._factor = 2 ** (len(config["block_out_channels"]) - 1)
        manifest = {
            "parameterisation": schedule.prediction.name,
            "state": schedule.levels.STATE,
            "x0_clip": schedule.clip,
            "unet": {key: config.get(key) for key in UNET_2D},
            "scheduler": schedule.levels.config,
            "above": dict(GAUSSIAN_MANIFEST),
            "weights_sha256": parts.weights_sha256,
        }
        self.identity = PriorIdentity(parts.prior_id, manifest)
        self.card = PriorCard(
            summary=f"diffusers pipeline, {schedule.prediction.name}, "
            f"up to sigma {schedule.levels.sigma_max:.4g}, gaussian-1 above",
            licence="that of the pipeline, see its own page",
            training_data="see the pipeline's own page",
            quality="not measured; tools/measure_prior.py measures it",
            parameters=sum(p.numel() for p in parts.network.parameters()),
        )

    @neutral()
    def denoise(self, y: Array, sigma: float) -> Array:
        """Return the network's estimate; see `Prior.denoise`.

        Raises:
            PriorError: If the network fails.
        """
        height, width = y.shape[-2:]
        # The smallest map is kept at 2x2: group norm has nothing to compare in a single value.
        levels = self._schedule.levels
        x_t = pad_to_multiple(y, self._factor, least=2 * self._factor) * levels.scale(sigma)
        # A tensor: the model cuts a Python float down to an integer.
        t = torch.tensor(levels.time(sigma), dtype=torch.float32, device=y.device)
        with torch.no_grad(), answering(f"the network of the prior {self.id}"):
            output = self._network(x_t, t, return_dict=False)[0]
            output = output[:, :3, :height, :width]  # a learned variance comes behind
            return self._schedule.x0_hat(output, y, sigma)
