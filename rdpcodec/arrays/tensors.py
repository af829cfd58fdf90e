"""What only torch is asked: its devices, and arrays on them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

KINDS = ("cpu", "cuda", "mps")


def place(values: NDArray[Any], device: str) -> Tensor:
    """Return the values as a tensor on the device."""
    return torch.from_numpy(values).to(device)


def devices() -> list[str]:
    """Return the names of the devices that torch can use."""
    names = ["cpu"]
    if torch.cuda.is_available():
        names += ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        names.append("mps")
    return names


def finish(device: torch.device) -> None:
    """Wait until all that a device was asked for is done."""
    (torch.cuda if device.type == "cuda" else torch.mps).synchronize()


def peak_bytes(device: str) -> int:
    """Return the most that torch has held on a device of CUDA."""
    return int(torch.cuda.max_memory_allocated(device))


@contextmanager
def neutral(threads: int | None) -> Iterator[None]:
    """Hold off what a caller may have set in torch: autocast, a default device, its modes.

    And what torch itself sets: cuDNN's convolutions take float32 for TF32, with 10 bits of 23.

    Args:
        threads: How many torch may use meanwhile; as many as before, if None.
    """
    with ExitStack() as stack:
        if threads is not None:
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(threads)
        for owner, name, value in _full_float32():
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)
        stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.no_grad())
        for kind in KINDS:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield


def _full_float32() -> list[tuple[Any, str, object]]:
    """Return what is to be set where, so that float32 is multiplied as float32."""
    backends: Any = torch.backends
    if not hasattr(backends.cudnn, "conv"):  # before PyTorch 2.9
        return [(owner, "allow_tf32", False) for owner in (backends.cudnn, backends.cuda.matmul)]
    owners = (
        backends.cudnn.conv,
        backends.cuda.matmul,
        backends.mkldnn.conv,
        backends.mkldnn.matmul,
    )
    return [(owner, "fp32_precision", "ieee") for owner in owners]


def sums_by_group(values: Tensor, groups: Tensor, count: int) -> NDArray[np.float64]:
    """Return the sums of each plane's values by group.

    Args:
        values: (C, H, W) float32.
        groups: (H, W) int64, 0 .. count - 1.
        count: How many groups.

    Returns:
        (C, count) float64, added in binary64; on the host where the device has none.
    """
    if values.device.type == "mps":
        values, groups = values.cpu(), groups.cpu()
    flat = groups.reshape(-1)
    sums = [torch.bincount(flat, plane.reshape(-1).double(), count) for plane in values]
    return torch.stack(sums).cpu().numpy()
