"""torch as an engine: the values of ncnn, with parameters that have the names of the tensors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from engines.weights import drawn, picture
from safetensors.numpy import load_file

from rdpcodec.engines import ncnn_network
from rdpcodec.engines.graph import INPUT, Graph
from rdpcodec.engines.torch_network import TorchNetwork
from rdpcodec.priors.photo_1 import four_scales
from rdpcodec.priors.photo_1.network import PARTS, by_ncnn, by_torch

WEIGHTS = Path(four_scales.__file__).with_name("weights.safetensors")
HAS_NCNN = ncnn_network.version() is not None
SMALL = (8, 12, 16, 16), (1, 2, 1, 1)


@pytest.mark.weights
@pytest.mark.skipif(not HAS_NCNN, reason="ncnn is not here")
@pytest.mark.parametrize("size", [(8, 8), (24, 40)])
@pytest.mark.parametrize("name", PARTS)
def test_both_graphs_of_photo_1_have_the_values_of_ncnn(name: str, size: tuple[int, int]) -> None:
    """With the shipped weights, two pictures at a time, to 1e-4 of values of unit variance."""
    weights, x = load_file(WEIGHTS), picture(13, *size, count=2)
    found = by_torch(weights, "cpu").layers[name](torch.from_numpy(x))
    assert found.dtype == torch.float32
    expected = by_ncnn(weights).layers[name](x)
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_parameters_are_the_tensors_of_the_graph() -> None:
    """Names and shapes; whoever trains saves what an evaluation reads."""
    graph = four_scales.graph(*SMALL)
    network = TorchNetwork(graph)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert shapes == graph.shapes()
    assert dict(network.named_parameters()).keys() == shapes.keys()
    assert "scales.below.below.below.before.0.second.weight" in shapes


@pytest.mark.parametrize("change", ["missing", "unknown", "shape"])
def test_weights_of_another_network_are_refused(change: str) -> None:
    """A tensor too few, one too many, or one of another shape is an error, not half a network."""
    graph = four_scales.graph(*SMALL)
    weights = drawn(graph)
    tail = weights.pop("tail.bias")
    if change == "unknown":
        weights |= {"tail.bias": tail, "neck.bias": tail}
    elif change == "shape":
        weights["tail.bias"] = tail[:5]
    with pytest.raises(RuntimeError, match=r"tail\.bias|neck\.bias"):
        TorchNetwork(graph).take(weights, "cpu")


def test_weights_that_were_taken_are_not_trained() -> None:
    """What evaluates asks for no gradients; a new network does."""
    graph = four_scales.graph(*SMALL)
    network = TorchNetwork(graph)
    assert all(value.requires_grad for value in network.parameters())
    network.take(drawn(graph), "cpu")
    assert not any(value.requires_grad for value in network.parameters())


def test_an_evaluation_leaves_its_input_alone() -> None:
    """Also where the first layer is a sum, and where a ReLU works in place."""
    graph = Graph()
    doubled = graph.add(INPUT, INPUT)
    graph.add(doubled, graph.convolution(doubled, "a", 3, 3, relu=True))
    x = torch.from_numpy(picture(3, 5, 4))
    before = x.clone()
    TorchNetwork(graph).take(drawn(graph), "cpu")(x)
    assert torch.equal(x, before)


def test_short_layers_keep_the_mean_of_the_probe() -> None:
    """All but the first and the last are in bfloat16; outputs stay float32, the mean as it was."""
    graph = four_scales.graph(*SMALL)
    network = TorchNetwork(graph).take(drawn(graph), "cpu")
    probe = torch.from_numpy(picture(13, 16, 16))
    exact = network(probe)
    network.shorten(probe)
    found = network(probe)
    assert found.dtype == torch.float32
    assert float((found - exact).abs().max()) > 1e-4
    torch.testing.assert_close(found.mean((0, 2, 3)), exact.mean((0, 2, 3)), rtol=0, atol=1e-5)
    kinds = {name: value.dtype for name, value in network.named_parameters()}
    long = {name for name, kind in kinds.items() if kind == torch.float32}
    assert long == {"head.weight", "head.bias", "tail.weight", "tail.bias"}
