"""The codecs by name, and what they need."""

import sys

import pytest

from rdpcodec.bench import catalogue, page, runner
from rdpcodec.bench.ways import parse_way
from rdpcodec.errors import UsageError


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    with pytest.raises(UsageError, match=r"pillow-jxl-plugin.*rdpcodec\[bench\]"):
        catalogue.check_names(["jxl"])
    monkeypatch.setitem(sys.modules, "bjontegaard", None)
    with pytest.raises(UsageError, match="bjontegaard"):
        page.check_packages(html=False)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"matplotlib|bjontegaard"):
        page.check_packages(html=True)


def test_default_plan_is_sound() -> None:
    """Default codecs, anchor and readings exist."""
    assert set(catalogue.DEFAULT_NAMES) <= set(catalogue.NAMES)
    assert catalogue.DEFAULT_ANCHOR in catalogue.DEFAULT_NAMES
    assert [parse_way(name).rho for name in runner.DEFAULT_WAYS] == [0, 0.5, 1]
