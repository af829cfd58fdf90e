"""Arrays through one code: numpy on the host, and torch, with the same formulas, elsewhere.

Formulas are written with operators and with the methods that both kinds have; the few things
that differ are here. Without a device torch is never imported.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

# A numpy array of float32, or a torch.Tensor of float32, which behaves alike in all that is done
# with it. No static type covers what both can do.
Array: TypeAlias = Any


def is_tensor(x: object) -> TypeGuard["Tensor"]:
    """Return whether an array is torch's."""
    return not isinstance(x, np.ndarray)


def place(values: NDArray[Any], device: str | None) -> Array:
    """Return what numpy holds as an array on a device of torch, or as it is for None."""
    if device is None:
        return values
    from rdpcodec.arrays import tensors  # noqa: PLC0415 - torch is optional

    return tensors.place(values, device)


def device_of(x: Array) -> str | None:
    """Return what `place` is told to put values where an array is."""
    return str(x.device) if is_tensor(x) else None


def host(x: Array) -> NDArray[Any]:
    """Return the values as numpy holds them; a view where they are on the host."""
    return x.detach().cpu().numpy() if is_tensor(x) else x


def empty(shape: Sequence[int], like: Array) -> Array:
    """Return an array of any values, of the kind and on the device of another."""
    return like.new_empty(shape) if is_tensor(like) else np.empty(shape, like.dtype)


def full(shape: Sequence[int], value: float, like: Array) -> Array:
    """Return an array of one value, of the kind and on the device of another."""
    filled = empty(shape, like)
    filled[...] = value
    return filled


def log(x: Array) -> Array:
    """Return the natural logarithm."""
    return x.log() if is_tensor(x) else np.log(x)


def energy(x: Array) -> float:
    """Return the squared length of all values."""
    flat = x.reshape(-1)
    return float(flat @ flat)


def finish(x: Array) -> Array:
    """Return an array when it is computed; devices run behind the program that asks them."""
    if is_tensor(x) and x.device.type != "cpu":
        from rdpcodec.arrays import tensors  # noqa: PLC0415 - torch is optional

        tensors.finish(x.device)
    return x


def copy(x: Array) -> Array:
    """Return a copy."""
    return x.clone() if is_tensor(x) else x.copy()


def turn(x: Array, quarters: int) -> Array:
    """Return pictures (..., H, W), contiguous, turned by quarters against the clock."""
    if quarters % 4 == 0:
        return x
    if is_tensor(x):
        return x.rot90(quarters, (-2, -1)).contiguous()
    return np.ascontiguousarray(np.rot90(x, quarters, (-2, -1)))


def mirror(x: Array) -> Array:
    """Return pictures (..., H, W), contiguous, with left and right exchanged."""
    return x.flip(-1).contiguous() if is_tensor(x) else np.ascontiguousarray(x[..., ::-1])
