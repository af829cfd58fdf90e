"""The vectors of section 17 of the specification."""

import numpy as np
import pytest
from specification import checks, reference
from vector_parts.of_chain import ABOVE_LAST, RUNS
from vector_parts.of_reconstructions import solver
from vector_parts.standins import calibration, pattern
from vector_parts.writing import row, wrong

pytestmark = [pytest.mark.weights, pytest.mark.usefixtures("one_thread")]


@pytest.mark.parametrize("name", checks.CHECKS)
def test_vectors_and_choices_of_the_spec(name: str) -> None:
    """Vectors are what the package computes; defaults, maps and clipping are as the text says."""
    checks.check(name)


def test_the_file_holds_these_groups_and_no_others() -> None:
    """Every stored group is recomputed, and section 17 says how each is made."""
    assert list(checks.stored()) == list(checks.GROUPS)
    section = checks.SPEC.read_text(encoding="utf-8").split("\n## 17 ")[1].split("\n## ")[0]
    assert [f"**{name}**" in section for name in checks.GROUPS] == [True] * len(checks.GROUPS)


@pytest.mark.parametrize(("channels", "t_last"), RUNS)
def test_the_chain_is_that_of_a_second_reading(channels: int, t_last: int) -> None:
    """A chain in binary64, written from the text alone, has the states and ends that are stored."""
    stored, shape = checks.stored()["chain"], (channels, 10, 12)
    levels = [t_last + above for above in ABOVE_LAST]
    z = [1.7 * pattern(n, *shape)[0].astype(np.float64) for n in range(1, 10)]
    walked = reference.walk(shape, list(zip(levels, z, strict=True)))
    kind = "RGB" if channels == 3 else "grey"
    y, level = walked[-1][0], 2.0 ** (t_last / 256 - 10)
    found = {f"y_{n}": y for n, (y, _) in enumerate(walked, start=1)}
    found |= {f"x0_hat_{n}": x for n, (_, x) in enumerate(walked, start=1)}
    found["P"], found["Q, N = 6"] = reference.ends(y, level, 6)
    found["ode, rho = 1/4, N = 6"] = reference.ode(y, level, 0.25, 6)
    for name, picture in found.items():
        expected = stored[f"{kind}, t_9 = {t_last}, {name}"]
        np.testing.assert_allclose(picture[-1, 1, :6], expected, rtol=0, atol=2e-5)


def test_the_calibration_is_the_formula_of_the_text() -> None:
    """The made-up calibration of the package and that of the second reading agree."""
    for level in (0.1, 0.125, 0.3, 1.0, 5.0, 8.0, 20.0):
        np.testing.assert_allclose(calibration().spectrum_at(level), reference.error(level))


@pytest.mark.parametrize("by", [1 + 1e-4, 1 - 1e-4])
def test_a_vector_that_is_off_is_noticed(by: float) -> None:
    """The comparison can fail: one part in ten thousand is too much, a row too many or too few."""
    rows = solver()
    assert wrong({name: by * numbers for name, numbers in rows.items()}, rows) == list(rows)
    assert wrong(rows, rows | {"x": row(0.0)}) == ["x"]
    assert wrong(rows | {"x": row(0.0)}, rows) == ["x"]
