"""FFDNet (Zhang et al. 2018, arXiv:1710.04026): twelve plain convolutions at half resolution.

It sees 26 pixels each way, which is all that counts while little is hidden by the noise.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 96
LAYERS = 12


class FFDNet(nn.ModuleList):
    """The noise-conditional denoiser of pixels in [0, 1], as published for colour.

    Attributes:
        engine: What evaluates the layers in place of `layers`, if anything does.
    """

    engine: Callable[[Tensor], Tensor] | None = None

    def __init__(self) -> None:
        sizes = [13, *[WIDTH] * (LAYERS - 1), 12]
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1) for inputs, outputs in pairwise(sizes)
        )

    def forward(self, p: Tensor, sigma: Tensor) -> Tensor:
        """Return the estimate of the clean picture, (B, 3, H, W).

        Args:
            p: (B, 3, H, W), noisy pixels; H and W even.
            sigma: (B,), standard deviation of their noise, black to white being 1.
        """
        x = functional.pixel_unshuffle(p, 2)
        noise = sigma.to(x).view(-1, 1, 1, 1).expand(-1, 1, *x.shape[2:])
        made = (self.engine or self.layers)(torch.cat((x, noise), dim=1))
        return functional.pixel_shuffle(made, 2)

    def layers(self, x: Tensor) -> Tensor:
        """Return (B, 12, h, w) of (B, 13, h, w): all that is learnt."""
        dtype, x = x.dtype, x.contiguous(memory_format=torch.channels_last)
        *layers, last = self
        for layer in layers:
            x = functional.relu_(layer(x.to(layer.get_parameter("weight").dtype)))
        return last(x.to(dtype))

    def shorten(self) -> None:
        """Keep all layers but the first and the last in bfloat16: these see and make pixels."""
        for layer in list(self)[1:-1]:
            layer.to(torch.bfloat16)

    def shift(self, made: Tensor, sigma: Tensor) -> None:
        """Add a picture's mean to what is made; (B, 3, H, W) at the noise `sigma`."""
        del sigma
        mean = functional.pixel_unshuffle(made, 2).mean(dim=(0, 2, 3))
        self[-1].get_parameter("bias").add_(mean)
