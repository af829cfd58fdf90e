"""The command line: wiring, output and exit codes. Imports no torch until a network is needed."""

import os
import sys
from collections.abc import Sequence

_INTERRUPTED = 130
# PyTorch asks for huge pages with it: 5 % fewer seconds and 8 % less memory at 4 megapixels.
_HUGE_PAGES = "THP_MEM_ALLOC_ENABLE"
# Threads that wait for each other in busy loops take many times as long on a busy machine.
_WAITING = "OMP_WAIT_POLICY"
# One thread of OpenBLAS maps 80 MB less than two do.
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"
_TIGHT_BYTES = 1 << 30


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: The arguments; those of the process when None.

    Returns:
        The exit code.
    """
    os.environ.setdefault(_HUGE_PAGES, "1")  # read by torch once, when it first allocates
    os.environ.setdefault(_WAITING, "PASSIVE")  # read by a library of threads when it is loaded
    try:
        from rdpcodec import room  # noqa: PLC0415 - as below

        if (room.left() or _TIGHT_BYTES) < _TIGHT_BYTES:
            os.environ.setdefault(_BLAS_THREADS, "1")  # read once, as above
        from rdpcodec.cli.app import run  # noqa: PLC0415 - Ctrl-C may come this early
    except KeyboardInterrupt:
        sys.stderr.write("rdpcodec: interrupted\n")
        return _INTERRUPTED
    return run(args)
