"""`rdpcodec view` and `rdpcodec decompress`."""

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rdpcodec.cli.messages import naming, say
from rdpcodec.cli.options import (
    AllowPartial,
    Device,
    Evaluations,
    Layers,
    Precision,
    PrecisionName,
    PriorSource,
    Quiet,
    RdpInput,
    Reader,
    ReaderName,
    Rho,
    RhoMap,
)
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import DASH, check_destination, read_input, write_output
from rdpcodec.cli.terminal import print_picture
from rdpcodec.container import parse
from rdpcodec.errors import ISSUE, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rdpcodec.images import Picture

DASH_SUFFIX = ".png"


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """How to read a file; the fields are the options of both commands."""

    rho: float | None
    rho_map: str | None
    reader: ReaderName | None
    layers: int | None
    prior: str | None
    evaluations: int | None
    allow_partial: bool
    device: str
    precision: PrecisionName


def view(  # noqa: PLR0913 - one parameter per option
    file: RdpInput,
    *,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="OUT.png", help="Save it instead of showing it."),
    ] = None,
    rho: Rho = None,
    rho_map: RhoMap = None,
    reader: Reader = None,
    layers: Layers = None,
    prior: PriorSource = None,
    evaluations: Evaluations = None,
    allow_partial: AllowPartial = False,
    device: Device = "cpu",
    precision: Precision = "float32",
    quiet: Quiet = False,
) -> None:
    """Show an .rdp picture in a window or in the terminal, or save it with -o.

    Example: rdpcodec view photo.rdp --rho 0.3
    """
    reading = _Reading(
        rho=rho,
        rho_map=rho_map,
        reader=reader,
        layers=layers,
        prior=prior,
        evaluations=evaluations,
        allow_partial=allow_partial,
        device=device,
        precision=precision,
    )
    if out is not None:
        _save(file, out, reading, quiet=quiet)
        return
    picture = _decode(file, reading, quiet=quiet)
    if not _show_in_window(picture):
        print_picture(picture)
        if not quiet:
            say(f"save it with: rdpcodec view {shlex.quote(file)} -o picture.png")


def decompress(  # noqa: PLR0913 - one parameter per option
    file: RdpInput,
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT.png", help="A .png, .webp, .tif, .bmp, .ppm or .pgm file, or - for a PNG."
        ),
    ],
    *,
    rho: Rho = None,
    rho_map: RhoMap = None,
    reader: Reader = None,
    layers: Layers = None,
    prior: PriorSource = None,
    evaluations: Evaluations = None,
    allow_partial: AllowPartial = False,
    device: Device = "cpu",
    precision: Precision = "float32",
    quiet: Quiet = False,
) -> None:
    """Read an .rdp picture and save it as an image file.

    Example: rdpcodec decompress photo.rdp photo.png --rho 1
    """
    reading = _Reading(
        rho=rho,
        rho_map=rho_map,
        reader=reader,
        layers=layers,
        prior=prior,
        evaluations=evaluations,
        allow_partial=allow_partial,
        device=device,
        precision=precision,
    )
    _save(file, out, reading, quiet=quiet)


def _save(file: str, out: str, reading: _Reading, *, quiet: bool) -> None:
    from rdpcodec.images import check_suffix, encode_picture  # noqa: PLC0415 - loads numpy

    suffix = DASH_SUFFIX if out == DASH else Path(out).suffix
    check_suffix(suffix)
    check_destination(out)
    picture = _decode(file, reading, quiet=quiet)
    write_output(out, encode_picture(picture, suffix))
    if not quiet:
        say(f"{file} -> {out}: {picture.width} x {picture.height} pixels")


def _rho(reading: _Reading) -> "float | NDArray[np.uint8] | None":
    """Return rho as the user gave it: a number, the pixels of a grey picture, or nothing."""
    if reading.rho_map is None:
        return reading.rho
    if reading.rho is not None:
        raise UsageError(ISSUE.INVALID_OPTION, "--rho and --rho-map exclude each other")
    from rdpcodec.images import read_picture, source_limits  # noqa: PLC0415 - loads numpy

    with naming(reading.rho_map):
        picture, _ = read_picture(read_input(reading.rho_map, source_limits()))
    if picture.channels != 1:
        message = f"the map of rho, {reading.rho_map}, is in colour, expected a grey picture"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    return picture.pixels


def _decode(file: str, reading: _Reading, *, quiet: bool) -> "Picture":
    rho = _rho(reading)
    with naming(file):
        data = read_input(file)
        parsed = parse(data, allow_partial=reading.allow_partial)
    if parsed.layers_missing and not quiet:
        total = len(parsed.header.layers)
        say(f"note: {file}: the file is cut, {parsed.layers_whole} of {total} layers are whole")
    with progress("loading the prior", quiet=quiet) as shown, naming(file):
        from rdpcodec import codec  # noqa: PLC0415 - loads torch

        return codec.decode(
            data,
            rho=rho,
            reader=reading.reader,
            layers=reading.layers,
            prior=reading.prior,
            evaluations=reading.evaluations,
            allow_partial=reading.allow_partial,
            device=reading.device,
            precision=reading.precision,
            progress=shown,
        )


def _show_in_window(picture: "Picture") -> bool:
    """Open a window, if a person sits at a display; say whether it opened."""
    from rdpcodec.images import show  # noqa: PLC0415 - loads numpy

    return _has_display() and show(picture)


def _has_display() -> bool:
    if sys.stdout is None or not sys.stdout.isatty():
        return False
    desktop = sys.platform in ("darwin", "win32")
    return desktop or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
