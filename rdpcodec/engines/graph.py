"""A network of convolutions in the form that ncnn reads: lines of text, and the weights in order.

Described in ncnn's own documentation, "param and model file structure". A value that two layers
read must be split by a layer of its own.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

INPUT = "input"
_MAGIC = 7767517
_FLOAT32 = np.uint32(0)  # the tag before weights that are stored as float32
_RELU = 1


class Graph:
    """A network that is put together from the input on.

    Args:
        weights: The tensors `NAME.weight`, as torch lays them out, and `NAME.bias`.

    Attributes:
        last: The value that was made last; the network's output in the end.
    """

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights
        self._lines: list[str] = []
        self._stored: list[tuple[str, bool]] = []
        self._values = 0
        self.last = INPUT
        self._layer("Input", (), INPUT)

    def convolution(self, x: str, name: str, *, stride: int = 1, relu: bool = False) -> str:
        """Return the value of the convolution `name` of x; odd kernels keep the size."""
        outputs, inputs, size, _ = self._weights[f"{name}.weight"].shape
        made = self._new()
        shape = _shape(outputs, inputs, size, stride)
        self._layer("Convolution", (x,), made, **shape, **({"9": _RELU} if relu else {}))
        self._stored.append((name, False))
        return made

    def transposed(self, x: str, name: str, *, stride: int) -> str:
        """Return the value of the transposed convolution `name` of x."""
        inputs, outputs, size, _ = self._weights[f"{name}.weight"].shape
        made = self._new()
        self._layer("Deconvolution", (x,), made, **_shape(outputs, inputs, size, stride))
        self._stored.append((name, True))
        return made

    def split(self, x: str) -> tuple[str, str]:
        """Return x twice, for two readers."""
        made = self._new(), self._new()
        self._layer("Split", (x,), *made)
        return made

    def add(self, x: str, y: str) -> str:
        """Return the value of x + y."""
        made = self._new()
        self._layer("BinaryOp", (x, y), made, **{"0": 0})
        return made

    def text(self) -> str:
        """Return the description of all layers."""
        head = f"{_MAGIC}\n{len(self._lines)} {self._values + 1}\n"
        return head + "".join(f"{line}\n" for line in self._lines)

    def binary(self) -> Iterator[bytes]:
        """Return the weights in the order of the layers, piece by piece."""
        for name, transposed in self._stored:
            weight = self._weights[f"{name}.weight"]
            yield _FLOAT32.tobytes()
            yield (weight.swapaxes(0, 1) if transposed else weight).astype("<f4").tobytes()
            yield self._weights[f"{name}.bias"].astype("<f4").tobytes()

    def _new(self) -> str:
        self._values += 1
        self.last = f"v{self._values}"
        return self.last

    def _layer(self, kind: str, inputs: tuple[str, ...], *outputs: str, **settings: int) -> None:
        counts = f"{len(inputs)} {len(outputs)}"
        values = " ".join((*inputs, *outputs, *(f"{key}={n}" for key, n in settings.items())))
        self._lines.append(f"{kind} layer{len(self._lines)} {counts} {values}")


def _shape(outputs: int, inputs: int, size: int, stride: int) -> dict[str, int]:
    """Return ncnn's numbered settings of a convolution with a bias."""
    return {
        "0": outputs,
        "1": size,
        "3": stride,
        "4": (size - stride) // 2,  # rows and columns of zeros on each side
        "5": 1,
        "6": outputs * inputs * size * size,
    }
