"""Ways to compute the same: what evaluates networks, threads, instructions, and versions."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("child.py")
# numpy, its BLAS, torch, what torch convolves with, and numba: each has a name for its own.
# ncnn takes the widest that the processor has, whatever one says.
AVX512 = {"OPENBLAS_CORETYPE": "SkylakeX", "ATEN_CPU_CAPABILITY": "avx512"}
AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "NUMBA_CPU_NAME": "haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL",
}
SSE4 = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "NUMBA_CPU_NAME": "nehalem",
    "NPY_DISABLE_CPU_FEATURES": f"{AVX2['NPY_DISABLE_CPU_FEATURES']} AVX2 FMA3 F16C AVX",
}
INSTRUCTIONS = {"AVX-512": AVX512, "AVX2": AVX2, "SSE4": SSE4}
MEANT = ("OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True)
class Way:
    """A way to compute.

    Attributes:
        label: Its name in the table.
        python: An interpreter that has what rdpcodec needs.
        engine: `ncnn` or `torch`.
        threads: How many.
        variables: What the libraries are told.
    """

    label: str
    python: Path
    engine: str
    threads: int = 1
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The label as a file's name."""
        return re.sub(r"\W+", "-", self.label)

    def run(self, *arguments: object) -> str | None:
        """Let a process of its own write or read; return the last line of its complaint, if any.

        Args:
            arguments: Those of `child.py`.
        """
        kept = {name: value for name, value in os.environ.items() if name not in MEANT}
        environment = kept | dict(self.variables) | {"PYTHONPATH": str(ROOT)}
        command = [self.python, CHILD, self.engine, self.threads, *arguments]
        done = subprocess.run(
            list(map(str, command)), env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return None
        return (done.stderr.splitlines() or [f"ended with {done.returncode}"])[-1]

    def versions(self) -> str:
        """Return the versions of Python and of what computes."""
        done = subprocess.run(
            [self.python, CHILD, "versions"], capture_output=True, text=True, check=True
        )
        return ", ".join(f"{name} {number}" for name, number in json.loads(done.stdout).items())


def here(python: Path) -> list[Way]:
    """Return the ways of one environment: both engines, one and two threads, instructions."""
    ways = [
        Way(f"{engine}, {threads} thread{'s' * (threads > 1)}", python, engine, threads)
        for engine in ("ncnn", "torch")
        for threads in (1, 2)
    ]
    told = [
        Way(f"{engine}, {name}", python, engine, variables={**variables})
        for name, variables in INSTRUCTIONS.items()
        for engine in ("ncnn", "torch")
    ]
    return ways + told


def elsewhere(label: str, python: Path) -> list[Way]:
    """Return the ways of another environment: both engines."""
    return [Way(f"{engine}, {label}", python, engine) for engine in ("ncnn", "torch")]
