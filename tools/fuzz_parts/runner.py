"""Executions that a seed repeats, with the time and the memory that each takes."""

import contextlib
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz_parts import corpus
from fuzz_parts.mutation import Mutator
from fuzz_parts.targets import OF_FILES, OF_IMAGES

SECONDS_MAX = 5.0  # of a processor, for what the limits of the targets allow
MEMORY_MAX_MIB = 32  # above what the process had before; an image's decoder is not ours
_RESET_PEAK = "5"
_PEAK, _NOW = "VmHWM:", "VmRSS:"


@dataclass
class Tally:
    """What became of the executions of one target.

    Attributes:
        executions: How many there were.
        finds: Input and what it raised; time and memory beyond their bounds too.
        seconds: The most of a processor that one took.
        memory_mib: The most memory that one took, 0 where the system does not tell.
    """

    executions: int = 0
    finds: list[tuple[bytes, BaseException]] = field(default_factory=list)
    seconds: float = 0.0
    memory_mib: float = 0.0


class BoundError(Exception):
    """An execution took more time or memory than it may."""


def run(name: str, executions: int, seed: int = 0) -> Tally:
    """Give a target files that are changed at random.

    Args:
        name: Of the target.
        executions: How many.
        seed: Another one gives other files.

    Returns:
        What became of them; nothing is raised.
    """
    of_images = name in OF_IMAGES
    inputs = list((corpus.images() if of_images else corpus.files()).values())
    begin = inputs if of_images else corpus.beginnings()
    mutator = Mutator(inputs, corpus.words())
    change = mutator.image if of_images else mutator.file
    rng = random.Random(f"{name} {seed}")  # noqa: S311 - repeatable
    for data in corpus.first(of_images=of_images):
        _execute(name, data)
    tally = Tally()
    for data in inputs[:executions]:
        _count(tally, name, data)
    while tally.executions < executions:
        _count(tally, name, change(rng, rng.choice(begin)))
    return tally


def _count(tally: Tally, name: str, data: bytes) -> None:
    before, start = _reset_peak(), time.process_time()
    error = _execute(name, data)
    seconds, memory = time.process_time() - start, _peak_mib(before)
    tally.executions += 1
    tally.seconds, tally.memory_mib = max(tally.seconds, seconds), max(tally.memory_mib, memory)
    if error is None and seconds > SECONDS_MAX:
        error = BoundError(f"{seconds:.1f} s, expected {SECONDS_MAX} at most")
    if error is None and memory > MEMORY_MAX_MIB:
        error = BoundError(f"{memory:.0f} MiB, expected {MEMORY_MAX_MIB} at most")
    if error is not None:
        tally.finds.append((data, error))


def _execute(name: str, data: bytes) -> BaseException | None:
    try:
        (OF_FILES | OF_IMAGES)[name](data)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a library in Rust raises one when it panics
        return error
    return None


def _reset_peak() -> float:
    """Begin to measure; return the memory that is taken now, in MiB."""
    with contextlib.suppress(OSError):  # not on this system
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK, "ascii")
    return _status_mib(_NOW)


def _peak_mib(before: float) -> float:
    return max(0.0, _status_mib(_PEAK) - before)


def _status_mib(name: str) -> float:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
    return 0.0
