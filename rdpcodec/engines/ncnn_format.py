"""A `Graph` in the form that ncnn reads: lines of text, and the weights in order.

Described in ncnn's own documentation, "param and model file structure". A value that two layers
read is split by a layer of its own there.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from rdpcodec.engines.graph import INPUT, Convolution, Graph, Sum, readers

_MAGIC = 7767517
_FLOAT32 = np.uint32(0)  # the tag before weights that are stored as float32
_RELU = 1


def text(graph: Graph) -> str:
    """Return the description of all layers."""
    times = Counter(value for layer in graph.layers for value in readers(layer))
    names: dict[str, list[str]] = {}
    lines = [f"Input input0 0 1 {INPUT}", *_split(INPUT, times[INPUT], names)]
    for number, layer in enumerate(graph.layers):
        read = [names[value].pop() for value in readers(layer)]
        lines.append(_line(layer, number, read))
        lines += _split(layer.made, times[layer.made], names)
    values = sum(int(line.split()[3]) for line in lines)
    return f"{_MAGIC}\n{len(lines)} {values}\n" + "".join(f"{line}\n" for line in lines)


def binary(graph: Graph, weights: Mapping[str, NDArray[np.floating]]) -> Iterator[bytes]:
    """Return the weights in the order of the layers, piece by piece."""
    for layer in graph.convolutions:
        weight = weights[f"{layer.name}.weight"]
        yield _FLOAT32.tobytes()
        yield (weight.swapaxes(0, 1) if layer.transposed else weight).astype("<f4").tobytes()
        yield weights[f"{layer.name}.bias"].astype("<f4").tobytes()


def _split(value: str, times: int, names: dict[str, list[str]]) -> list[str]:
    """Give every reader of a value a name of its own; return the line for it, if it takes one."""
    if times < 2:
        names[value] = [value]
        return []
    names[value] = [f"{value}_{reader}" for reader in range(times)]
    return [f"Split split_{value} 1 {times} {value} {' '.join(names[value])}"]


def _line(layer: Convolution | Sum, number: int, read: list[str]) -> str:
    if isinstance(layer, Sum):
        return f"BinaryOp layer{number} 2 1 {' '.join(read)} {layer.made} 0=0"
    kind = "Deconvolution" if layer.transposed else "Convolution"
    settings = {
        0: layer.outputs,
        1: layer.size,
        3: layer.stride,
        4: layer.padding,
        5: 1,  # a bias
        6: layer.outputs * layer.inputs * layer.size**2,
        **({9: _RELU} if layer.relu else {}),
    }
    numbered = " ".join(f"{key}={value}" for key, value in settings.items())
    return f"{kind} layer{number} 1 1 {read[0]} {layer.made} {numbered}"
