"""The layers of a convolutional network, described once for every engine and for training."""

from collections.abc import Callable
from dataclasses import dataclass

from rdpcodec.arrays import Array

# The layers of a network as a function: (B, C, h, w) to (B, C', h, w).
Layers = Callable[[Array], Array]

INPUT = "input"


@dataclass(frozen=True)
class Convolution:
    """A layer with weights; `NAME.weight` and `NAME.bias` are as torch lays them out.

    Attributes:
        name: Of its tensors.
        read: The value that it reads.
        made: The value that it makes.
        inputs: Channels read.
        outputs: Channels made.
        size: Side of the kernel.
        stride: How many times smaller the sides become; larger, where it is transposed.
        transposed: Whether it enlarges.
        relu: Whether negative values become 0.
    """

    name: str
    read: str
    made: str
    inputs: int
    outputs: int
    size: int = 3
    stride: int = 1
    transposed: bool = False
    relu: bool = False

    @property
    def padding(self) -> int:
        """Rows and columns of zeros on each side; odd kernels keep the size."""
        return (self.size - self.stride) // 2


@dataclass(frozen=True)
class Sum:
    """A layer that adds two values."""

    read: tuple[str, str]
    made: str


class Graph:
    """A network that is put together from the input on.

    Attributes:
        layers: In the order in which they are evaluated.
        last: The value that was made last; the network's output in the end.
    """

    def __init__(self) -> None:
        self.layers: list[Convolution | Sum] = []
        self.last = INPUT

    @property
    def convolutions(self) -> list[Convolution]:
        """The layers with weights."""
        return [layer for layer in self.layers if isinstance(layer, Convolution)]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in self.convolutions:
            sides = (
                (layer.inputs, layer.outputs) if layer.transposed else (layer.outputs, layer.inputs)
            )
            shapes[f"{layer.name}.weight"] = (*sides, layer.size, layer.size)
            shapes[f"{layer.name}.bias"] = (layer.outputs,)
        return shapes

    def convolution(
        self, x: str, name: str, inputs: int, outputs: int, *, relu: bool = False
    ) -> str:
        """Return the value of a 3x3 convolution of x."""
        return self._add(Convolution(name, x, self._new(), inputs, outputs, relu=relu))

    def halved(self, x: str, name: str, inputs: int, outputs: int) -> str:
        """Return the value of a 2x2 convolution of x at half the size."""
        return self._add(Convolution(name, x, self._new(), inputs, outputs, size=2, stride=2))

    def doubled(self, x: str, name: str, inputs: int, outputs: int) -> str:
        """Return the value of a 2x2 transposed convolution of x at twice the size."""
        made = self._new()
        layer = Convolution(name, x, made, inputs, outputs, size=2, stride=2, transposed=True)
        return self._add(layer)

    def add(self, x: str, y: str) -> str:
        """Return the value of x + y."""
        return self._add(Sum((x, y), self._new()))

    def _new(self) -> str:
        return f"v{len(self.layers)}"

    def _add(self, layer: Convolution | Sum) -> str:
        self.layers.append(layer)
        self.last = layer.made
        return self.last


def readers(layer: Convolution | Sum) -> tuple[str, ...]:
    """Return the values that a layer reads."""
    return (layer.read,) if isinstance(layer, Convolution) else layer.read
