"""The checks of one case, the same for every decoder."""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rdpcodec import container
from rdpcodec.conformance.case import (
    CASE,
    CASES,
    STREAM,
    SYMBOLS,
    ExpectedPicture,
    InvalidCase,
    ValidCase,
    View,
    read_case,
)
from rdpcodec.conformance.decoder import CodedLayer, Decoder, Opened, RefusedError
from rdpcodec.conformance.fields import CheckFailedError, Fields, read_json
from rdpcodec.errors import EXIT_INVALID, EXIT_PRIOR, EXIT_USAGE, ISSUE, RdpError
from rdpcodec.images import Picture, read_picture

_T = TypeVar("_T")
Lacks = tuple[tuple[ISSUE, int], ...]  # refusals that are no failure, with their exit codes
_CODER, _PRIOR, _OPTION = (
    (ISSUE.UNSUPPORTED_FEATURE, EXIT_INVALID),
    (ISSUE.PRIOR_UNAVAILABLE, EXIT_PRIOR),
    (ISSUE.INVALID_OPTION, EXIT_USAGE),
)
# What is found before a coder is looked at (spec 13.1).
_BEFORE_CODER = (
    ISSUE.NOT_RDP,
    ISSUE.REMOTE_DESKTOP_FILE,
    ISSUE.TRANSFER_DAMAGE,
    ISSUE.UNSUPPORTED_MAJOR,
)


class NotSupportedError(Exception):
    """A decoder leaves out what a case is about: it has neither passed nor failed it."""


def check_valid(directory: Path, decoder: Decoder) -> list[str]:
    """Check a file that must be read.

    Args:
        directory: The case.
        decoder: Who has to read it.

    Returns:
        What was checked, in words.

    Raises:
        CheckFailedError: At the first thing that is wrong.
        NotSupportedError: If nothing is wrong, and the decoder leaves something out.
    """
    case = read_case(directory)
    checked = [_check_files(directory, case)]
    data = (directory / STREAM).read_bytes()
    if case.allow_partial:
        _check_cut(data, decoder)
    lacks: Lacks = (_CODER, _OPTION) if decoder.may_lack else ()
    opened = _answer("header", lacks, partial(decoder.open, data, allow_partial=case.allow_partial))
    checked += opened.more(case)
    symbols = _answer("symbols", lacks, opened.symbols)
    checked.append(_check_symbols(symbols, directory, case))
    lacks = (*lacks, _PRIOR) if decoder.may_lack else ()
    checked.append(_check_pictures(directory, opened, case, lacks))
    return checked


def check_invalid(directory: Path, case: InvalidCase, decoder: Decoder) -> list[str]:
    """Check a file that must be refused.

    Args:
        directory: Where it lies.
        case: What to expect.
        decoder: Who has to refuse it.

    Returns:
        What was checked, in words.

    Raises:
        CheckFailedError: If it is read, or refused for another reason.
        NotSupportedError: If it is refused for what the decoder leaves out.
    """
    data = _read(directory / case.file, case.sha256)
    expected = f"{case.issue} with exit code {case.exit_code}"
    try:
        opened = decoder.open(data, allow_partial=case.allow_partial, limits=case.limits)
        opened.picture(View())
    except RefusedError as error:
        if (error.issue, error.exit_code) != (case.issue, case.exit_code):
            if decoder.may_lack and _comes_first(error, data, case):
                raise NotSupportedError(f"{error}, expected {expected}") from error
            raise CheckFailedError(
                "refusal", f"refused with {error}, expected {expected}"
            ) from error
        if not error.message or "\n" in error.message:
            message = f"the refusal {error.issue} says {error.message!r}, expected one sentence"
            raise CheckFailedError("refusal", message) from error
        return [f"refused: {error.message}"]
    raise CheckFailedError("refusal", f"decoded, expected {expected}")


def check_listed(directory: Path, listed: set[str]) -> None:
    """Refuse files that no description names.

    Args:
        directory: The directory.
        listed: The names that belong there.

    Raises:
        CheckFailedError: If there is another one; names that begin with a dot are not looked at.
    """
    found = {path.name for path in directory.iterdir() if not path.name.startswith(".")}
    unknown = found - listed - {CASE, CASES}
    if unknown:
        raise CheckFailedError("files", f"{min(unknown)} is not listed")


def difference(found: Any, expected: Any) -> tuple[float, float]:
    """Return the root mean square and the largest difference of two pictures, in 8-bit levels.

    Args:
        found: Pixels, unsigned integers.
        expected: Pixels of the same shape and type.

    Returns:
        Both.
    """
    delta = (found.astype(np.float64) - expected) * (255 / np.iinfo(expected.dtype).max)
    return float(np.sqrt(np.mean(delta**2))), float(np.abs(delta).max())


def _answer(check: str, lacks: Lacks, ask: Callable[[], _T]) -> _T:
    """Return what a decoder answers; a refusal fails the check, unless it may leave that out."""
    try:
        return ask()
    except RefusedError as error:
        if (error.issue, error.exit_code) in lacks:
            raise NotSupportedError(str(error)) from error
        raise CheckFailedError(check, f"refused with {error}") from error


def _comes_first(refused: RefusedError, data: bytes, case: InvalidCase) -> bool:
    """Say whether a decoder that leaves something out notices that before a fault (spec 13.1)."""
    found = (refused.issue, refused.exit_code)
    if found == _PRIOR:
        return case.issue != ISSUE.BAD_ANCILLARY and _is_parsed(data, case)
    return found == _OPTION or (found == _CODER and case.issue not in _BEFORE_CODER)


def _is_parsed(data: bytes, case: InvalidCase) -> bool:
    """Say whether a fault is found only where the picture is decoded."""
    try:
        container.parse(data, limits=case.limits, allow_partial=case.allow_partial)
    except RdpError:
        return False
    return True


def _check_files(directory: Path, case: ValidCase) -> str:
    check_listed(directory, set(case.files))
    for name, digest in case.files.items():
        _read(directory / name, digest)
    return _count(len(case.files), "file")


def _check_cut(data: bytes, decoder: Decoder) -> None:
    """A cut file is refused unless its whole layers are asked for."""
    expected = (ISSUE.TRUNCATED, EXIT_INVALID)
    try:
        decoder.open(data).symbols()
    except RefusedError as error:
        if (error.issue, error.exit_code) == expected:
            return
    raise CheckFailedError("header", f"not refused with {ISSUE.TRUNCATED}, which a cut file is")


def _check_symbols(found: list[CodedLayer], directory: Path, case: ValidCase) -> str:
    expected = _expected_symbols(directory)
    if len(found) != len(expected) or len(found) > len(case.layers):
        message = f"{len(found)} layers, expected {len(expected)}"
        raise CheckFailedError("symbols", message)
    for k, (layer, indices) in enumerate(zip(found, expected, strict=True)):
        if layer.indices != indices:
            message = f"layer {k}: {_first_difference(layer.indices, indices)}"
            raise CheckFailedError("symbols", message)
        if (layer.t, layer.bits) != case.layers[k]:
            message = f"layer {k}: t and bits are {layer.t} and {layer.bits}"
            raise CheckFailedError("symbols", f"{message}, expected {case.layers[k]}")
    symbols, layers = _count(sum(map(len, expected)), "symbol"), _count(len(found), "layer")
    return f"{symbols} of {layers}"


def _expected_symbols(directory: Path) -> list[list[int]]:
    symbols = Fields(read_json(directory / SYMBOLS, "symbols"), SYMBOLS)
    layers: list[list[int]] = symbols.take("layers", list)
    symbols.done()
    for k, layer in enumerate(layers):
        if type(layer) is not list or not all(type(index) is int for index in layer):
            raise CheckFailedError("symbols", f"layer {k} of {SYMBOLS} is not a list of integers")
    return layers


def _first_difference(found: list[int], expected: list[int]) -> str:
    if len(found) != len(expected):
        return f"{len(found)} symbols, expected {len(expected)}"
    at = next(i for i, pair in enumerate(zip(found, expected, strict=True)) if pair[0] != pair[1])
    return f"symbol {at} is {found[at]}, expected {expected[at]}"


def _check_pictures(directory: Path, opened: Opened, case: ValidCase, lacks: Lacks) -> str:
    """Look at the pictures of few layers first, so that no layer need be decoded twice."""
    worst_rms = worst_peak = 0.0
    left_out: NotSupportedError | None = None
    for expected in sorted(case.pictures, key=lambda picture: picture.layers):
        if not 1 <= expected.layers <= case.layers_whole:
            raise CheckFailedError("case", f"layers of {expected.file} is {expected.layers}")
        try:
            picture = _answer("pictures", lacks, partial(opened.picture, expected))
        except NotSupportedError as error:
            left_out = left_out or error
            continue
        rms, peak = _check_picture(directory, picture, expected, case)
        worst_rms, worst_peak = max(worst_rms, rms), max(worst_peak, peak)
    if left_out:
        raise left_out
    pictures_said = _count(len(case.pictures), "picture")
    return f"{pictures_said} (rms error {worst_rms:.3f}, peak error {worst_peak:.3g} at most)"


def _check_picture(
    directory: Path, picture: Picture, expected: ExpectedPicture, case: ValidCase
) -> tuple[float, float]:
    name = expected.file
    try:
        kept = read_picture(directory / name)[0]
    except RdpError as error:
        raise CheckFailedError("pictures", f"{name}: {error.issue}: {error}") from error
    found, wanted = _form(picture), _form(kept)
    if found != wanted:
        message = f"{name}: the picture is {found}, expected {wanted}"
        raise CheckFailedError("pictures", message)
    icc = None if picture.icc is None else _sha256(picture.icc)
    if icc != case.header["icc_sha256"]:
        raise CheckFailedError("pictures", f"{name}: the picture has not the ICC profile")
    if not np.array_equal(_alpha_of(picture), _alpha_of(kept)):
        raise CheckFailedError("pictures", f"{name}: the picture has another alpha")
    rms, peak = difference(picture.pixels, kept.pixels)
    _check_tolerance(f"{name}: rms error", rms, expected.rms_error)
    _check_tolerance(f"{name}: peak error", peak, expected.peak_error)
    return rms, peak


def _form(picture: Picture) -> str:
    """Return what has to agree before pixels can be compared."""
    return f"{picture.pixels.shape} {picture.pixels.dtype}"


def _alpha_of(picture: Picture) -> Any:
    """Return alpha, one number for an opaque picture."""
    return 255 if picture.alpha is None else picture.alpha


def _check_tolerance(what: str, found: float, tolerance: float) -> None:
    if not found <= tolerance:
        message = f"{what} {found:.3f} is above the tolerance {tolerance:g}"
        raise CheckFailedError("pictures", message)


def _read(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckFailedError("files", f"{path.name} is missing") from error
    found = _sha256(data)
    if found != digest:
        message = f"{path.name} has the SHA-256 {found}, expected {digest}"
        raise CheckFailedError("files", message)
    return data


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
