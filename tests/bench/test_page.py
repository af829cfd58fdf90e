"""The pages are made of the table alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rdpcodec.bench import mean_curves, page, published
from rdpcodec.bench.measures import MEASURES
from rdpcodec.bench.rows import Row

MakeRows = Callable[..., list[Row]]
PSNR = MEASURES[0]


def test_the_page_is_made_of_the_table_alone(tmp_path: Path, rows_of: MakeRows) -> None:
    """Both pages hold means, BD-rates, wins, published numbers and commands."""
    pytest.importorskip("bjontegaard")
    pytest.importorskip("matplotlib")
    rows = rows_of("avif-444-psnr") + rows_of("jxl", 1.1)
    rows += [
        replace(row, prior="gaussian-1", version="rdpcodec 0")
        for shift, reading in ((1, "rho=0"), (0.5, "rho=1"))
        for row in rows_of("rdpcodec", reading=reading, shift=shift)
    ]
    csv = tmp_path / "rows.csv"
    html = page.html_page(rows, "avif-444-psnr", csv)
    markdown = page.markdown_page(rows, "avif-444-psnr", csv)
    command = "rdpcodec bench DIR --codec jxl --bpp 0.1 --bpp 0.2 --bpp 0.4 --bpp 0.8 --bpp 1.6"
    for text in (html, markdown):
        assert "31.50" in text  # the mean PSNR at 0.1 bpp
        assert "+10.0 % (2)" in text
        assert "2 of 2" in text
        assert "0.491: 34.26" in text
        assert "Mean curves against VTM" in text
        assert f"{command} --csv rows.csv" in text
    assert html.count("<svg") == 3 + 5 + 1  # measures, rates, and the surface
    assert "http-equiv" not in html
    assert "src=" not in html
    assert "VTM (VVC), published" in html
    assert page.html_page(rows, "avif-444-psnr", csv) == html
    strangers = [replace(row, picture=f"my {row.picture}") for row in rows]
    assert "VTM" not in page.html_page(strangers, "avif-444-psnr", csv)


def test_mean_curves_against_what_is_published() -> None:
    """The anchor is at 0 against itself, its PSNR at 0.8 of its bits at -20 %."""
    pytest.importorskip("bjontegaard")
    anchor = next(c for c in published.KODAK if c.codec == published.ANCHOR)
    rows = [
        Row("kodim01", "mine", "", "", bpp, bytes=1, bpp=0.8 * bpp, psnr=psnr)
        for bpp, psnr in anchor.points["psnr"]
    ]
    found = dict(mean_curves.anchor_table(rows).rows)
    assert found["mine"] == "-20.0 %"
    assert found[f"{published.ANCHOR}, published"] == "+0.0 %"
    assert "Stable Diffusion 1.5 under DiffC, published" not in found  # three points
