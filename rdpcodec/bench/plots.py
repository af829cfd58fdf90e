"""Plots of a table of measurements, as SVG text."""

import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rdpcodec.bench.base import missing
from rdpcodec.bench.mean_curves import mean_curves
from rdpcodec.bench.measures import MEASURES
from rdpcodec.bench.published import KODAK, applies_to
from rdpcodec.bench.rows import Row
from rdpcodec.bench.summary import by_label_and_rate, mean

PEAK_SQUARED = 255.0**2
_RHO = re.compile(r"(.*)rho=([\d.]+)")
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rdpcodec",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
}
_LABELS = {measure.name: measure.label for measure in MEASURES}


@dataclass(frozen=True)
class Plot:
    """A plot with its caption; `svg` is an element that HTML can hold."""

    caption: str
    svg: str


@dataclass(frozen=True)
class Spot:
    """The means of one label at one rate.

    Attributes:
        family: The label without its rho.
        rho: Where the label has one.
        asked: The rate asked for.
        bpp: The mean rate obtained.
        means: Of every measure, nan where it is not known; `mse` too.
    """

    family: str
    rho: float | None
    asked: float
    bpp: float
    means: dict[str, float]


def plots(rows: Sequence[Row]) -> list[Plot]:
    """Return all plots that the lines have numbers for.

    Raises:
        UsageError: If matplotlib is not installed.
    """
    check_package()
    from matplotlib import rc_context  # noqa: PLC0415 - an extra

    with rc_context(_STYLE):
        return [*_rate_plots(rows), *_perception_plots(spots(rows)), *_surfaces(spots(rows))]


def check_package() -> None:
    """Refuse to plot, before anything is measured, where that cannot be done.

    Raises:
        UsageError: If matplotlib is not installed.
    """
    try:
        import matplotlib as _  # noqa: F401, ICN001, PLC0415 - an extra
    except ImportError as exc:
        raise missing("the page", "matplotlib") from exc


def spots(rows: Sequence[Row]) -> list[Spot]:
    """Return the means of every label and rate; the mean squared error from each PSNR."""
    found = []
    for (label, asked), group in by_label_and_rate(rows).items():
        parts = _RHO.fullmatch(label)
        family, rho = (parts[1].strip(), float(parts[2])) if parts else (label, None)
        means = {name: mean(group, name) for name in _LABELS}
        errors = [PEAK_SQUARED / 10 ** (r.psnr / 10) for r in group if r.psnr is not None]
        means["mse"] = sum(errors) / len(errors) if errors else float("nan")
        found.append(Spot(family, rho, asked, mean(group, "bpp"), means))
    return found


def _rate_plots(rows: Sequence[Row]) -> Iterator[Plot]:
    kodak = applies_to({row.picture for row in rows})
    for measure in MEASURES:
        curves = mean_curves(rows, measure.name)
        if not curves:
            continue
        figure = _figure()
        axes = figure.add_subplot(xlabel="bits per pixel", ylabel=measure.label, xscale="log")
        for label, curve in curves.items():
            axes.plot(*zip(*sorted(curve), strict=True), marker="o", markersize=3, label=label)
        if kodak:
            _add_published(axes, measure.name)
        _legend(axes)
        better = "up" if measure.higher else "down"
        yield Plot(f"Rate against {measure.label}; better is {better}.", _svg(figure))


def _add_published(axes: Any, column: str) -> None:
    for other in KODAK:
        if column in other.points:
            points = zip(*other.points[column], strict=True)
            mark, label = f"${other.codec[0]}$", f"{other.codec}, published"
            axes.plot(*points, linestyle=":", color="grey", marker=mark, label=label)


def _perception_plots(all_spots: Sequence[Spot]) -> Iterator[Plot]:
    for asked in sorted({spot.asked for spot in all_spots}):
        here = [s for s in all_spots if s.asked == asked and math.isfinite(_frechet(s))]
        if not any(spot.rho is not None for spot in here):
            continue
        figure = _figure()
        axes = figure.add_subplot(xlabel="mean squared error", ylabel=_LABELS["frechet"])
        for family in dict.fromkeys(spot.family for spot in here):
            _add_family(axes, family, [spot for spot in here if spot.family == family])
        _legend(axes)
        caption = (
            f"Distortion against perception at {asked:g} bits per pixel at most: one file, rho "
            "along each curve; better is down and left."
        )
        yield Plot(caption, _svg(figure))


def _add_family(axes: Any, family: str, members: Sequence[Spot]) -> None:
    line = sorted(members, key=lambda spot: spot.rho or 0)
    axes.plot(*zip(*((_mse(s), _frechet(s)) for s in line), strict=True), marker="o", label=family)
    for spot in line:
        if spot.rho is not None:
            at, where = (_mse(spot), _frechet(spot)), {"textcoords": "offset points"}
            axes.annotate(f"rho {spot.rho:g}", at, xytext=(4, 4), **where)


def _surfaces(all_spots: Sequence[Spot]) -> Iterator[Plot]:
    for family in dict.fromkeys(s.family for s in all_spots if s.rho is not None):
        mesh = _mesh([s for s in all_spots if s.family == family])
        if mesh is None:
            continue
        figure = _figure(columns=2)
        for k, name in enumerate(("psnr", "frechet")):
            _add_surface(figure.add_subplot(1, 2, k + 1, projection="3d"), mesh, name)
        caption = (
            f"Distortion and perception of {family} over rate and rho: {len(mesh)} rates, "
            f"rho {', '.join(f'{spot.rho:g}' for spot in mesh[0])}."
        )
        yield Plot(caption, _svg(figure))


def _add_surface(axes: Any, mesh: list[list[Spot]], column: str) -> None:
    picked = [[(s.bpp, s.rho, s.means[column]) for s in line] for line in mesh]
    axes.plot_wireframe(*np.moveaxis(np.array(picked, dtype=float), 2, 0), linewidth=1)
    axes.set(xlabel="bits per pixel", ylabel="rho", zlabel=_LABELS[column])
    axes.set_box_aspect(None, zoom=0.85)  # else the label of z is cut


def _mesh(family: Sequence[Spot]) -> list[list[Spot]] | None:
    """Return a line for each rate, each with all rho; None if that makes no surface."""
    grid = {(s.asked, s.rho): s for s in family if s.rho is not None and math.isfinite(_frechet(s))}
    rates, rhos = sorted({asked for asked, _ in grid}), sorted({rho for _, rho in grid})
    if len(rates) < 2 or len(rhos) < 2 or len(grid) < len(rates) * len(rhos):
        return None
    return [[grid[rate, rho] for rho in rhos] for rate in rates]


def _mse(spot: Spot) -> float:
    return spot.means["mse"]


def _frechet(spot: Spot) -> float:
    return spot.means["frechet"]


def _figure(columns: int = 1) -> Any:
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

    return Figure(figsize=(7 if columns == 1 else 10, 4.6), layout="constrained")


def _legend(axes: Any) -> None:
    axes.legend(fontsize=7, framealpha=0.6)


def _svg(figure: Any) -> str:
    """Return the `svg` element alone: the XML declaration has no place inside HTML."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
