"""LPIPS, version 0.1: the distance between the deep features of two pictures."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec.metrics.features import load_network

LENGTH_MIN = 1e-10


class Lpips:
    """LPIPS with AlexNet (the usual choice for comparing) or VGG16."""

    def __init__(self, network: str = "alexnet") -> None:
        self._network = load_network(network)
        # Many copies of one original are measured, so its features are kept.
        self._original: NDArray[np.uint8] | None = None
        self._original_groups: list[Tensor] = []

    def __call__(self, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
        """Return the distance.

        Args:
            a: (H, W, 3) uint8, both sides at least 32 pixels.
            b: The same shape.

        Returns:
            0 for equal pictures; 0.1 is clearly visible, 0.5 hardly the same picture.

        Source:
            Zhang et al. 2018, arXiv:1801.03924.
        """
        if min(a.shape[:2]) < 32:
            raise ValueError(f"the shorter side is {min(a.shape[:2])}, expected 32 or more")
        if self._original is None or not np.array_equal(a, self._original):
            self._original = a.copy()
            self._original_groups = [_unit(group) for group in self._network.groups(a)]
        pairs = zip(self._original_groups, self._network.groups(b), strict=True)
        total = 0.0
        for (first, second), head in zip(pairs, self._network.heads, strict=True):
            difference = (first - _unit(second)).square()
            total += float((difference * head.view(1, -1, 1, 1)).sum(dim=1).mean())
        return total


def _unit(features: Tensor) -> Tensor:
    length = features.square().sum(dim=1, keepdim=True).sqrt()
    return features / (length + LENGTH_MIN)
