"""Tests of how a header names a prior."""

import re
from pathlib import Path

import pytest

from rdpcodec.container.prior_name import (
    NAMED,
    PRIOR_NUMBERS,
    prior_number,
    prior_of_number,
    stored_digest,
)
from rdpcodec.priors import load_prior

SPEC = Path(__file__).parents[2] / "spec" / "rdp.md"


def test_the_spec_has_the_numbers() -> None:
    """The table of spec 4.3 and the code give each prior the same number."""
    section = SPEC.read_text().split("### 4.3 Prior")[1].split("###")[0]
    rows = re.findall(r"^\| (\d+) \| `(\S+)` \|$", section, re.M)
    assert {name: int(number) for number, name in rows} == PRIOR_NUMBERS


@pytest.mark.parametrize("name", PRIOR_NUMBERS)
def test_a_number_belongs_to_a_built_in_prior(name: str) -> None:
    """Each prior with a number can be loaded by its name, and is the one of that name."""
    assert load_prior(name).id == name
    assert prior_of_number(prior_number(name)) == name


def test_an_unknown_number_is_no_name() -> None:
    """A number without a name stands for itself, and only as long as it has none."""
    assert prior_of_number(200) == "#200"
    assert prior_number("#200") == 200
    for wrong in ("#1", "#0", "#256", "#", "#01", "# 7", "", "Upper", "a\n", "g" * 65):
        with pytest.raises(ValueError, match="prior_id"):
            prior_number(wrong)


def test_the_digest_is_as_long_as_the_name_needs() -> None:
    """Four bytes are kept where the prior has a number, eight where it has a name only."""
    digest = bytes(range(32))
    assert stored_digest("photo-1", digest) == digest[:4]
    assert stored_digest("#9", digest) == digest[:4]
    assert prior_number("mine") == NAMED
    assert stored_digest("mine", digest) == digest[:8]
    with pytest.raises(ValueError, match="7 bytes, expected 8"):
        stored_digest("mine", digest[:7])
