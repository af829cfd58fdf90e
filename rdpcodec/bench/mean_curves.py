"""Curves of means over pictures: ours beside those that others have published."""

import math
from collections import defaultdict
from collections.abc import Sequence

from rdpcodec.bench.measures import MEASURES
from rdpcodec.bench.published import ANCHOR, KODAK, Published
from rdpcodec.bench.rows import Row
from rdpcodec.bench.summary import (
    BD_METHOD,
    BD_POINTS_MIN,
    Curve,
    TextTable,
    by_label_and_rate,
    load_bd_rate,
    mean,
    rising,
)

_LABELS = {measure.name: measure.label for measure in MEASURES}


def mean_curves(rows: Sequence[Row], column: str) -> dict[str, Curve]:
    """Return (mean bpp, mean of a column) at every rate that was asked for, for each label."""
    curves: dict[str, Curve] = defaultdict(list)
    for (label, _), group in by_label_and_rate(rows).items():
        value = mean(group, column)
        if math.isfinite(value):
            curves[label].append((mean(group, "bpp"), value))
    return curves


def published_table(curves: Sequence[Published]) -> TextTable:
    """Return the points that others have published."""
    lines: list[tuple[str, ...]] = []
    for curve in curves:
        for measure, points in curve.points.items():
            text = "; ".join(f"{bpp:g}: {value:g}" for bpp, value in points)
            lines.append((curve.codec, _LABELS[measure], text, curve.source))
    note = "Published by others, not measured here; means of the 24 Kodak pictures."
    return TextTable("Published", ("codec", "measure", "bpp: value", "source"), lines, note)


def anchor_table(rows: Sequence[Row]) -> TextTable:
    """Return the BD-rates in PSNR of all mean curves against the published one of VTM."""
    anchor = next(list(curve.points["psnr"]) for curve in KODAK if curve.codec == ANCHOR)
    curves = mean_curves(rows, "psnr")
    curves |= {f"{c.codec}, published": list(c.points["psnr"]) for c in KODAK if "psnr" in c.points}
    bd_rate = load_bd_rate()
    lines: list[tuple[str, ...]] = []
    for label, curve in sorted(curves.items()):
        if len(rising(curve)) < BD_POINTS_MIN:
            continue
        value = bd_rate(*_axes(rising(anchor)), *_axes(rising(curve)))
        if math.isfinite(value):
            lines.append((label, f"{value:+.1f} %"))
    note = (
        f"BD-rate, {BD_METHOD}, of curves of means (mean bpp and mean PSNR at each setting), over "
        f"the PSNR that both reach; {ANCHOR} as published. It weighs pictures otherwise than the "
        "mean of the pictures' BD-rates above."
    )
    return TextTable(f"Mean curves against {ANCHOR}", ("codec", _LABELS["psnr"]), lines, note)


def _axes(curve: Curve) -> tuple[list[float], list[float]]:
    return [x for x, _ in curve], [y for _, y in curve]
