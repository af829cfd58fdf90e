"""Means, BD-rates and the count of pictures won, as tables of text."""

import math
import statistics
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rdpcodec.bench.base import missing
from rdpcodec.bench.measures import MEASURES, Measure
from rdpcodec.bench.rows import Row

BD_POINTS_MIN = 4
BD_METHOD = "pchip"
REACH = 0.05  # how far, in log bytes, a curve is prolonged to compare at equal bytes
OURS, OUR_READING = "rdpcodec", "rho=1"
RIVALS = ("avif", "jxl")
_QUALITY = tuple((measure.name, measure.label) for measure in MEASURES)
_COST = (
    ("encode_seconds", "encode s"),
    ("decode_seconds", "decode s"),
    ("encode_peak_mib", "encode MiB"),
    ("decode_peak_mib", "decode MiB"),
    ("layers", "layers"),
    ("coded_over_kl", "coded/KL"),
)
_DIGITS = {"lpips": 4, "ms_ssim": 4, "coded_over_kl": 4, "layers": 1}
_DIGITS |= {"encode_peak_mib": 0, "decode_peak_mib": 0}

Curve = list[tuple[float, float]]


@dataclass(frozen=True)
class TextTable:
    """A table ready to print.

    Attributes:
        title: What it shows.
        header: The names of its columns.
        rows: Its cells.
        note: How to read it.
    """

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""


def tables(rows: Sequence[Row], anchor: str) -> list[TextTable]:
    """Return the tables of a set of measurements; those with nothing to say are left out.

    Args:
        rows: The lines.
        anchor: The codec, or the label, that BD-rates are relative to.
    """
    found = [quality_table(rows), bd_table(rows, anchor), win_table(rows), cost_table(rows)]
    return [table for table in found if table.rows]


def quality_table(rows: Sequence[Row]) -> TextTable:
    """Return the means of rate and quality, one line for each label and rate."""
    return _mean_table("Quality", rows, _QUALITY, "Means over the pictures, every measure in RGB.")


def cost_table(rows: Sequence[Row]) -> TextTable:
    """Return the means of time and memory, one line for each label and rate."""
    note = (
        "Means over the pictures. Encode: one encode at the setting found, not the search for it. "
        "Decode: from the file to this reading alone. MiB: the most that the whole process held, "
        "everything it had loaded included."
    )
    return _mean_table("Cost", rows, _COST, note)


def _mean_table(
    title: str, rows: Sequence[Row], columns: Sequence[tuple[str, str]], note: str
) -> TextTable:
    """Return the means of the columns in which there is a number."""
    shown = [
        (name, label) for name, label in columns if any(r.value(name) is not None for r in rows)
    ]
    lines = []
    for (label, asked), group in by_label_and_rate(rows).items() if shown else ():
        cells = (_number(mean(group, name), _DIGITS.get(name, 2)) for name, _ in shown)
        rate = f"{mean(group, 'bpp'):.4f}"
        lines.append((label, f"{asked:g}", rate, str(len(group)), *cells))
    header = ("codec", "asked", "bpp", "pictures", *(label for _, label in shown))
    return TextTable(title, header, lines, note)


def bd_table(rows: Sequence[Row], anchor: str) -> TextTable:
    """Return the BD-rates against an anchor, one line for each label."""
    header = ("codec", *(measure.label for measure in MEASURES))
    labels = list(dict.fromkeys(row.label for row in rows))
    base = next((row.label for row in rows if anchor in (row.codec, row.label)), None)
    lines = []
    for label in labels if base is not None else ():
        assert base is not None  # noqa: S101 - the line above
        lines.append((label, *(_bd_cell(rows, label, base, measure) for measure in MEASURES)))
    note = (
        f"Bytes saved (negative) or spent at equal quality: BD-rate, {BD_METHOD}, of each picture "
        f"with at least {BD_POINTS_MIN} rates, then the mean; in brackets the number of pictures. "
        "LPIPS and Fréchet on a scale of logarithms, MS-SSIM in decibels."
    )
    return TextTable(f"BD-rate against {base or anchor}", header, lines, note)


def win_table(rows: Sequence[Row]) -> TextTable:
    """Return on how many pictures we are better than every rival at equal bytes."""
    ours = [row for row in rows if row.codec == OURS and row.reading == OUR_READING]
    rivals = [row for row in rows if row.codec.startswith(RIVALS)]
    rates = sorted({row.bpp_asked for row in ours})
    lines = []
    for measure in MEASURES if rivals else ():
        cells = [wins(ours, rivals, measure, rate) for rate in rates]
        if any(compared for _, compared in cells):
            lines.append((measure.label, *(f"{won} of {compared}" for won, compared in cells)))
    names = ", ".join(dict.fromkeys(row.codec for row in rivals))
    note = (
        f"Pictures on which {OURS} read at {OUR_READING} is better than each of {names} at the "
        "bytes of our file, their curves drawn straight in log bytes; of those pictures where "
        "each has files on both sides of ours."
    )
    header = ("measure", *(f"{rate:g} bpp" for rate in rates))
    return TextTable("Pictures won", header, lines, note)


def by_label_and_rate(rows: Iterable[Row]) -> dict[tuple[str, float], list[Row]]:
    """Return the lines of each label and rate asked for."""
    groups: dict[tuple[str, float], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.label, row.bpp_asked].append(row)
    return {key: groups[key] for key in sorted(groups)}


def mean(rows: Iterable[Row], column: str) -> float:
    """Return the mean of a column over the lines that have it, nan if none has."""
    values = [value for row in rows if (value := row.value(column)) is not None]
    return statistics.fmean(values) if values else math.nan


def bd_rates(rows: Sequence[Row], label: str, anchor: str, measure: Measure) -> list[float]:
    """Return the BD-rate, in percent, of each picture for which there is one."""
    ours, theirs = _gains(rows, label, measure), _gains(rows, anchor, measure)
    bd_rate = load_bd_rate()
    found = []
    for picture in sorted(ours.keys() & theirs.keys()):
        test, base = rising(ours[picture]), rising(theirs[picture])
        if min(len(test), len(base)) >= BD_POINTS_MIN:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # says when curves do not overlap, then gives nan
                found.append(bd_rate(*_axes(base), *_axes(test)))
    return [value for value in found if math.isfinite(value)]


def wins(
    ours: Sequence[Row], rivals: Sequence[Row], measure: Measure, rate: float
) -> tuple[int, int]:
    """Return on how many pictures we are better than every rival, and how many can be compared."""
    labels = {row.label for row in rivals}
    curves = {label: _curves(rivals, label, measure, _log_bytes) for label in labels}
    won = compared = 0
    for row in ours:
        value = row.value(measure.name)
        if row.bpp_asked != rate or value is None:
            continue
        at = math.log(row.bytes)
        others = [value_at(curves[label].get(row.picture, []), at) for label in labels]
        if any(math.isnan(other) for other in others):
            continue
        compared += 1
        won += all((value > other) == measure.higher and value != other for other in others)
    return won, compared


def value_at(curve: Curve, x: float) -> float:
    """Return the value of a curve between its points, or barely beyond; nan elsewhere."""
    points = sorted(dict(curve).items())
    if len(points) < 2 or not points[0][0] - REACH <= x <= points[-1][0] + REACH:
        return math.nan
    i = int(np.clip(np.searchsorted([p[0] for p in points], x), 1, len(points) - 1))
    (x_0, y_0), (x_1, y_1) = points[i - 1], points[i]
    return y_0 + (y_1 - y_0) * (x - x_0) / (x_1 - x_0)


def rising(curve: Curve) -> Curve:
    """Return the points of a curve that are better than all points of lower rate."""
    kept: Curve = []
    for rate, gain in sorted(curve):
        if not kept or (gain > kept[-1][1] and rate > kept[-1][0]):
            kept.append((rate, gain))
    return kept


def _gains(rows: Iterable[Row], label: str, measure: Measure) -> dict[str, Curve]:
    curves = _curves(rows, label, measure, lambda row: row.bpp)
    return {
        picture: [(x, measure.gain(y)) for x, y in curve if math.isfinite(y)]
        for picture, curve in curves.items()
    }


def _curves(
    rows: Iterable[Row], label: str, measure: Measure, rate: Callable[[Row], float]
) -> dict[str, Curve]:
    curves: dict[str, Curve] = defaultdict(list)
    for row in rows:
        value = row.value(measure.name)
        if row.label == label and value is not None:
            curves[row.picture].append((rate(row), value))
    return curves


def _log_bytes(row: Row) -> float:
    return math.log(row.bytes)


def _axes(curve: Curve) -> tuple[list[float], list[float]]:
    return [x for x, _ in curve], [y for _, y in curve]


def load_bd_rate() -> Callable[..., float]:
    """Return the function of an anchor's rates and gains and of a test's, in percent.

    Raises:
        UsageError: If bjontegaard is not installed.
    """
    try:
        import bjontegaard  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise missing("the table of BD-rates", "bjontegaard") from exc

    def bd_rate(*axes: list[float]) -> float:
        options = {"require_matching_points": False, "min_overlap": 0}
        return float(bjontegaard.bd_rate(*axes, method=BD_METHOD, **options))

    return bd_rate


def _bd_cell(rows: Sequence[Row], label: str, anchor: str, measure: Measure) -> str:
    values = bd_rates(rows, label, anchor, measure)
    return f"{statistics.fmean(values):+.1f} % ({len(values)})" if values else ""


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
