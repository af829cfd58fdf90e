"""`rdpcodec conform`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rdpcodec.cli.options import Quiet
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import print_rich
from rdpcodec.errors import ISSUE, ConformanceError


def conform(
    directory: Annotated[str, typer.Argument(metavar="DIR", help="A directory of fixtures.")],
    *,
    quiet: Quiet = False,
) -> None:
    """Run the conformance cases in a directory.

    Example: rdpcodec conform fixtures
    """
    if not Path(directory).is_dir():
        message = f"{directory} is not a directory, expected one with fixtures"
        raise ConformanceError(ISSUE.CONFORMANCE_FAILURE, message)
    with progress("loading the priors", quiet=quiet) as shown:
        from rdpcodec import conformance  # noqa: PLC0415 - loads torch

        result = conformance.run(Path(directory), progress=shown)
    passed, failed = result.passed, [str(failure) for failure in result.failed]
    if not quiet:
        print_rich(_table(passed, failed))
    if failed or not passed:
        message = f"{len(failed)} of {passed + len(failed)} cases in {directory} failed"
        raise ConformanceError(ISSUE.CONFORMANCE_FAILURE, message)


def _table(passed: int, failed: list[str]) -> Table:
    table = Table("result", "cases", title="Conformance")
    table.add_row("passed", str(passed))
    table.add_row("failed", str(len(failed)))
    for failure in failed:
        table.add_row("", failure)
    return table
