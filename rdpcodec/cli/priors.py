"""`rdpcodec priors`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from rdpcodec.cli.messages import naming, say
from rdpcodec.cli.options import Device, Precision, Quiet
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import print_rich, print_text, read_input
from rdpcodec.errors import EXIT_PRIOR, ISSUE, PriorError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rdpcodec.priors.check import Check

SIDE_MAX = 512  # of the middle of the photo that is looked at


def priors(
    photo: Annotated[
        str | None,
        typer.Argument(metavar="[PHOTO]", help="What --check looks at. Default: a drawn picture."),
    ] = None,
    *,
    check: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Try a prior on a photo: is it loaded as it should be?"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --check: print JSON.")] = False,
    device: Device = "cpu",
    precision: Precision = "float32",
    quiet: Quiet = False,
) -> None:
    """List the priors, the networks that files are written with, or try one.

    Example: rdpcodec priors --check diffusers:./pipeline photo.jpg
    """
    if check is not None:
        _check(check, photo, (device, precision), as_json=as_json, quiet=quiet)
        return
    if photo is not None or as_json:
        given = "--json" if as_json else photo
        raise UsageError(ISSUE.INVALID_OPTION, f"{given} is for --check, which is not given")
    with progress("loading the priors", quiet=quiet):
        from rdpcodec.priors import BUILT_IN  # noqa: PLC0415 - loads the codec

        tables = [_card(prior_id) for prior_id in BUILT_IN]
    note = "Also: diffusers:DIRECTORY or diffusers:HUB/ID, see docs/diffusion-models.md."
    print_rich(*tables, note)


def _check(
    prior_id: str, photo: str | None, how: tuple[str, str], *, as_json: bool, quiet: bool
) -> None:
    """Try a prior, and end with its exit code if something is out of range."""
    pixels = _pixels(photo)
    with progress("loading the prior", quiet=quiet) as shown:
        from rdpcodec.priors import check as checks  # noqa: PLC0415 - the same
        from rdpcodec.priors import load_prior  # noqa: PLC0415 - loads the codec

        picture = checks.synthetic_photo() if pixels is None else pixels
        found = checks.check(load_prior(prior_id, *how), picture, shown)
    if as_json:
        print_text(f"{json.dumps(found.to_json(), indent=2)}\n")
    else:
        print_rich(_summary_table(found), _level_table(found), *_verdict(found))
    if found.findings:
        for finding in found.findings:
            say(f"warning: {finding}")
        raise typer.Exit(EXIT_PRIOR)


def _pixels(photo: str | None) -> "NDArray[np.uint8] | None":
    """Return the middle of a photo, in colour."""
    if photo is None:
        return None
    import numpy as np  # noqa: PLC0415 - the command line starts without it

    from rdpcodec.images import at_depth, read_picture, source_limits  # noqa: PLC0415 - the same

    with naming(photo):
        picture, _ = read_picture(read_input(photo, source_limits()), opaque=True)
    pixels: Any = np.atleast_3d(at_depth(picture.pixels, 8))
    top, left = (max(0, (side - SIDE_MAX) // 2) for side in pixels.shape[:2])
    middle = pixels[top : top + SIDE_MAX, left : left + SIDE_MAX]
    return np.ascontiguousarray(np.broadcast_to(middle, (*middle.shape[:2], 3)))


def _summary_table(found: "Check") -> Table:
    channels, rows, columns = found.state
    at_best = "nothing is lost" if found.vae_psnr is None else f"{found.vae_psnr:.2f} dB"
    memory = "" if found.memory_bytes is None else f"{found.memory_bytes / 2**20:,.0f} MiB"
    seconds = sum(level.seconds for level in found.levels) / len(found.levels)
    table = Table(title=found.prior, title_justify="left", show_header=False)
    for field, value in (
        ("digest", found.digest),
        ("engine", found.engine),
        ("picture", f"{found.width} x {found.height}"),
        ("state", f"{channels} x {rows} x {columns}, standard deviation {found.spread:.3f}"),
        ("picture to state and back", at_best),
        ("seconds for an evaluation", f"{seconds:.3g}"),
        ("memory", memory),
    ):
        table.add_row(field, value)
    return table


def _level_table(found: "Check") -> Table:
    table = Table(title="One step", title_justify="left")
    for heading in ("sigma", "error", "of plain", "gain", "PSNR", "bpp", "s"):
        table.add_column(heading, justify="right")
    for level in found.levels:
        mark = "" if level.expected else " !"
        table.add_row(
            f"{level.sigma:.3g}",
            f"{level.mse:.3g}",
            f"{level.ratio:.3f}{mark}",
            f"{level.gain:.3f}",
            f"{level.psnr:.2f} dB",
            f"{level.bpp:.4f}",
            f"{level.seconds:.3g}",
        )
    return table


def _verdict(found: "Check") -> tuple[str, ...]:
    if found.findings:
        return ()
    return (
        "All in range. of plain: the error over that of the estimate that needs no network, below "
        "1.\ngain: of the noise taken away, what should be, near 1. bpp: of an ideal coder, about.",
    )


def _card(prior_id: str) -> Table:
    table = Table(title=prior_id, title_justify="left", show_header=False)
    for field, value in _facts(prior_id):
        table.add_row(field, value)
    return table


def _facts(prior_id: str) -> list[tuple[str, str]]:
    from rdpcodec.priors import load_prior  # noqa: PLC0415 - loads the codec

    try:
        prior = load_prior(prior_id)
    except PriorError as error:
        return [("not available", error.message)]
    return [
        ("summary", prior.card.summary),
        ("digest", prior.digest.hex()),
        ("parameters", f"{prior.card.parameters:,}"),
        ("training data", prior.card.training_data),
        ("one-step PSNR", prior.card.quality),
        ("engine", prior.engine),
        ("licence", prior.card.licence),
    ]
