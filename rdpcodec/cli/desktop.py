"""`rdpcodec desktop`: for the files of this user's desktop, and what they call."""

from typing import Annotated

import typer

from rdpcodec.cli.browser import open_page
from rdpcodec.cli.messages import naming, say
from rdpcodec.cli.options import Quiet, RdpInput
from rdpcodec.cli.overwriting import check_overwriting, rdp
from rdpcodec.cli.reading import Reading
from rdpcodec.cli.streams import check_destination, read_input, write_output

desktop = typer.Typer(
    name="desktop", help="Let this user's desktop know .rdp pictures (Linux and BSD)."
)
_SIZE_MAX = 4096


@desktop.command("install")
def install_entries(*, quiet: Quiet = False) -> None:
    """Install the file type, a thumbnailer and a viewer, for this user alone.

    Example: rdpcodec desktop install
    """
    from rdpcodec.desktop import data_home, entries, install  # noqa: PLC0415 - subprocess is slow

    home, files = data_home(), entries()
    notes = install(files, home)
    if not quiet:
        for path in files:
            say(f"installed {home / path}")
        _say_notes(notes)


@desktop.command("remove")
def remove_entries(*, quiet: Quiet = False) -> None:
    """Remove what `install` installed.

    Example: rdpcodec desktop remove
    """
    from rdpcodec.desktop import data_home, entries, remove  # noqa: PLC0415 - as above

    gone, notes = remove(entries(), data_home())
    if not quiet:
        for path in gone:
            say(f"removed {path}")
        if not gone:
            say("nothing was installed")
        _say_notes(notes)


@desktop.command("open")
def open_in_browser(file: RdpInput, *, quiet: Quiet = False) -> None:
    """Open a picture in the browser, as `view --browser` does, also without a terminal.

    Example: rdpcodec desktop open photo.rdp
    """
    open_page(Reading(file=file, quiet=quiet))


@desktop.command()
def thumbnail(
    file: RdpInput,
    out: Annotated[str, typer.Argument(metavar="OUT.png", help="Where to write it.")],
    *,
    size: Annotated[
        int, typer.Option(min=1, max=_SIZE_MAX, help="Of the longer side, in pixels.")
    ] = 256,
    quiet: Quiet = False,  # noqa: ARG001 - accepted everywhere
) -> None:
    """Write a small PNG of a picture, from as many layers as it can show.

    Example: rdpcodec desktop thumbnail photo.rdp small.png --size 256
    """
    check_destination(out)
    check_overwriting(out, inputs={"FILE": file}, keep=rdp, force=False)
    with naming(file):
        data = read_input(file)
        from rdpcodec.pillow import thumbnail_png  # noqa: PLC0415 - loads Pillow

        small = thumbnail_png(data, size)
    write_output(out, small)


def _say_notes(notes: list[str]) -> None:
    for note in notes:
        say(f"note: {note}")
