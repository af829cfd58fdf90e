"""What values an option accepts: each check returns the plain value, or refuses by a sentence.

Numbers are taken from any library that can tell them exactly: `np.int64(5)`, `5.0` and a tensor
of one element are 5; `True`, `"5"` and `5.5` are not.
"""

import math
import operator
import reprlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from numbers import Real
from typing import TypeGuard

from rdpcodec.errors import ISSUE, UsageError

Check = Callable[[str, object], object]
LONGEST_INTEGER_BITS = 256


def invalid(option: str, found: str, expected: str) -> UsageError:
    """Return the error of an option whose value is `found`."""
    return UsageError(ISSUE.INVALID_OPTION, f"{option} is {found}, expected {expected}")


def shown(value: object) -> str:
    """Return a value as a sentence can hold it: short, and on one line."""
    if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER_BITS:
        return f"an integer of {value.bit_length()} bits"  # Python may refuse to print it
    return str(value) if _is_number(value) else " ".join(reprlib.repr(value).split())


def integer(low: int, high: int | None = None, meaning: str = "") -> Check:
    """Return the check of an integer in `low` .. `high`, of any type whose value is integral."""
    expected = f"{low}..{high}" if high is not None else f"{low} or more"

    def check(name: str, value: object) -> int:
        found = _integral(_plain(value))
        if found is None or found < low or (high is not None and found > high):
            raise invalid(name, shown(value), f"{expected}{meaning}")
        return found

    return check


def real(expected: str, accepts: Callable[[float], bool]) -> Check:
    """Return the check of a finite number that `accepts`; `expected` says which in words."""

    def check(name: str, value: object) -> float:
        number = _plain(value)
        found = _float(number) if _is_number(number) else math.nan
        if not (math.isfinite(found) and accepts(found)):
            raise invalid(name, shown(value), expected)
        return found

    return check


def one_of(names: Sequence[str]) -> Check:
    """Return the check of a name."""

    def check(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in names:
            raise invalid(name, value if isinstance(value, str) else shown(value), any_of(names))
        return value

    return check


def that(expected: str, accepts: Callable[[object], bool]) -> Check:
    """Return the check of an object that `accepts`; `expected` says which in words."""

    def check(name: str, value: object) -> object:
        if not accepts(value):
            raise invalid(name, shown(value), expected)
        return value

    return check


def flag(name: str, value: object) -> bool:
    """Check a yes or no."""
    found = _plain(value)
    if not isinstance(found, bool):
        raise invalid(name, shown(value), any_of(("True", "False")))
    return found


def any_of(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    return " or ".join(names)


def _plain(value: object) -> object:
    """Return the Python number in a number of numpy or torch; all else as it is."""
    if getattr(value, "ndim", None) == 0 and (item := getattr(value, "item", None)):
        return item()
    return value


def _is_number(value: object) -> TypeGuard[Real | Decimal]:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _float(number: Real | Decimal) -> float:
    try:
        return float(number)
    except (OverflowError, ValueError):  # an integer above all floats, a signalling NaN
        return math.nan


def _integral(number: object) -> int | None:
    """Return the integer that a number is, None if it is none."""
    if not _is_number(number):
        return None
    try:
        return operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        whole = int(number) if math.isfinite(_float(number)) else None  # type: ignore[arg-type]
        return whole if whole == number else None
