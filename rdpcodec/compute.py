"""Where and how finely a run computes: a property of the run, never of the file.

What a caller has set in torch for its own work changes nothing here: arrays are made with their
dtype, so that the default dtype does not matter, and `neutral` holds off the rest.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from threadpoolctl import threadpool_limits

from rdpcodec import threads
from rdpcodec.errors import ISSUE, UsageError

_inside: ContextVar[bool] = ContextVar("neutral", default=False)


@dataclass(frozen=True)
class Compute:
    """A device and a precision, checked when they are put together.

    Attributes:
        device: `cpu`, `cuda`, `cuda:N` or `mps`. The state and the estimates live there; the
            channel coder works on the host.
        precision: `float32`, or `bfloat16` where the prior finds the noise large enough for it;
            `float16` for networks of pipelines. States and estimates are in float32 anyway.
        engine: What evaluates networks, for tests and measurements: `torch` alone. When None a
            prior takes the quickest that computes in this way here.

    Raises:
        UsageError: If torch has no such device here, or is needed and not installed.
    """

    device: str = "cpu"
    precision: str = "float32"
    engine: Literal["torch"] | None = None

    def __post_init__(self) -> None:
        if self.wants_torch and not torch_is_here():
            asked = self.precision if self.device == "cpu" else self.device
            message = (
                f"{asked} needs PyTorch, which is not installed: pip install 'rdpcodec[torch]'"
            )
            raise UsageError(ISSUE.INVALID_OPTION, message)
        if self.device != "cpu":
            self._require_device()

    @property
    def wants_torch(self) -> bool:
        """Whether this can be had from torch alone."""
        return (self.device, self.precision, self.engine) != ("cpu", "float32", None)

    def _require_device(self) -> None:
        from rdpcodec.arrays import tensors  # noqa: PLC0415 - torch is optional

        if self.device not in (found := tensors.devices()):
            message = f"device is {self.device}, expected one that torch has here: "
            raise UsageError(ISSUE.INVALID_OPTION, message + " or ".join(found))


def torch_is_here() -> bool:
    """Return whether torch is installed, without importing it."""
    return importlib.util.find_spec("torch") is not None


@contextmanager
def neutral(count: int | None = None) -> Iterator[None]:
    """Compute in float32 on the cpu where nothing else is said, whatever the caller has set.

    Also a decorator.

    Args:
        count: How many threads to use meanwhile; as many as before, if None.
    """
    with ExitStack() as stack:
        stack.enter_context(threads.limited(count))
        if not _inside.get():
            stack.callback(_inside.reset, _inside.set(True))
            # What is multiplied here is small: its threads would wait in busy loops, in our way.
            stack.enter_context(threadpool_limits(1, "blas"))
        if sys.modules.get("torch") is not None:  # else nobody can have set anything in it
            from rdpcodec.arrays import tensors  # noqa: PLC0415 - torch is optional

            stack.enter_context(tensors.neutral(count))
        yield


def _compute_alone() -> None:
    """Use one thread in a forked child, which has the parent's pool but not its threads."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_compute_alone)


HOST = Compute()
