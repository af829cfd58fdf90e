"""The command line: wiring, output and exit codes. Imports no torch until a network is needed."""

from collections.abc import Sequence

_INTERRUPTED = 130


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: The arguments; those of the process when None.

    Returns:
        The exit code.
    """
    try:
        from rdpcodec.cli.app import run  # noqa: PLC0415 - Ctrl-C may come this early
    except KeyboardInterrupt:
        return _INTERRUPTED
    return run(args)
