"""The tool that tests both ends of what pyproject.toml allows."""

import re
from pathlib import Path

import bounds
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def test_every_dependency_has_a_lower_bound() -> None:
    """Those of the package, of its extras and of the tests are all found."""
    lower = bounds.declared()
    assert lower["numpy"] == "2.0"
    assert {"torch", "diffusers", "pillow-heif", "pytest-xdist", "ruff"} <= lower.keys()


def test_the_exact_versions_are_within_the_bounds() -> None:
    """What everything is tested with is something that pyproject.toml allows."""
    exact = bounds.resolved((ROOT / "constraints.txt").read_text("utf-8"))
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lines = re.findall(r'^ *"([\w.-]+[<>=]=[^"]*)"', text, re.M)
    asked = [Requirement(line) for line in lines]
    known = [one for one in asked if bounds.normal(one.name) in exact]
    assert len(known) > 20
    for one in known:
        assert one.specifier.contains(exact[bounds.normal(one.name)]), one


@pytest.mark.parametrize("found", ["1.2", "1.2.0", "1.2.0.0"])
def test_a_bound_that_is_reached_is_true(found: str) -> None:
    """Zeros at the end do not make another version."""
    assert bounds.unreachable({"some": "1.2"}, {"some": found, "other": "3"}) == []


def test_a_bound_that_is_never_reached_is_told() -> None:
    """The sentence has what is declared and what the lowest is."""
    told = bounds.unreachable(
        {"some": "1.2"}, bounds.resolved("Some==1.3 ; python_version > '3'\n")
    )
    assert told == ["some>=1.2 is never reached: the lowest that all others allow is 1.3"]
