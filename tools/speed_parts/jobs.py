"""The commands that are measured, as a user would type them, in any version so far."""

from collections.abc import Sequence
from pathlib import Path

EVERY_SIZE = ("compress", "decompress", "view", "verify")
ONCE = ("inspect", "priors")
JOBS = (*EVERY_SIZE, *ONCE)


def arguments(
    job: str, picture: Path, file: Path, out: Path, options: Sequence[str] = ()
) -> list[str]:
    """Return the arguments of a command.

    Args:
        job: One of `JOBS`.
        picture: What is compressed.
        file: The .rdp file that is read.
        out: What is written; `view` writes to standard output, as there is no window.
        options: More arguments of `compress`.
    """
    return {
        "compress": ["compress", str(picture), str(out), *options],
        "decompress": ["decompress", str(file), str(out), "--rho", "0"],
        "view": ["view", str(file), "--rho", "0.5", "--out", "-"],
        "verify": ["verify", str(file)],
        "inspect": ["inspect", str(file)],
        "priors": ["priors"],
    }[job]
