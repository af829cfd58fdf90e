"""The network of `photo-1` at low and at high noise: residual blocks on four scales.

There is no normalisation and no attention: what is far away cannot change a pixel. The picture is
scaled before and after by its noise, so that the blocks see and make values of unit variance at
every noise level (Karras et al. 2022, equation 7); at low noise they predict the noise, so that
an estimate keeps what it cannot explain.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

# Channels and residual blocks on each way, at 1/2, 1/4, 1/8 and 1/16 of the picture's sides.
WIDTHS = (64, 128, 192, 192)
BLOCKS = (3, 3, 2, 1)
# Standard deviation of pixels about mid-grey, black to white being 1.
SIGMA_DATA = 0.25
# The blocks are told this much noise at least, of 255.
TOLD_MIN = 0.5
# The lowest resolution has one value for 16 x 16 pixels.
MULTIPLE = 2 ** len(WIDTHS)


class Block(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.get_parameter("bias"))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, width, h, w) of (B, width, h, w)."""
        return x + self.second(functional.relu(self.first(x)))


class Scale(nn.Module):
    """One scale of the network, and all below it."""

    def __init__(self, widths: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        super().__init__()
        width, below = widths[0], widths[1:]
        self.before = nn.Sequential(*(Block(width) for _ in range(blocks[0])))
        self.after = nn.Sequential(*(Block(width) for _ in range(blocks[0])))
        self.below = Scale(below, blocks[1:]) if below else None
        if below:
            self.down = nn.Conv2d(width, below[0], 2, stride=2)
            self.up = nn.ConvTranspose2d(below[0], width, 2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, width, h, w) of (B, width, h, w); the sides suit all scales below."""
        x = self.before(x)
        if self.below is not None:
            x = x + self.up(self.below(self.down(x)))
        return self.after(x)


class FourScales(nn.Module):
    """The noise-conditional denoiser of pixels in [0, 1].

    Attributes:
        engine: What evaluates the layers in place of `layers`, if anything does.
    """

    engine: Callable[[Tensor], Tensor] | None = None

    def __init__(self, widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS) -> None:
        super().__init__()
        self.head = nn.Conv2d(13, widths[0], 3, padding=1)
        self.scales = Scale(widths, blocks)
        self.tail = nn.Conv2d(widths[0], 12, 3, padding=1)

    def forward(self, p: Tensor, sigma: Tensor) -> Tensor:
        """Return the estimate of the clean picture.

        Args:
            p: (B, 3, H, W), noisy pixels; H and W multiples of `MULTIPLE`.
            sigma: (B,), standard deviation of their noise, black to white being 1.

        Returns:
            (B, 3, H, W).
        """
        sigma = sigma.to(p).view(-1, 1, 1, 1)
        seen = functional.pixel_unshuffle((p - 0.5) / spread(sigma), 2)
        told = (255 * sigma).clamp(min=TOLD_MIN).log() / 4
        x = torch.cat((seen, told.expand(-1, 1, *seen.shape[2:])), dim=1)
        made = functional.pixel_shuffle((self.engine or self.layers)(x), 2)
        kept = (SIGMA_DATA / spread(sigma)) ** 2
        return torch.addcmul(0.5 + kept * (p - 0.5), made, made_scale(sigma))

    def layers(self, x: Tensor) -> Tensor:
        """Return (B, 12, h, w) of (B, 13, h, w): all that is learnt, on values of unit variance."""
        x = self.head(x.contiguous(memory_format=torch.channels_last))
        return self.tail(_suited(self.scales(_suited(x, self.scales)), self.tail))

    def shorten(self) -> None:
        """Keep all layers but the first and the last in bfloat16: these see and make pixels."""
        self.scales.to(torch.bfloat16)

    def shift(self, made: Tensor, sigma: Tensor) -> None:
        """Add a picture's mean to what is made; (B, 3, H, W) at the noise `sigma`."""
        made = made / made_scale(sigma).view(-1, 1, 1, 1)
        self.tail.get_parameter("bias").add_(functional.pixel_unshuffle(made, 2).mean((0, 2, 3)))


def spread(sigma: Tensor) -> Tensor:
    """Return the standard deviation of noisy pixels about mid-grey."""
    return (sigma.square() + SIGMA_DATA**2).sqrt()


def made_scale(sigma: Tensor) -> Tensor:
    """Return by what the layers' output is multiplied: their target then has unit variance."""
    return sigma * SIGMA_DATA / spread(sigma)


def _suited(x: Tensor, layer: nn.Module) -> Tensor:
    """Return x in the precision of the layer's weights; under autocast the layer sees to it."""
    if torch.is_autocast_enabled(x.device.type):
        return x
    return x.to(next(layer.parameters()).dtype)
