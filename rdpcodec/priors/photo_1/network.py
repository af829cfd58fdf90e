"""The two networks of `photo-1` and the noise that each is for (spec 10.4)."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from rdpcodec.engines.ncnn_network import NcnnNetwork
from rdpcodec.priors.photo_1 import four_scales, graphs
from rdpcodec.priors.photo_1.ffdnet import FFDNet
from rdpcodec.priors.photo_1.four_scales import FourScales

MULTIPLE = four_scales.MULTIPLE
# FFDNet's own range, of [0, 1]. Below it erases what looks like noise, above it sees too little.
FFDNET_FROM, FFDNET_TO = 4 / 255, 64 / 255
PROBE_SIGMA = {"ffdnet": 50 / 255, "four_scales": 90 / 255}


class PhotoNetwork(nn.Module):
    """The noise-conditional denoiser of pixels in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.ffdnet, self.four_scales = FFDNet(), FourScales()

    def forward(self, p: Tensor, sigma: float) -> Tensor:
        """Return the estimate of the clean picture.

        Args:
            p: (B, 3, H, W), noisy pixels; H and W multiples of `MULTIPLE`.
            sigma: Standard deviation of their noise, black to white being 1.

        Returns:
            (B, 3, H, W).
        """
        network = self.ffdnet if FFDNET_FROM <= sigma < FFDNET_TO else self.four_scales
        return network(p, p.new_full((p.shape[0],), sigma))

    def evaluate_by_ncnn(self) -> None:
        """Let ncnn evaluate the layers, on the CPU and in float32."""
        for network, graph in (
            (self.ffdnet, graphs.ffdnet),
            (self.four_scales, graphs.four_scales),
        ):
            weights = {name: value.numpy() for name, value in network.state_dict().items()}
            network.engine = _in_torch(NcnnNetwork(graph(weights)))

    def in_bfloat16(self) -> "PhotoNetwork":
        """Return a copy with all layers but the first and the last of each network in bfloat16.

        Rounded weights shift the colour of every picture by the same 0.3 to 0.9 of 255, which a
        chain of estimates would add up; the last bias takes back what a grey probe shows of it.
        """
        copied = deepcopy(self)
        drawn = torch.Generator().manual_seed(0)
        noise = torch.randn(1, 3, 64, 64, generator=drawn, dtype=torch.float32)
        for name, level in PROBE_SIGMA.items():
            long, short = getattr(self, name), getattr(copied, name)
            short.shorten()
            sigma = noise.new_tensor([level])
            probe = 0.5 + level * noise
            with torch.no_grad():
                short.shift(long(probe, sigma) - short(probe, sigma), sigma)
        return copied


def _in_torch(layers: NcnnNetwork) -> Callable[[Tensor], Tensor]:
    """Return the layers as a function of (B, C, h, w), one picture after the other."""
    return lambda x: torch.stack([torch.from_numpy(layers(one.numpy())) for one in x])
