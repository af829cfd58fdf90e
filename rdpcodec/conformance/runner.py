"""Find the cases of a directory, run them all, keep what came of each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rdpcodec.conformance.case import CASE, CASES, read_cases
from rdpcodec.conformance.checks import (
    NotSupportedError,
    check_invalid,
    check_listed,
    check_valid,
)
from rdpcodec.conformance.decoder import Decoder
from rdpcodec.conformance.fields import CheckFailedError
from rdpcodec.conformance.own import Own
from rdpcodec.errors import ISSUE, ConformanceError

VALID = "valid"
INVALID = "invalid"
REASON_MAX = 400

Progress = Callable[[str, int, int], None]
Check = Callable[[], list[str]]


@dataclass(frozen=True)
class Result:
    """What came of a case.

    Attributes:
        name: Its path below the directory that was run.
        checked: What was checked and found right, in words; empty unless the case passed.
        check: The check that failed, None if none did.
        reason: Why it failed, or what the decoder leaves out, one sentence.
    """

    name: str
    checked: tuple[str, ...] = ()
    check: str | None = None
    reason: str | None = None

    @property
    def verdict(self) -> str:
        """`pass`, `FAIL` or `not supported`."""
        if self.check is not None:
            return "FAIL"
        return "pass" if self.reason is None else "not supported"

    def __str__(self) -> str:
        """Return one line."""
        words = {
            "pass": ", ".join(self.checked),
            "FAIL": f"{self.check}: {self.reason}",
            "not supported": self.reason,
        }
        return f"{self.verdict} {self.name}: {words[self.verdict]}"


@dataclass(frozen=True)
class ConformanceReport:
    """What came of all cases, in their order."""

    results: tuple[Result, ...]

    @property
    def passed(self) -> tuple[Result, ...]:
        """The cases where all is right."""
        return self._of("pass")

    @property
    def failed(self) -> tuple[Result, ...]:
        """The cases with a failure."""
        return self._of("FAIL")

    @property
    def not_supported(self) -> tuple[Result, ...]:
        """The cases about what the decoder leaves out."""
        return self._of("not supported")

    @property
    def supports_none(self) -> bool:
        """Whether the decoder has passed no case; the list of files is none."""
        return all(result.name.endswith(CASES) for result in self.passed)

    def _of(self, verdict: str) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.verdict == verdict)


def run(
    directory: Path,
    progress: Progress | None = None,
    decoder: Decoder | None = None,
    jobs: int = 1,
) -> ConformanceReport:
    """Run all conformance cases of a directory.

    Args:
        directory: `fixtures` itself, with `valid` and `invalid` in it (`must_fail`, which tests
            the checker, is left out); or one of these two; or one case of `valid`.
        progress: Called with the phase, the cases done and all cases.
        decoder: Who is judged; this package by default.
        jobs: How many cases to run at once.

    Returns:
        What came of each.

    Raises:
        ConformanceError: If there is no such directory, or no case in it.
    """
    cases = _find(directory, decoder or Own())
    results = []
    with ThreadPoolExecutor(jobs) as pool:
        for result in (map if jobs == 1 else pool.map)(_result, cases):
            results.append(result)
            if progress:
                progress("checking", len(results), len(cases))
    return ConformanceReport(tuple(results))


def _result(case: tuple[str, Check]) -> Result:
    name, check = case
    try:
        return Result(name, tuple(check()))
    except NotSupportedError as error:
        return Result(name, reason=_sentence(str(error)))
    except CheckFailedError as error:
        return Result(name, check=error.check, reason=_sentence(error.reason))
    except Exception as error:  # noqa: BLE001 - a decoder that crashes has failed the case
        return Result(name, check="crash", reason=_sentence(f"{type(error).__name__}: {error}"))


def _sentence(text: str) -> str:
    """Return what a decoder may have a part in as one line that can be shown."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return line if len(line) <= REASON_MAX else f"{line[: REASON_MAX - 3]}..."


def _find(directory: Path, decoder: Decoder) -> list[tuple[str, Check]]:
    if not directory.is_dir():
        raise _error(f"{directory} is not a directory, expected one with fixtures")
    halves = [directory / VALID, directory / INVALID]
    if not any(half.is_dir() for half in halves):
        return _cases(directory, "", decoder)
    for half in halves:
        if not half.is_dir():
            raise _error(
                f"{directory} has no directory {half.name}, expected {VALID} and {INVALID}"
            )
    return [case for half in halves for case in _cases(half, f"{half.name}/", decoder)]


def _cases(directory: Path, prefix: str, decoder: Decoder) -> list[tuple[str, Check]]:
    if (directory / CASE).exists():
        return [(directory.name, partial(check_valid, directory, decoder))]
    if (directory / CASES).exists():
        return _invalid_cases(directory, prefix, decoder)
    entries = [path for path in sorted(directory.iterdir()) if not path.name.startswith(".")]
    if not entries:
        raise _error(f"{directory} is empty, expected {CASE}, {CASES} or directories of cases")
    if not any(path.is_dir() for path in entries):
        raise _error(f"{directory} holds no {CASE}, no {CASES} and no directory of a case")
    return [(prefix + path.name, partial(check_valid, path, decoder)) for path in entries]


def _invalid_cases(directory: Path, prefix: str, decoder: Decoder) -> list[tuple[str, Check]]:
    """Return a check of each file, and one of the index."""
    try:
        cases = read_cases(directory)
    except CheckFailedError as error:
        return [(prefix + CASES, partial(_raise, error))]
    index: Check = partial(_check_index, directory, {case.file for case in cases})
    checks: list[tuple[str, Check]] = [(prefix + CASES, index)]
    return checks + [
        (prefix + case.file, partial(check_invalid, directory, case, decoder)) for case in cases
    ]


def _check_index(directory: Path, listed: set[str]) -> list[str]:
    check_listed(directory, listed)
    return [f"{len(listed)} files are listed"]


def _raise(error: CheckFailedError) -> list[str]:
    raise error


def _error(message: str) -> ConformanceError:
    return ConformanceError(ISSUE.CONFORMANCE_FAILURE, message)
