"""Where and how finely a run computes: a property of the run, never of the file.

What a caller has set in torch for its own work changes nothing here: every tensor is made with its
dtype, so that the default dtype does not matter, and `neutral` holds off the rest.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

from rdpcodec.errors import ISSUE, UsageError

KINDS = ("cpu", "cuda", "mps")


@dataclass(frozen=True)
class Compute:
    """A device and a precision, checked when they are put together.

    Attributes:
        device: `cpu`, `cuda`, `cuda:N` or `mps`. The state and the estimates live there; the
            channel coder works on the host.
        precision: `float32`, or `bfloat16` where the prior finds the noise large enough for it.
        engine: What evaluates networks, for tests and measurements: `torch` alone. When None a
            prior takes the quickest that computes in this way here.

    Raises:
        UsageError: If torch has no such device here, or there is no such precision.
    """

    device: str = "cpu"
    precision: str = "float32"
    engine: Literal["torch"] | None = None

    def __post_init__(self) -> None:
        if self.device != "cpu" and self.device not in (found := _devices()):
            message = f"device is {self.device}, expected one that torch has here: "
            raise UsageError(ISSUE.INVALID_OPTION, message + " or ".join(found))


def threads() -> int:
    """Return how many threads networks may use: torch's number, by default all physical cores."""
    return torch.get_num_threads()


@contextmanager
def neutral(count: int | None = None) -> Iterator[None]:
    """Compute in float32 on the cpu where nothing else is said, whatever the caller has set.

    Holds off `torch.autocast` and `torch.set_default_device` of this thread; also a decorator.

    Args:
        count: How many threads to use meanwhile; what torch was told, if None.
    """
    with ExitStack() as stack:
        if count is not None:
            stack.callback(torch.set_num_threads, threads())
            torch.set_num_threads(count)
        for kind in KINDS:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield


def _devices() -> list[str]:
    """Return the names of the devices that torch can use."""
    names = ["cpu"]
    if torch.cuda.is_available():
        names += ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        names.append("mps")
    return names


def _compute_alone() -> None:
    """Use one thread in a forked child, which has the parent's pool but not its threads."""
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_compute_alone)


HOST = Compute()
