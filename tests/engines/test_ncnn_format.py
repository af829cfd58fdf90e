"""The form that ncnn reads: a line for every layer, and the weights in their order."""

import numpy as np
from engines.weights import drawn

from rdpcodec.engines import ncnn_format
from rdpcodec.engines.graph import INPUT, Graph


def block() -> Graph:
    """Return x + conv(relu(conv(x))), then half the size and all of it again."""
    graph = Graph()
    inner = graph.convolution(INPUT, "first", 2, 3, relu=True)
    both = graph.add(INPUT, graph.convolution(inner, "second", 3, 2))
    graph.doubled(graph.halved(both, "down", 2, 4), "up", 4, 2)
    return graph


def test_a_value_that_is_read_twice_is_split() -> None:
    """Every reader has a name of its own; what is read once is not split."""
    first, *lines = ncnn_format.text(block()).splitlines()
    assert first == "7767517"
    assert lines == [
        "7 8",
        "Input input0 0 1 input",
        "Split split_input 1 2 input input_0 input_1",
        "Convolution layer0 1 1 input_1 v0 0=3 1=3 3=1 4=1 5=1 6=54 9=1",
        "Convolution layer1 1 1 v0 v1 0=2 1=3 3=1 4=1 5=1 6=54",
        "BinaryOp layer2 2 1 input_0 v1 v2 0=0",
        "Convolution layer3 1 1 v2 v3 0=4 1=2 3=2 4=0 5=1 6=32",
        "Deconvolution layer4 1 1 v3 v4 0=2 1=2 3=2 4=0 5=1 6=32",
    ]


def test_a_value_is_added_to_itself() -> None:
    """Both readers may be one layer."""
    graph = Graph()
    graph.add(INPUT, INPUT)
    assert "Split split_input 1 2 input input_0 input_1\n" in ncnn_format.text(graph)
    assert "BinaryOp layer0 2 1 input_1 input_0 v0 0=0\n" in ncnn_format.text(graph)


def test_weights_follow_the_layers() -> None:
    """A tag, the weights with outputs first, and the bias, for each layer in turn."""
    graph = block()
    weights, pieces = drawn(graph), list(ncnn_format.binary(graph, drawn(graph)))
    assert len(pieces) == 3 * len(graph.convolutions)
    for k, layer in enumerate(graph.convolutions):
        tag, weight, bias = pieces[3 * k : 3 * k + 3]
        expected = weights[f"{layer.name}.weight"]
        if layer.transposed:
            expected = expected.swapaxes(0, 1)
        shape = (layer.outputs, layer.inputs, layer.size, layer.size)
        assert tag == bytes(4)
        assert np.array_equal(np.frombuffer(weight, "<f4").reshape(shape), expected)
        assert np.array_equal(np.frombuffer(bias, "<f4"), weights[f"{layer.name}.bias"])
