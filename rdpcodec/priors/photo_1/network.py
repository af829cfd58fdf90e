"""The network of `photo-1`: FFDNet's trunk with a context branch (spec 10.4).

The trunk sees 26 pixels each way at half resolution. The branch leaves it early, works at 1/4,
1/8 and 1/16 of the picture, and joins it again half-way with what the trunk cannot see.
There is no normalisation and no attention: what is far away cannot change a pixel.
"""

from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 96
LAYERS = 12
LEAVES_AFTER = 2
JOINS_AFTER = 6
CONTEXT_WIDTHS = (128, 192, 256)
# The branch counts from this noise on, of [0, 1], and fully at that: what it knows is coarse.
CONTEXT_FROM, CONTEXT_FULL = 15 / 255, 35 / 255
PROBE_SIGMA = 50 / 255
# The lowest resolution has one value for 16 x 16 pixels.
MULTIPLE = 2 ** (1 + len(CONTEXT_WIDTHS))


class Residual(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, width, h, w) of (B, width, h, w)."""
        return x + self.second(functional.relu_(self.first(x)))


class Context(nn.Module):
    """One resolution of the branch, and all below it: an hourglass."""

    def __init__(self, outer: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        inner = widths[0]
        self.down = nn.Conv2d(outer, inner, 2, stride=2)
        self.before = Residual(inner)
        self.below = Context(inner, widths[1:]) if widths[1:] else None
        self.after = Residual(inner)
        self.up = nn.ConvTranspose2d(inner, outer, 2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outer, h, w) of (B, outer, h, w); the sides suit all levels below."""
        inner = self.before(self.down(x))
        if self.below is not None:
            inner = inner + self.below(inner)
        return self.up(self.after(inner))


class PhotoNetwork(nn.Module):
    """The noise-conditional denoiser of pixels in [0, 1]."""

    def __init__(self, widths: tuple[int, ...] = CONTEXT_WIDTHS) -> None:
        super().__init__()
        sizes = [13, *[WIDTH] * (LAYERS - 1), 12]
        self.trunk = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=1) for inputs, outputs in pairwise(sizes)
        )
        self.context = Context(WIDTH, widths)
        nn.init.zeros_(self.context.up.weight)
        nn.init.zeros_(self.context.up.get_parameter("bias"))

    def in_bfloat16(self) -> "PhotoNetwork":
        """Return a copy with all layers but the trunk's first and last in bfloat16.

        These two see and make the pixels, whose rounding would show; they are 2 % of the work.
        Rounded weights shift the colour of every picture by the same 0.3 to 0.9 of 255, which a
        chain of estimates would add up; the last bias takes back what a grey probe shows of it.
        """
        copied = deepcopy(self)
        for part in (*copied.trunk[1:-1], copied.context):
            part.to(torch.bfloat16)
        drawn = torch.Generator().manual_seed(0)
        noise = torch.randn(1, 3, 64, 64, generator=drawn, dtype=torch.float32)
        with torch.no_grad():
            probe, sigma = 0.5 + PROBE_SIGMA * noise, noise.new_tensor([PROBE_SIGMA])
            shift = functional.pixel_unshuffle(self(probe, sigma) - copied(probe, sigma), 2)
            copied.trunk[-1].get_parameter("bias").add_(shift.mean(dim=(0, 2, 3)))
        return copied

    def forward(self, p: Tensor, sigma: Tensor) -> Tensor:
        """Return the estimate of the clean picture.

        Args:
            p: (B, 3, H, W), noisy pixels; H and W multiples of `MULTIPLE`.
            sigma: (B,), standard deviation of their noise, black to white being 1.

        Returns:
            (B, 3, H, W).
        """
        x = functional.pixel_unshuffle(p, 2)
        noise = sigma.to(x).view(-1, 1, 1, 1)
        x = torch.cat((x, noise.expand(-1, 1, *x.shape[2:])), dim=1).contiguous(
            memory_format=torch.channels_last
        )
        share = ((noise - CONTEXT_FROM) / (CONTEXT_FULL - CONTEXT_FROM)).clamp(0, 1)
        heard = self.training or bool(share.any())  # else it is not worth computing
        context = x
        for number, layer in enumerate(self.trunk, start=1):
            x = layer(_suited(x, layer))
            if number == JOINS_AFTER and heard:
                x = x.add_(context * share)
            if number < LAYERS:
                x = functional.relu_(x)
            if number == LEAVES_AFTER and heard:
                context = self.context(_suited(x, self.context.down))
        return functional.pixel_shuffle(x, 2)


def _suited(x: Tensor, layer: nn.Module) -> Tensor:
    """Return x in the precision of the layer's weights; under autocast the layer sees to it."""
    if torch.is_autocast_enabled(x.device.type):
        return x
    return x.to(layer.get_parameter("weight").dtype)
