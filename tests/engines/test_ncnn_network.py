"""ncnn as an engine: graphs of weights, evaluated alike by every number of threads."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from rdpcodec.compute import neutral
from rdpcodec.engines import ncnn_network
from rdpcodec.engines.graph import INPUT, Graph
from rdpcodec.engines.ncnn_network import NcnnNetwork

pytestmark = pytest.mark.skipif(ncnn_network.version() is None, reason="ncnn is not here")
Floats = NDArray[np.float32]


def weights(**shapes: tuple[int, ...]) -> dict[str, Floats]:
    """Return random tensors; `a=(5, 3, 3, 3)` is a convolution a of 3 to 5 channels."""
    rng, found = np.random.default_rng(5), {}
    for name, shape in shapes.items():
        found[f"{name}.weight"] = rng.standard_normal(shape, dtype=np.float32) / 4
        channels = shape[1] if name == "up" else shape[0]
        found[f"{name}.bias"] = rng.standard_normal(channels, dtype=np.float32)
    return found


def picture(channels: int, height: int, width: int) -> Floats:
    """Return noise."""
    rng = np.random.default_rng(6)
    return rng.standard_normal((channels, height, width), dtype=np.float32)


def given(values: Mapping[str, Floats], name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weight and bias as torch wants them."""
    return torch.from_numpy(values[f"{name}.weight"]), torch.from_numpy(values[f"{name}.bias"])


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (8, 13), (31, 17)])
def test_a_convolution_is_that_of_torch(size: tuple[int, int]) -> None:
    """3 x 3 with zeros around, then a ReLU if asked for, also where h times w is odd."""
    values, x = weights(a=(5, 3, 3, 3)), picture(3, *size)
    expected = functional.conv2d(torch.from_numpy(x)[None], *given(values, "a"), padding=1)[0]
    for relu, wanted in ((False, expected), (True, expected.relu())):
        graph = Graph(values)
        graph.convolution(INPUT, "a", relu=relu)
        np.testing.assert_allclose(NcnnNetwork(graph)(x), wanted, atol=1e-5)


def test_sampling_down_and_up_is_that_of_torch() -> None:
    """2 x 2 with stride 2, its transpose, and a sum of two ways."""
    values, x = weights(down=(6, 4, 2, 2), up=(6, 4, 2, 2)), picture(4, 6, 10)
    graph = Graph(values)
    straight, down = graph.split(INPUT)
    up = graph.transposed(graph.convolution(down, "down", stride=2), "up", stride=2)
    graph.add(straight, up)
    below = functional.conv2d(torch.from_numpy(x)[None], *given(values, "down"), stride=2)
    above = functional.conv_transpose2d(below, *given(values, "up"), stride=2)[0]
    np.testing.assert_allclose(NcnnNetwork(graph)(x), x + above.numpy(), atol=1e-5)


@pytest.mark.parametrize("size", [(8, 8), (33, 51), (120, 77)])
def test_threads_change_no_bit(size: tuple[int, int]) -> None:
    """1, 2, 3 and 5 threads, and a second time one, give the same to the bit."""
    values = weights(a=(96, 13, 3, 3), b=(96, 96, 3, 3), c=(128, 96, 3, 3))
    graph, x = Graph(values), INPUT
    for name in "abc":
        x = graph.convolution(x, name, relu=True)
    network, seen = NcnnNetwork(graph), picture(13, *size)
    found = []
    for count in (1, 2, 3, 5, 1, 1):
        with neutral(count):
            found.append(network(seen).tobytes())
    assert len(set(found)) == 1


def test_the_input_may_be_a_view() -> None:
    """A part of an array, whose rows do not follow each other, is read as what it is."""
    graph, whole = Graph(weights(a=(5, 3, 3, 3))), picture(3, 20, 24)
    graph.convolution(INPUT, "a")
    network, part = NcnnNetwork(graph), whole[:, 3:15, 5:17]
    assert np.array_equal(network(part), network(part.copy()))


def test_what_is_returned_stays() -> None:
    """An output is no view of memory that the next evaluation writes to."""
    graph = Graph(weights(a=(5, 3, 3, 3)))
    graph.convolution(INPUT, "a")
    network = NcnnNetwork(graph)
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

    graph = Graph(weights(a=(5, 3, 3, 3)))
    graph.convolution(INPUT, "a")
    monkeypatch.setattr(ncnn_network, "_load", lambda *_: Network())
    with pytest.raises(MemoryError, match="a picture of 8 x 4 values"):
        NcnnNetwork(graph)(picture(3, 4, 8))


def test_weights_that_end_too_soon_are_noticed() -> None:
    """A text and weights that do not belong together are refused, not read beyond the end."""

    class Cut(Graph):
        def binary(self) -> Any:
            yield from list(super().binary())[:-1]

    graph = Cut(weights(a=(5, 3, 3, 3)))
    graph.convolution(INPUT, "a")
    with pytest.raises(RuntimeError, match="does not read the network"):
        NcnnNetwork(graph)(picture(3, 4, 8))
