"""BD-rates and the count of pictures won."""

from collections.abc import Callable

import pytest

from rdpcodec.bench import summary
from rdpcodec.bench.measures import MEASURES
from rdpcodec.bench.rows import Row

MakeRows = Callable[..., list[Row]]
PSNR = MEASURES[0]
TINY = 1e-6


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0.0), (1.1, 10.0), (1 / 1.1, -100 / 11)])
def test_bd_rate_of_more_bytes(factor: float, expected: float, rows_of: MakeRows) -> None:
    """A codec against itself is at 0 %, against one with 10 % more bytes at -9.1 %."""
    pytest.importorskip("bjontegaard")
    rows = rows_of("anchor") + rows_of("test", factor)
    for measure in (m for m in MEASURES if m.name in ("psnr", "lpips", "frechet")):
        values = summary.bd_rates(rows, "test", "anchor", measure)
        assert values == pytest.approx([expected] * 2, abs=TINY)


def test_bd_rate_needs_four_rising_points(rows_of: MakeRows) -> None:
    """Pictures with fewer rates, or with curves that do not meet, have no BD-rate."""
    pytest.importorskip("bjontegaard")
    rows = rows_of("anchor") + [r for r in rows_of("test") if r.bpp_asked < 0.5]
    assert summary.bd_rates(rows, "test", "anchor", PSNR) == []
    rows = rows_of("anchor") + rows_of("test", shift=100)
    assert summary.bd_rates(rows, "test", "anchor", PSNR) == []
    assert summary.rising([(2, 1), (1, 0), (3, 1), (4, 0.5), (5, 2)]) == [(1, 0), (2, 1), (5, 2)]


def test_wins_are_counted_at_equal_bytes(rows_of: MakeRows) -> None:
    """We win where every rival's curve is worse at our bytes, and ties are not won."""
    lpips = next(measure for measure in MEASURES if measure.name == "lpips")
    ours = rows_of("rdpcodec", reading="rho=1")
    worse = rows_of("avif-444", 1.2)
    assert summary.wins(ours, worse, lpips, 0.4) == (2, 2)
    assert summary.wins(ours, worse, lpips, 0.1) == (0, 0)  # no such small file
    assert summary.wins(ours, worse + rows_of("jxl"), lpips, 0.4) == (0, 2)
    assert summary.wins(ours, rows_of("jxl", 0.9), lpips, 0.4) == (0, 2)
