"""What was measured, as a table of the terminal, in Markdown, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table as RichTable
from speed_parts import machine
from speed_parts.bench import Bench
from speed_parts.install import Installed
from speed_parts.rounds import Row

Table = list[list[str]]
_NAMES = 2  # the first columns, which say what a row is of: they stay whole if there is little room


@dataclass(frozen=True)
class Report:
    """What is shown.

    Attributes:
        table: The heads, then the cells of each row.
        facts: Lines below it.
        data: The same and more, for JSON.
    """

    table: Table
    facts: list[str]
    data: dict[str, Any]


def of_commands(bench: Bench, made: dict[str, str], rows: Sequence[Row]) -> Report:
    """Return the report of commands.

    Args:
        bench: What measured them.
        made: How the picture of each size was made.
        rows: What each took; one at least.
    """
    options = " ".join(bench.options)
    runs = "one run each" if bench.rounds == 1 else f"medians of {bench.rounds} runs each"
    facts = [
        f"{machine.line()}; {runs}, `compress {options}`",
        "pictures: " + "; ".join(f"{size} is {how}" for size, how in made.items()),
    ]
    data = {
        "machine": machine.facts(),
        "versions": {version.label: str(version.command) for version in bench.versions},
        "rounds": bench.rounds,
        "options": list(bench.options),
        "pictures": made,
        "rows": [{**asdict(row), "medians": _medians(row), "ratio": row.ratio()} for row in rows],
    }
    return Report([_heads(list(rows[0].runs)), *map(_cells, rows)], facts, data)


def _medians(row: Row) -> dict[str, dict[str, float]]:
    return {
        label: {"seconds": row.seconds(label), "peak_bytes": row.peak_bytes(label)}
        for label in row.runs
    }


def _heads(labels: Sequence[str]) -> list[str]:
    heads = ["size", "job", *(f"{label} s" for label in labels)]
    heads += [" / ".join(labels)] if len(labels) > 1 else []
    return heads + [f"{label} {unit}" for unit in ("MiB", "bytes") for label in labels]


def _cells(row: Row) -> list[str]:
    ratio = row.ratio()
    return [
        row.size or "-",
        row.job,
        *(f"{row.seconds(label):.2f}" for label in row.runs),
        *([] if ratio is None else [f"{ratio:.3f}"]),
        *(f"{row.peak_bytes(label) / 2**20:.0f}" for label in row.runs),
        *("-" if size is None else f"{size}" for size in row.file_bytes.values()),
    ]


def of_installs(installs: Sequence[Installed]) -> Report:
    """Return the report of installations."""
    cells = [
        [each.label, str(each.source), f"{each.seconds:.1f}", f"{each.site_bytes / 1e6:.0f}"]
        for each in installs
    ]
    note = "`pip install`, once; what pip has in its cache is not downloaded, the rest is"
    data = {"machine": machine.facts(), "installs": [_install(each) for each in installs]}
    heads = ["version", "checkout", "s", "MB in site-packages"]
    return Report([heads, *cells], [f"{machine.line()}; {note}"], data)


def _install(each: Installed) -> dict[str, Any]:
    return {**asdict(each), "source": str(each.source)}


def rich(table: Table) -> RichTable:
    """Return a table for the terminal."""
    shown = RichTable(padding=0)
    for number, head in enumerate(table[0]):
        name = number < _NAMES
        shown.add_column(head, no_wrap=name, justify="left" if name else "right")
    for cells in table[1:]:
        shown.add_row(*cells)
    return shown


def markdown(table: Table) -> str:
    """Return a table for the documents."""
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    return "\n".join([lines[0], "|---" * len(table[0]) + "|", *lines[1:]])
