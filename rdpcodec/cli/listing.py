"""Several .rdp files, a line each: what `inspect` prints of more than one."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from rdpcodec.cli.messages import naming, report
from rdpcodec.cli.streams import print_rich, print_text, read_input
from rdpcodec.container import describe, parse
from rdpcodec.errors import RdpError

_HEADINGS = ("file", "pixels", "kind", "prior", "layers", "t", "bytes", "bpp")
_WORDS = 4  # of these, from the left


def list_files(names: Sequence[str], *, as_json: bool, allow_partial: bool) -> None:
    """Print a row of a table for each file, or a line of JSON.

    A file that cannot be read is one line on stderr, and does not keep the others back.

    Args:
        names: Paths, or `-`.
        as_json: One object a line, each as for a single file, with its name as `file`.
        allow_partial: Read files that are cut.

    Raises:
        Exit: With the exit code of the first file that could not be read.
    """
    codes: list[int] = []
    found = _read(names, codes, allow_partial=allow_partial)
    if as_json:
        for facts in found:
            print_text(f"{json.dumps(facts)}\n")
    else:
        _print_table(found)
    if codes:
        raise typer.Exit(codes[0])


def _read(
    names: Sequence[str], codes: list[int], *, allow_partial: bool
) -> Iterator[dict[str, Any]]:
    """Yield what each file says; the exit codes of those that say nothing go to `codes`."""
    for name in names:
        try:
            with naming(name):
                data = read_input(name)
                facts = describe(parse(data, allow_partial=allow_partial), len(data))
        except RdpError as error:
            codes.append(report(error))
        else:
            yield {"file": name, **facts}


def _print_table(found: Iterator[dict[str, Any]]) -> None:
    table = Table()
    for k, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="left" if k < _WORDS else "right")
    for facts in found:
        table.add_row(*_row(facts))
    if table.row_count:
        print_rich(table)


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    whole, total = facts["layers_whole"], len(facts["layers"])
    name = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in facts["file"])
    return (
        escape(name),
        f"{facts['width']} x {facts['height']}",
        facts["kind"] if facts["depth"] == 8 else f"{facts['kind']}, {facts['depth']} bits",
        facts["prior"]["id"],
        str(total) if whole == total else f"{whole} of {total}",
        str(facts["t"]),
        str(facts["bytes"]["file"]),
        f"{facts['bpp']['file']:.4f}",
    )
