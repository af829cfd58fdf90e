"""Where and how finely a run computes: a property of the run, never of the file."""

from dataclasses import dataclass

import torch

from rdpcodec.errors import ISSUE, UsageError

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Compute:
    """A device and a precision, checked when they are put together.

    Attributes:
        device: `cpu`, `cuda`, `cuda:N` or `mps`. The state and the estimates live there; the
            channel coder works on the host.
        precision: `float32`, or `bfloat16` where the prior finds the noise large enough for it.

    Raises:
        UsageError: If torch has no such device here, or there is no such precision.
    """

    device: str = "cpu"
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.device != "cpu" and self.device not in (found := _devices()):
            message = f"device is {self.device}, expected one that torch has here: "
            raise UsageError(ISSUE.INVALID_OPTION, message + " or ".join(found))
        if self.precision not in PRECISIONS:
            message = f"precision is {self.precision}, expected {' or '.join(PRECISIONS)}"
            raise UsageError(ISSUE.INVALID_OPTION, message)


def _devices() -> list[str]:
    """Return the names of the devices that torch can use."""
    names = ["cpu"]
    if torch.cuda.is_available():
        names += ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        names.append("mps")
    return names
