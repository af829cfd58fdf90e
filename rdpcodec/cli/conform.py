"""`rdpcodec conform`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rdpcodec.cli.options import Device, Precision, Quiet
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import print_text
from rdpcodec.errors import ISSUE, ConformanceError, UsageError

if TYPE_CHECKING:
    from rdpcodec.conformance import ConformanceReport
    from rdpcodec.conformance.decoder import Decoder


def conform(  # noqa: PLR0913 - one parameter per option
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="`fixtures`, a part of it, or one case.")
    ],
    *,
    decoder: Annotated[
        str | None,
        typer.Option(
            metavar="CMD",
            help="Judge this command, as fixtures/README.md says. Default: rdpcodec itself.",
        ),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="How long a run of CMD may take.")
    ] = 60,
    jobs: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="How many runs of CMD go on at once.")
    ] = 1,
    device: Device = "cpu",
    precision: Precision = "float32",
    quiet: Quiet = False,
) -> None:
    """Run the conformance cases in a directory: one line for each, then how many passed.

    Example: rdpcodec conform fixtures
    """
    with progress("loading the priors", quiet=quiet) as shown:
        from rdpcodec import conformance  # noqa: PLC0415 - loads the codec

        if decoder is None and jobs > 1:
            raise UsageError(ISSUE.INVALID_OPTION, "--jobs is for a --decoder")
        judged = _judged(decoder, time_limit, device, precision)
        report = conformance.run(Path(directory), progress=shown, decoder=judged, jobs=jobs)
    if not quiet:
        print_text(_lines(report))
    if report.failed:
        first = report.failed[0]
        message = (
            f"{len(report.failed)} of {len(report.results)} cases in {directory} failed, "
            f"first {first.name}: {first.check}: {first.reason}"
        )
        raise ConformanceError(ISSUE.CONFORMANCE_FAILURE, message)
    if report.supports_none:
        message = f"the decoder supports none of the {len(report.results)} cases in {directory}"
        raise ConformanceError(ISSUE.CONFORMANCE_FAILURE, message)


def _judged(command: str | None, time_limit: float, device: str, precision: str) -> "Decoder":
    from rdpcodec.compute import HOST, Compute  # noqa: PLC0415 - loads numpy
    from rdpcodec.conformance import Command, Own  # noqa: PLC0415 - loads the codec

    if command is None:
        return Own(Compute(device, precision))
    if (device, precision) != (HOST.device, HOST.precision):
        message = "--device and --precision are those of rdpcodec, not of a --decoder"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    return Command(command, time_limit)


def _lines(report: "ConformanceReport") -> str:
    summary = f"{len(report.passed)} passed, {len(report.failed)} failed"
    if report.not_supported:
        summary += f", {len(report.not_supported)} not supported"
    return "".join(f"{line}\n" for line in [*map(str, report.results), summary])
