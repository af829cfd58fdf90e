"""What a case says: `case.json` and `cases.json` to frozen dataclasses (spec/case.schema.json)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from rdpcodec.conformance.fields import Fields, malformed, read_json
from rdpcodec.limits import Limits
from rdpcodec.options import EVALUATIONS_MAX, RECONSTRUCTIONS

CASE = "case.json"
CASES = "cases.json"
STREAM = "stream.rdp"
SYMBOLS = "symbols.json"
RMS_MAX = 1.0
PEAK_MAX = 4.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LIMIT_NAMES = frozenset(field.name for field in fields(Limits))
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class View:
    """One way to read a file.

    Attributes:
        rho: 0..1.
        reconstruction: `ode` or `geodesic`.
        evaluations: Denoiser evaluations of the reconstruction.
        layers: How many layers to read; None for all that are whole.
    """

    rho: float = 0
    reconstruction: str = "geodesic"
    evaluations: int = 10
    layers: int | None = None


@dataclass(frozen=True, kw_only=True)
class ExpectedPicture(View):
    """A picture that a decoder has to obtain.

    Attributes:
        file: The PNG file with its pixels.
        layers: How many layers to read.
        rms_error: Tolerance of the root mean square difference, in 8-bit levels.
        peak_error: Tolerance of the largest difference, in 8-bit levels.
    """

    file: str
    layers: int
    rms_error: float
    peak_error: float


@dataclass(frozen=True, kw_only=True)
class ValidCase:
    """A file that every decoder has to read.

    Attributes:
        header: What a decoder finds in the file before it decodes, as in `describe_header`.
        layers: (t, bits) of each layer of the header.
        layers_whole: How many of them the file holds.
        allow_partial: The file is cut; it is refused unless this is asked for.
        files: The SHA-256 of every other file of the case.
        pictures: What it decodes to.
    """

    header: Mapping[str, Any]
    layers: tuple[tuple[int, int], ...]
    layers_whole: int
    allow_partial: bool
    files: Mapping[str, str]
    pictures: tuple[ExpectedPicture, ...]


@dataclass(frozen=True, kw_only=True)
class InvalidCase:
    """A file that every decoder has to refuse.

    Attributes:
        file: Its name.
        issue: The id of the refusal.
        exit_code: The exit code of the command line.
        sha256: Of the file.
        limits: Limits that replace the default ones.
        allow_partial: Whether whole layers of a cut file are asked for.
    """

    file: str
    issue: str
    exit_code: int
    sha256: str
    limits: Limits
    allow_partial: bool


def read_case(directory: Path) -> ValidCase:
    """Read `case.json`.

    Args:
        directory: The case.

    Returns:
        The case.

    Raises:
        CheckFailedError: If it does not follow the schema.
    """
    case = Fields(read_json(directory / CASE), CASE)
    for text in ("description", "origin", "licence"):
        _text(case, text)
    sections = case.take("spec_sections", list)
    if not sections or not all(isinstance(section, str) for section in sections):
        raise malformed("spec_sections is not a list of section numbers")
    header = case.take("header", dict)
    shared = Fields(header, "header")
    found = ValidCase(
        header=header,
        layers=_each(shared.take("layers", list), _layer, "layers"),
        layers_whole=shared.take("layers_whole", int),
        allow_partial=case.take("allow_partial", bool),
        files=_digests(case.take("files", dict)),
        pictures=_each(case.take("pictures", list), _picture, "pictures"),
    )
    case.done()
    _check_names(found)
    return found


def read_cases(directory: Path) -> tuple[InvalidCase, ...]:
    """Read `cases.json`.

    Args:
        directory: The directory of invalid files.

    Returns:
        Its cases, at least one.

    Raises:
        CheckFailedError: If it does not follow the schema.
    """
    index = Fields(read_json(directory / CASES), CASES)
    cases = _each(index.take("cases", list), _invalid, "cases")
    index.done()
    if len({case.file for case in cases}) < len(cases):
        raise malformed(f"{CASES} names a file twice")
    return cases


def _each(members: list[object], parse: Callable[[Fields], _T], what: str) -> tuple[_T, ...]:
    if not members:
        raise malformed(f"{what} is empty, so that nothing would be checked")
    return tuple(parse(Fields(member, f"{what}[{k}]")) for k, member in enumerate(members))


def _layer(layer: Fields) -> tuple[int, int]:
    return layer.take("t", int), layer.take("bits", int)


def _picture(picture: Fields) -> ExpectedPicture:
    found = ExpectedPicture(
        file=_name(picture.take("file", str)),
        rho=picture.number("rho", 0, 1),
        reconstruction=picture.take("reconstruction", str),
        evaluations=picture.take("evaluations", int),
        layers=picture.take("layers", int),
        rms_error=picture.number("rms_error", 0, RMS_MAX),
        peak_error=picture.number("peak_error", 0, PEAK_MAX),
    )
    picture.done()
    if found.reconstruction not in RECONSTRUCTIONS or not 1 <= found.evaluations <= EVALUATIONS_MAX:
        raise malformed(f"the reconstruction or the evaluations of {found.file} are unknown")
    return found


def _invalid(case: Fields) -> InvalidCase:
    _text(case, "why")
    limits = case.take("limits", dict) if case.has("limits") else {}
    allow_partial = case.take("allow_partial", bool) if case.has("allow_partial") else False
    found = InvalidCase(
        file=_name(case.take("file", str)),
        issue=case.take("issue", str),
        exit_code=case.take("exit_code", int),
        sha256=_sha256(case.take("sha256", str)),
        limits=_limits(limits),
        allow_partial=allow_partial,
    )
    case.done()
    return found


def _limits(members: dict[str, object]) -> Limits:
    unknown = set(members) - _LIMIT_NAMES
    if unknown:
        raise malformed(f"limits has the unknown key {min(unknown)}")
    return Limits(**Fields(members, "limits").integers())


def _check_names(case: ValidCase) -> None:
    """Hold the list of files against what the pictures need."""
    pictures = [picture.file for picture in case.pictures]
    needed = {STREAM, SYMBOLS, *pictures}
    if len(set(pictures)) < len(pictures):
        raise malformed("pictures names a file twice")
    if needed != set(case.files):
        differing = min(needed ^ set(case.files))
        raise malformed(f"{differing} is in files or needed, but not both")


def _digests(members: dict[str, object]) -> dict[str, str]:
    files = Fields(members, "files")
    found = {_name(name): _sha256(files.take(name, str)) for name in members}
    files.done()
    return found


def _text(case: Fields, key: str) -> None:
    if not case.take(key, str).strip():
        raise malformed(f"{key} is empty, expected a sentence")


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise malformed(f"{name!r} is not a plain file name")
    return name


def _sha256(digest: str) -> str:
    if not _SHA256.fullmatch(digest):
        raise malformed(f"{digest!r} is not a SHA-256 in hexadecimal")
    return digest
