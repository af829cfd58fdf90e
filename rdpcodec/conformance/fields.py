"""Strict JSON objects: every member is expected, there once, and of the right type.

A checker that skips what it does not know passes what it should fail, so nothing is skipped.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")


class CheckFailedError(Exception):
    """A case failed.

    Attributes:
        check: Which check: `case`, `files`, `header`, `rebuild`, `symbols`, `pictures`, `refusal`,
            and `run`, of a command that breaks its contract.
        reason: One sentence.
    """

    def __init__(self, check: str, reason: str) -> None:
        """Keep both."""
        super().__init__(check, reason)
        self.check = check
        self.reason = reason


class Fields:
    """The members of a JSON object; what nobody has taken is unknown."""

    def __init__(self, value: object, where: str, check: str = "case") -> None:
        """Take the members over.

        Args:
            value: What the JSON text holds.
            where: What it is called in sentences.
            check: The check that fails if it is not as expected.

        Raises:
            CheckFailedError: If it is not an object.
        """
        self._where, self._check = where, check
        if not isinstance(value, dict):
            raise self._wrong(f"{where} is {value!r}, expected an object")
        self._left: dict[str, Any] = dict(value)

    def take(self, key: str, kind: type[_T]) -> _T:
        """Return a member and strike it off.

        Args:
            key: Its name.
            kind: Its type; `float` takes whole numbers too, nothing but `bool` takes booleans.

        Returns:
            Its value.

        Raises:
            CheckFailedError: If it is missing or of another type.
        """
        if key not in self._left:
            raise self._wrong(f"{self._where} has no {key}")
        value = self._left.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self._wrong(f"{key} of {self._where} is {value!r}, expected {kind.__name__}")
        return value

    def number(self, key: str, lowest: float, highest: float) -> float:
        """Return a member that is a number within bounds, and strike it off."""
        value = self.take(key, float)
        if not lowest <= value <= highest:
            bounds = f"{lowest:g}..{highest:g}"
            raise self._wrong(f"{key} of {self._where} is {value:g}, expected {bounds}")
        return value

    def has(self, key: str) -> bool:
        """Say whether a member is still there."""
        return key in self._left

    def integers(self) -> dict[str, int]:
        """Return all members that are left, which must be integers."""
        return {key: self.take(key, int) for key in list(self._left)}

    def done(self) -> None:
        """Refuse members that nobody has taken.

        Raises:
            CheckFailedError: If there are any.
        """
        if self._left:
            raise self._wrong(f"{self._where} has the unknown key {next(iter(self._left))}")

    def _wrong(self, reason: str) -> CheckFailedError:
        return CheckFailedError(self._check, reason)


def read_json(path: Path, check: str = "case") -> object:
    """Return what a JSON file holds.

    Args:
        path: The file.
        check: The check that fails if it cannot be read.

    Returns:
        Its value.

    Raises:
        CheckFailedError: If it is missing, is no JSON, has a key twice, or NaN or Infinity.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise CheckFailedError(check, f"{path.name} is missing") from error
    except OSError as error:
        raise CheckFailedError(check, f"{path.name} cannot be read: {error}") from error
    return parse_json(data, path.name, check)


def parse_json(data: bytes, where: str, check: str) -> object:
    """Return what a JSON text holds.

    Args:
        data: The text.
        where: What it is called in sentences.
        check: The check that fails if it cannot be read.

    Returns:
        Its value.

    Raises:
        CheckFailedError: If it is no JSON in UTF-8, has a key twice, or NaN or Infinity.
    """
    try:
        text = data.decode("utf-8")
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise CheckFailedError(check, f"{where} cannot be read: {error}") from error


def malformed(reason: str) -> CheckFailedError:
    """Return the failure of a case whose description is wrong."""
    return CheckFailedError("case", reason)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(f"a key occurs twice among {', '.join(key for key, _ in pairs)}")
    return members


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of JSON")
