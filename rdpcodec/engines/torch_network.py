"""torch evaluates a `Graph`: on devices, where there is no ncnn, and in training."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from rdpcodec.engines.graph import INPUT, Convolution, Graph, Sum, readers


class TorchNetwork(nn.Module):
    """A network whose parameters have the names of the graph's tensors."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self._readers = Counter(value for layer in graph.layers for value in readers(layer))
        for layer in graph.convolutions:
            _attach(self, layer.name, _module(layer))

    def forward(self, x: Tensor) -> Tensor:
        """Return the network's output, (B, C', h, w) of (B, C, h, w), in the precision of x."""
        dtype, left = x.dtype, self._readers.copy()
        values = {INPUT: x.contiguous(memory_format=torch.channels_last)}
        for layer in self.graph.layers:
            read = [values[value] for value in readers(layer)]
            values[layer.made] = self._evaluated(layer, read)
            for value in readers(layer):
                left[value] -= 1
                if not left[value]:
                    del values[value]
        return values[self.graph.last].to(dtype)

    def module(self, name: str) -> nn.Module:
        """Return the convolution of that name."""
        return self.get_submodule(name)

    def take(self, weights: Mapping[str, NDArray[np.floating]], device: str) -> "TorchNetwork":
        """Take weights, for evaluation in float32 on a device.

        Raises:
            RuntimeError: If they are not those of the graph.
        """
        self.load_state_dict({k: torch.from_numpy(v).float() for k, v in weights.items()})
        self.requires_grad_(requires_grad=False).eval().to(device)
        return self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def shorten(self, probe: Tensor) -> None:
        """Keep all layers but the first and the last in bfloat16: these see and make pixels.

        Args:
            probe: An input, (B, C, h, w), on which the mean of every output stays what it is.
        """
        exact = self(probe)
        *inner, last = self.graph.convolutions
        for layer in inner[1:]:
            self.module(layer.name).to(torch.bfloat16)
        shift = (exact - self(probe)).mean(dim=(0, 2, 3))
        self.module(last.name).get_parameter("bias").add_(shift)

    def _evaluated(self, layer: Convolution | Sum, read: list[Tensor]) -> Tensor:
        if isinstance(layer, Sum):
            return read[0] + read[1]
        module = self.module(layer.name)
        if not torch.is_autocast_enabled(read[0].device.type):  # which sees to it itself
            read[0] = read[0].to(module.get_parameter("weight").dtype)
        made: Tensor = module(read[0])
        return functional.relu_(made) if layer.relu else made


def _attach(root: nn.Module, name: str, module: nn.Module) -> None:
    """Add a module under a name with dots, as a tree of modules."""
    *parents, last = name.split(".")
    for parent in parents:
        if not hasattr(root, parent):
            root.add_module(parent, nn.Module())
        root = root.get_submodule(parent)
    root.add_module(last, module)


def _module(layer: Convolution) -> nn.Module:
    kind = nn.ConvTranspose2d if layer.transposed else nn.Conv2d
    return kind(layer.inputs, layer.outputs, layer.size, layer.stride, layer.padding)
