"""The two networks of `photo-1` and the noise that each is for (spec 10.4)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array, full, place
from rdpcodec.engines.graph import Graph, Layers
from rdpcodec.engines.ncnn_network import NcnnNetwork
from rdpcodec.priors.photo_1 import ffdnet, four_scales

MULTIPLE = four_scales.MULTIPLE
# FFDNet's own range, of [0, 1]. Below it erases what looks like noise, above it sees too little.
FFDNET_FROM, FFDNET_TO = 4 / 255, 64 / 255
PROBE_SIGMA = {"ffdnet": 50 / 255, "four_scales": 90 / 255}
PARTS: Mapping[str, Any] = MappingProxyType({"ffdnet": ffdnet, "four_scales": four_scales})

Weights = Mapping[str, NDArray[np.float32]]


class PhotoNetwork:
    """The noise-conditional denoiser of pixels in [0, 1].

    Args:
        layers: What evaluates the layers of each network.
    """

    def __init__(self, layers: Mapping[str, Layers]) -> None:
        self.layers = layers

    def __call__(self, p: Array, sigma: float) -> Array:
        """Return the estimate of the clean picture.

        Args:
            p: (B, 3, H, W), noisy pixels; H and W multiples of `MULTIPLE`.
            sigma: Standard deviation of their noise, black to white being 1.

        Returns:
            (B, 3, H, W).
        """
        name = chosen(sigma)
        return PARTS[name].estimate(self.layers[name], p, full((len(p), 1, 1, 1), sigma, p))


def chosen(sigma: float) -> str:
    """Return which of the two networks is for a noise level."""
    return "ffdnet" if FFDNET_FROM <= sigma < FFDNET_TO else "four_scales"


def require_shapes(weights: Weights) -> None:
    """Refuse weights that are not those of the graphs.

    Raises:
        ValueError: If a tensor is missing, unknown or of another shape.
    """
    expected = {
        f"{name}.{key}": shape
        for name, part in PARTS.items()
        for key, shape in part.graph().shapes().items()
    }
    found = {key: weight.shape for key, weight in weights.items()}
    if found != expected:
        raise ValueError("the tensors are not those of the networks")


def by_ncnn(weights: Weights) -> PhotoNetwork:
    """Return the network as ncnn evaluates it, on the CPU and in float32."""
    return PhotoNetwork({name: NcnnNetwork(*_part(name, weights)) for name in PARTS})


def by_torch(weights: Weights, device: str) -> PhotoNetwork:
    """Return the network as torch evaluates it, in float32."""
    from rdpcodec.engines.torch_network import TorchNetwork  # noqa: PLC0415 - torch is optional

    layers = {}
    for name in PARTS:
        graph, own = _part(name, weights)
        layers[name] = TorchNetwork(graph).take(own, device)
    return PhotoNetwork(layers)


def in_bfloat16(weights: Weights, device: str) -> PhotoNetwork:
    """Return a network with all layers but the first and the last of each in bfloat16.

    Rounded weights shift the colour of every picture by the same 0.3 to 0.9 of 255, which a
    chain of estimates would add up; the last bias takes back what a grey probe shows of it.
    """
    short = by_torch(weights, device)
    noise = np.random.default_rng(0).standard_normal((1, 3, 64, 64), dtype=np.float32)
    for name, level in PROBE_SIGMA.items():
        probe = place(np.float32(0.5) + np.float32(level) * noise, device)
        seen = PARTS[name].seen(probe, full((1, 1, 1, 1), level, probe))
        short.layers[name].shorten(seen)  # type: ignore[attr-defined]
    return short


def _part(name: str, weights: Weights) -> tuple[Graph, Weights]:
    """Return the graph of one network, and its own weights."""
    start = f"{name}."
    own = {key.removeprefix(start): w for key, w in weights.items() if key.startswith(start)}
    return PARTS[name].graph(), own
