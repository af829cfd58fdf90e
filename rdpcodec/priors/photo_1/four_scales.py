"""The network of `photo-1` at low and at high noise: residual blocks on four scales.

There is no normalisation and no attention: what is far away cannot change a pixel. The picture is
scaled before and after by its noise, so that the blocks see and make values of unit variance at
every noise level (Karras et al. 2022, equation 7); at low noise they predict the noise, so that
an estimate keeps what it cannot explain.
"""

from rdpcodec.arrays import Array, log
from rdpcodec.engines.graph import INPUT, Graph, Layers
from rdpcodec.priors.photo_1.packing import MADE, SEEN, packed, unpacked

# Channels and residual blocks on each way, at 1/2, 1/4, 1/8 and 1/16 of the picture's sides.
WIDTHS = (64, 128, 192, 192)
BLOCKS = (3, 3, 2, 1)
# Standard deviation of pixels about mid-grey, black to white being 1.
SIGMA_DATA = 0.25
# The blocks are told this much noise at least, of 255.
TOLD_MIN = 0.5
# The lowest resolution has one value for 16 x 16 pixels.
MULTIPLE = 2 ** len(WIDTHS)


def graph(widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS) -> Graph:
    """Return the layers, on values of unit variance."""
    made = Graph()
    x = made.convolution(INPUT, "head", SEEN, widths[0])
    made.convolution(_scale(made, x, "scales", widths, blocks), "tail", widths[0], MADE)
    return made


def _scale(made: Graph, x: str, name: str, widths: tuple[int, ...], blocks: tuple[int, ...]) -> str:
    """Return the value of one scale, and all below it."""
    width, below = widths[0], widths[1:]
    for k in range(blocks[0]):
        x = _block(made, x, f"{name}.before.{k}", width)
    if below:
        low = made.halved(x, f"{name}.down", width, below[0])
        low = _scale(made, low, f"{name}.below", below, blocks[1:])
        x = made.add(x, made.doubled(low, f"{name}.up", below[0], width))
    for k in range(blocks[0]):
        x = _block(made, x, f"{name}.after.{k}", width)
    return x


def _block(made: Graph, x: str, name: str, width: int) -> str:
    """Return the value of x + conv(relu(conv(x)))."""
    inner = made.convolution(x, f"{name}.first", width, width, relu=True)
    return made.add(x, made.convolution(inner, f"{name}.second", width, width))


def seen(p: Array, s: Array) -> Array:
    """Return what the layers see, (B, 13, H/2, W/2); arguments as in `estimate`."""
    told = log((255 * s).clip(min=TOLD_MIN)) / 4
    return packed((p - 0.5) / _variance(s) ** 0.5, told)


def estimate(layers: Layers, p: Array, s: Array) -> Array:
    """Return the estimate of the clean picture.

    Args:
        layers: What evaluates the graph.
        p: (B, 3, H, W), noisy pixels in [0, 1]; H and W multiples of `MULTIPLE`.
        s: (B, 1, 1, 1), standard deviation of their noise, black to white being 1.

    Returns:
        (B, 3, H, W).
    """
    variance = _variance(s)
    made = unpacked(layers(seen(p, s)))
    made *= s * SIGMA_DATA / variance**0.5
    made += (p - 0.5) * (SIGMA_DATA**2 / variance)
    made += 0.5
    return made


def _variance(s: Array) -> Array:
    """Return the variance of noisy pixels about mid-grey."""
    return s**2 + SIGMA_DATA**2
