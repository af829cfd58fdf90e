"""A deliberate misreading of the specification: one text of the package, replaced by another."""

import functools
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from rdpcodec.domains import gaussian
from rdpcodec.transforms import bands


@dataclass(frozen=True)
class Misreading:
    """What somebody might read, and what notices.

    Attributes:
        section: Of the specification.
        what: The misreading, in words.
        where: `module:function`, `module:Class.method` or `module:CONSTANT`, below `rdpcodec`.
        right: A text that the source of the function has once, or the value of the constant.
        wrong: What the misreading has in its place.
        caught_by: A case of `fixtures/valid`, or a check of `checks.CHECKS`: `vector` and a group.
    """

    section: str
    what: str
    where: str
    right: str
    wrong: str
    caught_by: str

    def __str__(self) -> str:
        """Return the name of the test."""
        return f"{self.section} {self.what}"


@contextmanager
def misread(misreading: Misreading, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the package misread its specification."""
    with monkeypatch.context() as patch:
        _forget()
        _replace(misreading, patch)
        yield
    _forget()


def _forget() -> None:
    """Empty the caches that a misreading may fill or find filled."""
    for cached in (bands.bands, bands.band_sizes, bands._bands_on, gaussian._spectrum_on):
        cached.cache_clear()


def _replace(misreading: Misreading, patch: pytest.MonkeyPatch) -> None:
    module_name, _, path = misreading.where.partition(":")
    module = importlib.import_module(f"rdpcodec.{module_name}")
    *classes, name = path.split(".")
    owner: Any = functools.reduce(getattr, classes, module)
    right = inspect.getattr_static(owner, name)
    if isinstance(right, property) or callable(right) or hasattr(right, "func"):
        wrong = _rewritten(misreading, right, vars(module), name)
        if hasattr(wrong, "__set_name__"):
            wrong.__set_name__(owner, name)
    else:
        assert repr(right) == repr(eval(misreading.right, vars(module)))  # noqa: S307
        wrong = eval(misreading.wrong, vars(module))  # noqa: S307
    patch.setattr(owner, name, wrong)
    if owner is module:
        _replace_imported(name, right, wrong, patch)


def _rewritten(misreading: Misreading, right: Any, names: dict[str, Any], name: str) -> Any:
    """Return the function with the misreading in its source."""
    inner = getattr(right, "fget", None) or getattr(right, "func", None) or right
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(inner)))
    assert source.count(misreading.right) == 1, f"{misreading.right!r} in {misreading.where}"
    made: dict[str, Any] = {}
    exec(source.replace(misreading.right, misreading.wrong), names, made)  # noqa: S102
    return made[name]


def _replace_imported(name: str, right: Any, wrong: Any, patch: pytest.MonkeyPatch) -> None:
    """Replace it in the modules that have imported it, those of the vectors included."""
    for key, module in list(sys.modules.items()):
        if key.startswith(("rdpcodec.", "vector_parts.")) and vars(module).get(name) is right:
            patch.setattr(module, name, wrong)
