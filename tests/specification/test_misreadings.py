"""Every rule of sections 10 and 11 that can be misread is held by a fixture or a vector."""

import re

import pytest
from specification import checks
from specification.misreading import Misreading, misread
from specification.of_estimates import OF_ESTIMATES
from specification.of_latents import OF_LATENTS
from specification.of_pipelines import OF_PIPELINES
from specification.of_priors import OF_PRIORS
from specification.of_reconstructions import OF_RECONSTRUCTIONS

pytestmark = [pytest.mark.weights, pytest.mark.usefixtures("one_thread")]
MISREADINGS = (*OF_PRIORS, *OF_PIPELINES, *OF_LATENTS, *OF_RECONSTRUCTIONS, *OF_ESTIMATES)
HELD_BY = sorted({misreading.caught_by for misreading in MISREADINGS})


@pytest.mark.parametrize("misreading", MISREADINGS, ids=str)
def test_a_misreading_is_noticed(misreading: Misreading, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixture or vector that the list names fails, and fails because a value is wrong."""
    with misread(misreading, monkeypatch), pytest.raises(AssertionError):
        checks.check(misreading.caught_by)


@pytest.mark.parametrize("name", HELD_BY)
def test_without_a_misreading_nothing_is_wrong(name: str) -> None:
    """What notices the misreadings passes where nothing is misread."""
    checks.check(name)


def test_a_check_that_crashes_notices_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that fails for another reason than a wrong value is no proof."""
    crash = Misreading(
        "11.4", "crash", "images.picture:to_samples", "np.rint(", "np.no_such(", "one-layer"
    )
    with misread(crash, monkeypatch), pytest.raises(checks.CrashedError):
        checks.check("one-layer")


def test_the_list_is_whole() -> None:
    """No name twice, and each part of sections 10 and 11 that has rules has misreadings."""
    names = [str(misreading) for misreading in MISREADINGS]
    assert len(set(names)) == len(names)
    text = checks.SPEC.read_text(encoding="utf-8")
    parts = set(re.findall(r"^### (1[01]\.\d) ", text, re.MULTILINE))
    assert parts == {misreading.section for misreading in MISREADINGS}
