"""`rdpcodec view`."""

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from rdpcodec.cli.browser import browse
from rdpcodec.cli.messages import say
from rdpcodec.cli.options import (
    AllowPartial,
    Average,
    Background,
    Depth,
    Device,
    DropProfile,
    Evaluations,
    Force,
    Format,
    Layers,
    Precision,
    PriorSource,
    Quiet,
    RdpInput,
    Reconstruction,
    Rho,
    RhoMap,
    Symmetries,
    Threads,
    VaeTiles,
)
from rdpcodec.cli.reading import Reading, decode, open_file
from rdpcodec.cli.saving import save
from rdpcodec.cli.streams import DASH
from rdpcodec.cli.terminal import check_terminal, has_display, print_picture
from rdpcodec.errors import ISSUE, UsageError

if TYPE_CHECKING:
    from rdpcodec.images import Picture


def view(  # noqa: PLR0913 - one parameter per option
    file: RdpInput,
    *,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="OUT.png", help="Save it instead of showing it."),
    ] = None,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser", help="Make a page with a slider for rho; save it with -o X.html."
        ),
    ] = False,
    original: Annotated[
        str | None,
        typer.Option(metavar="IN", help="With --browser: the picture to show beside it."),
    ] = None,
    rho: Rho = None,
    rho_map: RhoMap = None,
    reconstruction: Reconstruction = None,
    layers: Layers = None,
    prior: PriorSource = None,
    evaluations: Evaluations = None,
    average: Average = None,
    symmetries: Symmetries = None,
    vae_tiles: VaeTiles = False,
    allow_partial: AllowPartial = False,
    depth: Depth = None,
    drop_profile: DropProfile = False,
    background: Background = None,
    chosen: Format = None,
    force: Force = False,
    device: Device = "cpu",
    precision: Precision = "float32",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Show an .rdp picture in a window, a browser or the terminal, or save it with -o.

    Example: rdpcodec view photo.rdp --rho 0.3
    """
    reading = Reading(
        file=file,
        rho=rho,
        rho_map=rho_map,
        reconstruction=reconstruction,
        layers=layers,
        prior=prior,
        evaluations=evaluations,
        average=average,
        symmetries=symmetries,
        vae_tiles=vae_tiles,
        allow_partial=allow_partial,
        depth=None if depth is None else int(depth),
        drop_profile=drop_profile,
        background=background,
        device=device,
        precision=precision,
        threads=threads,
        quiet=quiet,
    )
    if browser:
        browse(out, reading, original=original, chosen=chosen, force=force)
    elif original is not None:
        raise UsageError(
            ISSUE.INVALID_OPTION, "--original is for a page, expected --browser as well"
        )
    elif out is not None:
        save(out, reading, chosen=chosen, force=force)
    elif chosen is not None:
        raise UsageError(ISSUE.INVALID_OPTION, "--format is for a file, expected -o as well")
    elif depth is not None:
        raise UsageError(ISSUE.INVALID_OPTION, "--depth is for a file, expected -o as well")
    else:
        _show(replace(reading, depth=8))


def _show(reading: Reading) -> None:
    file = open_file(reading)
    if not has_display():
        check_terminal()
    picture = decode(file)
    if not _show_in_window(picture):
        print_picture(picture)
        if not reading.quiet:
            say(f"save it with: rdpcodec view -o picture.png {_quoted(reading.file)}")


def _quoted(name: str) -> str:
    """Return a file name as a shell wants it; behind `--` if it looks like an option."""
    dashes = "-- " if name.startswith(DASH) and name != DASH else ""
    return dashes + shlex.quote(name)


def _show_in_window(picture: "Picture") -> bool:
    """Open a window, if a person sits at a display; say whether it opened."""
    from rdpcodec.images import show  # noqa: PLC0415 - loads numpy

    return has_display() and show(picture)
