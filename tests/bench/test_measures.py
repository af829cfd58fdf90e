"""All measures of a copy."""

from collections.abc import Callable

from rdpcodec.bench.base import Pixels
from rdpcodec.bench.measures import MEASURES, Scorer

MakePhoto = Callable[..., Pixels]
SIZE = 48, 40


def test_a_measure_that_is_missing_is_named_once(photo: MakePhoto) -> None:
    """It has no value, and that is said one time."""
    notes: list[str] = []
    scorer = Scorer(notes.append)
    for _ in range(2):
        values = scorer.scores(photo(*SIZE), photo(*SIZE))
        assert values["psnr"] == float("inf")
        assert values.keys() == {measure.name for measure in MEASURES}
    empty = [name for name, value in values.items() if value is None]
    assert sorted(notes) == sorted(set(notes))
    assert {note.split()[0] for note in notes} == set(empty)
