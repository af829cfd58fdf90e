"""`rdpcodec trim`: a coarser file without decoding; imports neither torch nor numpy."""

from typing import Annotated

import typer

from rdpcodec.cli.messages import naming, say
from rdpcodec.cli.options import Force, Quiet, RdpInput
from rdpcodec.cli.overwriting import check_overwriting, not_rdp
from rdpcodec.cli.streams import check_destination, read_input, write_output
from rdpcodec.editor import Trimmed, trim_as
from rdpcodec.options import TrimOptions


def trim(  # noqa: PLR0913 - one parameter per option
    file: RdpInput,
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="The .rdp file, or - for standard output.")
    ],
    *,
    layers: Annotated[
        int | None, typer.Option(metavar="K", help="Keep the K coarsest layers.")
    ] = None,
    bpp: Annotated[
        float | None,
        typer.Option(metavar="B", help="Keep what fits into so many bits per pixel."),
    ] = None,
    target_bytes: Annotated[
        int | None, typer.Option(metavar="N", help="Keep what fits into so many bytes.")
    ] = None,
    allow_partial: Annotated[
        bool,
        typer.Option(
            "--allow-partial",
            help="Read a file that is cut; without a goal all its whole layers are kept.",
        ),
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Cut an .rdp file to its coarsest layers, without decoding it: a smaller, coarser picture.

    Example: rdpcodec trim photo.rdp small.rdp --bpp 0.25
    """
    options = TrimOptions(
        layers=layers, bpp=bpp, target_bytes=target_bytes, allow_partial=allow_partial
    )
    check_destination(out)
    check_overwriting(out, inputs={"FILE": file}, keep=not_rdp, force=force)
    with naming(file):
        data = read_input(file)
        trimmed = trim_as(data, options)
    write_output(out, trimmed.data)
    if not quiet:
        say(f"{file} -> {out}: {_summary(trimmed, len(data))}")
        if trimmed.data == data:
            say(f"note: {file}: nothing was cut, the file was within this already")


def _summary(trimmed: Trimmed, bytes_before: int) -> str:
    header = trimmed.file.header
    bpp = 8 * len(trimmed.data) / (header.width * header.height)
    return (
        f"{len(trimmed.data)} of {bytes_before} bytes, {bpp:.3f} bpp, "
        f"{len(header.layers)} of {trimmed.layers_before} layers"
    )
