"""`rdpcodec bench`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rdpcodec.cli.messages import say
from rdpcodec.cli.options import Quiet, Threads
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import DASH, check_destination, print_rich, write_output
from rdpcodec.errors import ISSUE, ImageError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from rdpcodec.bench.rows import Row
    from rdpcodec.bench.runner import Plan
    from rdpcodec.bench.summary import TextTable

WIDTH_MIN = 132

Folder = Annotated[
    str | None,
    typer.Argument(metavar="DIR", help="The pictures; without it --csv is only shown again."),
]
Codecs = Annotated[
    list[str] | None,
    typer.Option(
        "--codec",
        metavar="NAME",
        help="rdpcodec, rdpcodec-pfr, diffc, ddcm, turbo-ddcm, dithered, jpeg-444, jpeg-420, webp, "
        "avif-444-psnr, avif-444, avif-420, jxl or heic; may be repeated.",
    ),
]
Rates = Annotated[
    list[float] | None,
    typer.Option("--bpp", metavar="B", help="Bits per pixel; may be repeated."),
]
Readings = Annotated[
    list[str] | None,
    typer.Option(
        "--reading",
        metavar="R",
        help="How to read our files: rho=0.5, 'ode rho=0' or ancestral; may be repeated.",
    ),
]
Csv = Annotated[
    str | None,
    typer.Option(metavar="F.csv", help="Lines it has are not measured again; new ones are added."),
]
Html = Annotated[str | None, typer.Option(metavar="F.html", help="Write a page with plots.")]
Markdown = Annotated[str | None, typer.Option(metavar="F.md", help="Write the tables.")]
PriorName = Annotated[str | None, typer.Option(metavar="ID", help="Default: photo-1.")]
Anchor = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="What BD-rates are relative to. Default: avif-444-psnr."),
]
Crop = Annotated[
    int | None,
    typer.Option(metavar="N", help="Measure only the middle N x N pixels of each picture."),
]
Memo = Annotated[
    bool,
    typer.Option("--memo", help="Share evaluations among rates: quicker, but no seconds."),
]


def bench(  # noqa: PLR0913 - one parameter per option
    folder: Folder = None,
    *,
    codec: Codecs = None,
    bpp: Rates = None,
    reading: Readings = None,
    csv: Csv = None,
    html: Html = None,
    markdown: Markdown = None,
    prior: PriorName = None,
    anchor: Anchor = None,
    crop: Crop = None,
    memo: Memo = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Measure rate, distortion and perception of codecs at matched rates on a folder of pictures.

    Example: rdpcodec bench photos --codec rdpcodec --codec jxl --bpp 0.25 --bpp 0.5 --csv out.csv
    """
    if folder is None and csv is None:
        message = "neither DIR nor --csv is given, expected pictures or a table"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    outputs = {"--html": html, "--markdown": markdown}
    _check_outputs(csv, outputs)
    table = None if csv is None else Path(csv)
    given = {
        "csv": table,
        "names": codec,
        "rates": bpp,
        "readings": reading,
        "prior_id": prior,
        "memo": memo,
        "crop": crop,
        "threads": threads,
    }
    refused: list[str] = []
    with progress("loading the codecs", quiet=quiet) as shown:
        from rdpcodec.bench import catalogue, page, runner  # noqa: PLC0415 - loads the codec
        from rdpcodec.bench.rows import read_rows  # noqa: PLC0415 - loads numpy

        page.check_packages(html=html is not None)
        if folder is None:
            rows = read_rows(Path(csv or ""))
        else:
            chosen = {
                name: value
                for name, value in given.items()
                if value is not None and value is not False and value != []
            }
            plan: Plan = replace(runner.Plan(Path(folder)), **chosen)  # type: ignore[arg-type]
            measured = runner.run(plan, progress=shown, note=(lambda _: None) if quiet else _note)
            rows, refused = measured.rows, measured.refused
    anchor = catalogue.DEFAULT_ANCHOR if anchor is None else anchor
    if not quiet and not any(anchor in (row.codec, row.label) for row in rows):
        _note(f"there are no BD-rates, since the table has no line of the anchor {anchor}")
    _show(rows, anchor, table, outputs)
    if refused:
        message = f"{len(refused)} of the pictures could not be measured: {', '.join(refused)}"
        raise ImageError(ISSUE.IMAGE_UNREADABLE, message)


def _check_outputs(csv: str | None, outputs: dict[str, str | None]) -> None:
    names = [csv, *outputs.values()]
    given = [name if name == DASH else str(Path(name).absolute()) for name in names if name]
    if len(set(given)) < len(given):
        message = "--csv, --html and --markdown name the same file, expected different ones"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    for name in outputs.values():
        if name is not None:
            check_destination(name)


def _show(rows: "list[Row]", anchor: str, csv: Path | None, outputs: dict[str, str | None]) -> None:
    from rdpcodec.bench import page  # noqa: PLC0415 - loads numpy

    if not rows:
        raise UsageError(ISSUE.INVALID_OPTION, "there is no measurement to show")
    if DASH not in outputs.values():
        print_rich(*map(_rich, page.all_tables(rows, anchor)), width_min=WIDTH_MIN)
    for option, make in (("--html", page.html_page), ("--markdown", page.markdown_page)):
        name = outputs[option]
        if name is not None:
            write_output(name, make(rows, anchor, csv).encode())


def _rich(table: "TextTable") -> "Table":
    from rich import box  # noqa: PLC0415 - keeps `inspect` fast
    from rich.table import Table  # noqa: PLC0415 - keeps `inspect` fast

    shown = Table(
        title=table.title, title_justify="left", caption=table.note, caption_justify="left"
    )
    shown.box = box.SIMPLE_HEAD
    for k, name in enumerate(table.header):
        shown.add_column(name, justify="right" if k else "left", no_wrap=k == 0)
    for row in table.rows:
        shown.add_row(*row)
    return shown


def _note(sentence: str) -> None:
    say(f"note: {sentence}")
