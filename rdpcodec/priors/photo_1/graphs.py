"""The layers of both networks of `photo-1` as an engine reads them; `ffdnet` and `four_scales`.

What `FFDNet.layers` and `FourScales.layers` compute, with the same names of tensors. What comes
before and after the layers is in those modules alone.
"""

from collections.abc import Mapping

from rdpcodec.engines.graph import INPUT, Floats, Graph
from rdpcodec.priors.photo_1.ffdnet import LAYERS
from rdpcodec.priors.photo_1.four_scales import BLOCKS


def ffdnet(weights: Mapping[str, Floats]) -> Graph:
    """Return the twelve layers of FFDNet; the tensors are called `0.weight` and so on."""
    graph, x = Graph(weights), INPUT
    for k in range(LAYERS):
        x = graph.convolution(x, str(k), relu=k < LAYERS - 1)
    return graph


def four_scales(weights: Mapping[str, Floats]) -> Graph:
    """Return the layers of the network of four scales."""
    graph = Graph(weights)
    x = _scale(graph, graph.convolution(INPUT, "head"), "scales", BLOCKS)
    graph.convolution(x, "tail")
    return graph


def _scale(graph: Graph, x: str, name: str, blocks: tuple[int, ...]) -> str:
    for k in range(blocks[0]):
        x = _block(graph, x, f"{name}.before.{k}")
    if blocks[1:]:
        x, down = graph.split(x)
        below = graph.convolution(down, f"{name}.down", stride=2)
        below = _scale(graph, below, f"{name}.below", blocks[1:])
        x = graph.add(x, graph.transposed(below, f"{name}.up", stride=2))
    for k in range(blocks[0]):
        x = _block(graph, x, f"{name}.after.{k}")
    return x


def _block(graph: Graph, x: str, name: str) -> str:
    x, inner = graph.split(x)
    inner = graph.convolution(inner, f"{name}.first", relu=True)
    return graph.add(x, graph.convolution(inner, f"{name}.second"))
