"""A table of measurements as a page of HTML or Markdown; nothing is measured here."""

import shlex
from collections.abc import Sequence
from html import escape
from pathlib import Path

from rdpcodec.bench.mean_curves import anchor_table, published_table
from rdpcodec.bench.pictures import crop_of
from rdpcodec.bench.plots import Plot, check_package, plots
from rdpcodec.bench.published import KODAK, applies_to
from rdpcodec.bench.rows import Row
from rdpcodec.bench.summary import TextTable, load_bd_rate, tables

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto }
td, th { padding: 2px 8px; border-bottom: 1px solid #ccc; text-align: right; white-space: nowrap }
td:first-child, th:first-child { text-align: left }
figure { margin: 1.5em 0 } svg { max-width: 100%; height: auto; background: #fff }
code { font-size: 12px; white-space: pre-wrap } figcaption, p { max-width: 800px }
"""
_TITLE = "rdpcodec: rate, distortion and perception, measured"
_MATCHED = (
    "Every codec makes the largest file of at most the bytes asked for, headers included; where "
    "even its smallest file is larger, that one counts, with its true rate."
)


def check_packages(*, html: bool) -> None:
    """Refuse, before anything is measured, what cannot be shown in the end.

    Args:
        html: Whether plots are wanted.

    Raises:
        UsageError: If a package is missing.
    """
    load_bd_rate()
    if html:
        check_package()


def html_page(rows: Sequence[Row], anchor: str, csv: Path | None) -> str:
    """Return one self-contained page.

    Args:
        rows: The lines.
        anchor: As in `tables`.
        csv: Where they are kept, for the commands that the page names.

    Raises:
        UsageError: If matplotlib is not installed.
    """
    parts = [f"<h1>{_TITLE}</h1>", f"<p>{escape(_subject(rows))} {_MATCHED}</p>"]
    parts += [_html_table(table) for table in all_tables(rows, anchor)]
    parts += [_figure(plot) for plot in plots(rows)]
    parts.append("<h2>How each number was made</h2>")
    parts += [f"<p><code>{escape(line)}</code></p>" for line in commands(rows, csv)]
    head = f'<meta charset="utf-8"><title>{_TITLE}</title><style>{_STYLE}</style>'
    body = _joined(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}</body></html>\n'


def markdown_page(rows: Sequence[Row], anchor: str, csv: Path | None) -> str:
    """Return the tables and commands as Markdown; arguments as in `html_page`."""
    parts = [f"# {_TITLE}", f"{_subject(rows)} {_MATCHED}"]
    parts += [_markdown_table(table) for table in all_tables(rows, anchor)]
    listing = "\n".join(commands(rows, csv))
    parts += ["## How each number was made", f"```sh\n{listing}\n```"]
    return "\n\n".join(parts) + "\n"


def all_tables(rows: Sequence[Row], anchor: str) -> list[TextTable]:
    """Return the tables, on Kodak those of published numbers too."""
    published = applies_to({row.picture for row in rows})
    others = [anchor_table(rows), published_table(KODAK)] if published else []
    return [*tables(rows, anchor), *others]


def commands(rows: Sequence[Row], csv: Path | None) -> list[str]:
    """Return the command that measures each codec's lines again."""
    makers = dict.fromkeys((row.codec, row.prior, row.version, _shared(row)) for row in rows)
    return [_command(rows, maker, csv) for maker in makers]


def _command(rows: Sequence[Row], maker: tuple[str, str, str, bool], csv: Path | None) -> str:
    mine = [r for r in rows if (r.codec, r.prior, r.version, _shared(r)) == maker]
    codec, prior, version, shared = maker
    words = ["rdpcodec", "bench", "DIR", "--codec", codec]
    words += ["--prior", prior] if prior else []
    for reading in dict.fromkeys(row.reading for row in mine if row.reading):
        words += ["--reading", reading]
    for rate in sorted({row.bpp_asked for row in mine}):
        words += ["--bpp", f"{rate:g}"]
    crops = {str(crop) for row in mine if (crop := crop_of(row.picture)) is not None}
    words += ["--crop", *sorted(crops)] if crops else []
    words += ["--memo"] if shared else []
    words += ["--csv", csv.name] if csv is not None else []
    return f"{shlex.join(words)}  # {version}"


def _shared(row: Row) -> bool:
    """Return whether the prior's estimates were shared, so that no time was taken."""
    return bool(row.prior) and row.encode_seconds is None


def _subject(rows: Sequence[Row]) -> str:
    pictures = sorted({row.picture for row in rows})
    names = pictures[0] if len(pictures) == 1 else f"{pictures[0]} to {pictures[-1]}"
    count = f"{len(pictures)} picture{'s' if len(pictures) > 1 else ''}"
    return f"{count} ({names}), {len(rows)} measurements."


def _html_table(table: TextTable) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    body = _joined(
        [
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in table.rows
        ]
    )
    return (
        f"<h2>{escape(table.title)}</h2><p>{escape(table.note)}</p>"
        f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'
    )


def _markdown_table(table: TextTable) -> str:
    lines = [table.header, ("---",) * len(table.header), *table.rows]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"## {table.title}\n\n{table.note}\n\n{text}"


def _figure(plot: Plot) -> str:
    return f"<figure>{plot.svg}<figcaption>{escape(plot.caption)}</figcaption></figure>"


def _joined(parts: Sequence[str]) -> str:
    return "".join(f"{part}\n" for part in parts)
