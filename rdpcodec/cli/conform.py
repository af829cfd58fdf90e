"""`rdpcodec conform`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rdpcodec.cli.options import Device, Precision, Quiet
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import print_text
from rdpcodec.errors import ISSUE, ConformanceError

if TYPE_CHECKING:
    from rdpcodec.conformance import ConformanceReport


def conform(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="`fixtures`, a part of it, or one case.")
    ],
    *,
    device: Device = "cpu",
    precision: Precision = "float32",
    quiet: Quiet = False,
) -> None:
    """Run the conformance cases in a directory: one line for each, then how many passed.

    Example: rdpcodec conform fixtures
    """
    with progress("loading the priors", quiet=quiet) as shown:
        from rdpcodec import conformance  # noqa: PLC0415 - loads the codec
        from rdpcodec.compute import Compute  # noqa: PLC0415 - the same

        how = Compute(device, precision)
        report = conformance.run(Path(directory), progress=shown, how=how)
    if not quiet:
        print_text(_lines(report))
    if report.failed:
        first = report.failed[0]
        message = (
            f"{len(report.failed)} of {len(report.results)} cases in {directory} failed, "
            f"first {first.name}: {first.check}: {first.reason}"
        )
        raise ConformanceError(ISSUE.CONFORMANCE_FAILURE, message)


def _lines(report: "ConformanceReport") -> str:
    summary = f"{len(report.passed)} passed, {len(report.failed)} failed"
    return "".join(f"{line}\n" for line in [*map(str, report.results), summary])
