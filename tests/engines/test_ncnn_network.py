"""ncnn as an engine: graphs of weights, evaluated alike by every number of threads."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from engines.weights import Floats, drawn, picture
from torch.nn import functional

from rdpcodec.compute import neutral
from rdpcodec.engines import ncnn_format, ncnn_network
from rdpcodec.engines.graph import INPUT, Graph
from rdpcodec.engines.ncnn_network import NcnnNetwork

pytestmark = pytest.mark.skipif(ncnn_network.version() is None, reason="ncnn is not here")


def one_convolution(*, relu: bool = False) -> Graph:
    """Return a graph of one convolution `a` of 3 to 5 channels."""
    graph = Graph()
    graph.convolution(INPUT, "a", 3, 5, relu=relu)
    return graph


def given(values: Mapping[str, Floats], name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weight and bias as torch wants them."""
    return torch.from_numpy(values[f"{name}.weight"]), torch.from_numpy(values[f"{name}.bias"])


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (8, 13), (31, 17)])
def test_a_convolution_is_that_of_torch(size: tuple[int, int]) -> None:
    """3 x 3 with zeros around, then a ReLU if asked for, also where h times w is odd."""
    x = picture(3, *size)
    for relu in (False, True):
        graph = one_convolution(relu=relu)
        values = drawn(graph)
        expected = functional.conv2d(torch.from_numpy(x), *given(values, "a"), padding=1)
        wanted = expected.relu() if relu else expected
        np.testing.assert_allclose(NcnnNetwork(graph, values)(x), wanted, atol=1e-5)


def test_sampling_down_and_up_is_that_of_torch() -> None:
    """2 x 2 with stride 2, its transpose, and a sum of two ways."""
    graph, x = Graph(), picture(4, 6, 10)
    down = graph.halved(INPUT, "down", 4, 6)
    graph.add(INPUT, graph.doubled(down, "up", 6, 4))
    values = drawn(graph)
    below = functional.conv2d(torch.from_numpy(x), *given(values, "down"), stride=2)
    above = functional.conv_transpose2d(below, *given(values, "up"), stride=2)
    np.testing.assert_allclose(NcnnNetwork(graph, values)(x), x + above.numpy(), atol=1e-5)


@pytest.mark.parametrize("size", [(8, 8), (33, 51), (120, 77)])
def test_threads_change_no_bit(size: tuple[int, int]) -> None:
    """1, 2, 3 and 5 threads, and a second time one, give the same to the bit."""
    graph, x = Graph(), INPUT
    for name, inputs, outputs in (("a", 13, 96), ("b", 96, 96), ("c", 96, 128)):
        x = graph.convolution(x, name, inputs, outputs, relu=True)
    network, seen = NcnnNetwork(graph, drawn(graph)), picture(13, *size)
    found = []
    for count in (1, 2, 3, 5, 1, 1):
        with neutral(count):
            found.append(network(seen).tobytes())
    assert len(set(found)) == 1


def test_a_batch_is_its_pictures() -> None:
    """Pictures come out together as each alone, in their order."""
    graph, x = one_convolution(), picture(3, 9, 6, count=3)
    network = NcnnNetwork(graph, drawn(graph))
    alone = np.concatenate([network(one[None]) for one in x])
    assert np.array_equal(network(x), alone)


def test_the_input_may_be_a_view() -> None:
    """A part of an array, whose rows do not follow each other, is read as what it is."""
    graph, whole = one_convolution(), picture(3, 20, 24)
    network, part = NcnnNetwork(graph, drawn(graph)), whole[..., 3:15, 5:17]
    assert np.array_equal(network(part), network(part.copy()))


def test_what_is_returned_stays() -> None:
    """An output is no view of memory that the next evaluation writes to."""
    graph = one_convolution()
    network = NcnnNetwork(graph, drawn(graph))
    first = network(picture(3, 16, 16))
    kept = first.copy()
    network(-picture(3, 16, 16))
    assert np.array_equal(first, kept)


def test_no_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ncnn gets no memory it says so, and that is a MemoryError with the size."""

    class Refusing:
        def input(self, *_: Any) -> int:
            return 0

        def extract(self, _: str) -> tuple[int, None]:
            return -100, None

    class Network:
        def create_extractor(self) -> Refusing:
            return Refusing()

    graph = one_convolution()
    monkeypatch.setattr(NcnnNetwork, "_load", lambda *_: Network())
    with pytest.raises(MemoryError, match="a picture of 8 x 4 values"):
        NcnnNetwork(graph, drawn(graph))(picture(3, 4, 8))


def test_weights_that_end_too_soon_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text and weights that do not belong together are refused, not read beyond the end."""
    whole = ncnn_format.binary

    def cut(graph: Graph, weights: Mapping[str, Floats]) -> Iterator[bytes]:
        yield from list(whole(graph, weights))[:-1]

    graph = one_convolution()
    monkeypatch.setattr(ncnn_format, "binary", cut)
    with pytest.raises(RuntimeError, match="does not read the network"):
        NcnnNetwork(graph, drawn(graph))(picture(3, 4, 8))
