"""Random weights and inputs for the graphs of the tests."""

import numpy as np
from numpy.typing import NDArray

from rdpcodec.engines.graph import Graph

Floats = NDArray[np.float32]


def drawn(graph: Graph) -> dict[str, Floats]:
    """Return random tensors for a graph; its values keep their size from layer to layer."""
    rng = np.random.default_rng(5)
    return {
        name: rng.standard_normal(shape, dtype=np.float32) / np.float32(np.prod(shape[1:]) ** 0.5)
        for name, shape in graph.shapes().items()
    }


def picture(channels: int, height: int, width: int, count: int = 1) -> Floats:
    """Return noise, (count, channels, height, width)."""
    rng = np.random.default_rng(6)
    return rng.standard_normal((count, channels, height, width), dtype=np.float32)
