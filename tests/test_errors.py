"""Tests of the error tree against the table of issues in the spec."""

import json
import pickle
import re
from pathlib import Path

import pytest

from rdpcodec import errors
from rdpcodec.errors import ISSUE, LimitError, MalformedError, RdpError, TruncatedError
from rdpcodec.limits import _ISSUES, Limits

SPEC = Path(__file__).parents[1] / "spec"
TABLE = json.loads((SPEC / "issues.json").read_text())["issues"]


def _classes(root: type[RdpError] = RdpError) -> list[type[RdpError]]:
    return [root, *(found for child in root.__subclasses__() for found in _classes(child))]


def test_code_and_table_have_the_same_ids() -> None:
    """The enumeration and `spec/issues.json` list the same ids and names in the same order."""
    expected = [(issue.value, issue.name.lower().replace("_", "-")) for issue in ISSUE]
    assert [(row["id"], row["name"]) for row in TABLE] == expected


def test_each_issue_belongs_to_the_class_in_the_table() -> None:
    """Each id is carried by exactly one class, the one in the table, with its exit code."""
    carried = {
        issue: cls for cls in _classes() for issue in cls.issues if issue in vars(cls)["issues"]
    }
    for row in TABLE:
        owners = [cls for cls in _classes() if row["id"] in cls.issues]
        assert [cls.__name__ for cls in owners] == [row["class"]]
        assert owners[0].exit_code == row["exit_code"]
    assert len(carried) == len(TABLE)


def test_spec_text_lists_every_issue() -> None:
    """The table in the text of the spec has the id, name, class and exit code of every issue."""
    text = (SPEC / "rdp.md").read_text()
    rows = re.findall(r"^\| (RDP-\d+) \| ([a-z-]+) \| (\d) \| (\w+) \| (.+) \|$", text, re.M)
    expected = [(r["id"], r["name"], str(r["exit_code"]), r["class"], r["meaning"]) for r in TABLE]
    assert rows == expected


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_every_error_survives_pickling(row: dict[str, str]) -> None:
    """An error from a worker process keeps its class, id and sentence."""
    cls = getattr(errors, row["class"])
    details = ("side", 2, 1) if cls is LimitError else ()
    error = cls(ISSUE(row["id"]), "a sentence", *details)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is cls
    assert (copy.issue, str(copy)) == (row["id"], "a sentence")


def test_truncated_error_keeps_its_counts() -> None:
    """The counts of layers survive pickling too."""
    error = TruncatedError(ISSUE.TRUNCATED, "cut", 3, 16)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (copy.layers_whole, copy.layers_total) == (3, 16)


def test_an_error_refuses_an_id_of_another_class() -> None:
    """A raise with the wrong id is a bug of the caller."""
    with pytest.raises(ValueError, match="does not carry"):
        MalformedError(ISSUE.CHECKSUM, "a sentence")


def test_every_limit_has_an_issue_and_names_itself() -> None:
    """Each field of Limits raises its own id, with value, limit and name in the sentence."""
    limits = Limits()
    assert set(_ISSUES) == set(Limits.__dataclass_fields__)
    for name, issue in _ISSUES.items():
        bound = getattr(limits, name)
        limits.check(name, bound, "the thing")
        with pytest.raises(LimitError) as caught:
            limits.check(name, bound + 1, "the thing")
        assert caught.value.issue == issue
        assert (caught.value.name, caught.value.value, caught.value.limit) == (
            name,
            bound + 1,
            bound,
        )
        assert str(caught.value) == f"the thing is {bound + 1}, above the limit {name} = {bound}"


def test_limits_in_the_spec_are_the_defaults() -> None:
    """The table of limits in the spec has the defaults of the code."""
    text = (SPEC / "rdp.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.M))
    defaults = Limits()
    assert {name: int(value) for name, value in rows.items()} == {
        name: getattr(defaults, name) for name in Limits.__dataclass_fields__
    }
