"""FFDNet (Zhang et al. 2018, arXiv:1710.04026): twelve plain convolutions at half resolution.

It sees 26 pixels each way, which is all that counts while little is hidden by the noise.
"""

from itertools import pairwise

from rdpcodec.arrays import Array
from rdpcodec.engines.graph import INPUT, Graph, Layers
from rdpcodec.priors.photo_1.packing import MADE, SEEN, packed, unpacked

WIDTH = 96
LAYERS = 12


def graph() -> Graph:
    """Return the twelve layers; their tensors are called `0.weight` and so on."""
    made, x = Graph(), INPUT
    sizes = [SEEN, *[WIDTH] * (LAYERS - 1), MADE]
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        x = made.convolution(x, str(k), inputs, outputs, relu=k < LAYERS - 1)
    return made


def seen(p: Array, s: Array) -> Array:
    """Return what the layers see, (B, 13, H/2, W/2); arguments as in `estimate`."""
    return packed(p, s)


def estimate(layers: Layers, p: Array, s: Array) -> Array:
    """Return the estimate of the clean picture, (B, 3, H, W).

    Args:
        layers: What evaluates the graph.
        p: (B, 3, H, W), noisy pixels in [0, 1]; H and W even.
        s: (B, 1, 1, 1), standard deviation of their noise, black to white being 1.
    """
    return unpacked(layers(seen(p, s)))
