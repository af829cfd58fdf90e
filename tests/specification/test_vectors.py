"""The vectors of section 17 of the specification, recomputed."""

import pytest
from specification import checks, vectors

pytestmark = [pytest.mark.weights, pytest.mark.usefixtures("one_thread")]


@pytest.mark.parametrize("group", vectors.GROUPS)
def test_vectors_of_the_spec(group: str) -> None:
    """Each row that section 17 prints for a group is what the package computes."""
    assert vectors.wrong(vectors.GROUPS[group](), vectors.printed()) == []


def test_every_printed_row_is_recomputed() -> None:
    """No row of section 17 is left out, and no group computes what is not printed."""
    rows = [label for group in vectors.GROUPS.values() for label in group()]
    assert sorted(rows) == sorted(vectors.printed())


@pytest.mark.parametrize("name", ["bound", "defaults", "map", "pipeline"])
def test_what_no_fixture_shows(name: str) -> None:
    """A finite sigma_max, a pipeline, defaults and a map of rho are read as the text says."""
    checks.check(name)


@pytest.mark.parametrize("by", [1 + 1e-4, 1 - 1e-4])
def test_a_vector_that_is_off_is_noticed(by: float) -> None:
    """The comparison can fail: one part in ten thousand is too much."""
    rows = vectors.solver()
    assert vectors.wrong({name: by * row for name, row in rows.items()}, rows) == list(rows)
