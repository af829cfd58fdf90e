"""The checks of one case, each against the public functions of the codec."""

import hashlib
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from rdpcodec import codec, container
from rdpcodec.channel import load_coder
from rdpcodec.channel.base import Indices
from rdpcodec.compute import HOST, Compute
from rdpcodec.conformance.case import (
    CASE,
    CASES,
    STREAM,
    SYMBOLS,
    ExpectedPicture,
    InvalidCase,
    ValidCase,
    read_case,
)
from rdpcodec.conformance.fields import CheckFailedError, Fields, read_json
from rdpcodec.container import RdpFile
from rdpcodec.decoder.received import Received
from rdpcodec.errors import ISSUE, RdpError
from rdpcodec.images import Picture, decode_alpha, read_picture
from rdpcodec.priors import load_prior


def check_valid(directory: Path, how: Compute = HOST) -> list[str]:
    """Check a file that must be read.

    Args:
        directory: The case.
        how: Where and how finely to compute.

    Returns:
        What was checked, in words.

    Raises:
        CheckFailedError: At the first thing that is wrong.
    """
    case = read_case(directory)
    checked = [_check_files(directory, case)]
    data = (directory / STREAM).read_bytes()
    received = _open(data, case, how)
    file = received.file
    checked.append(_check_header(file, case))
    checked.append(_check_rebuild(file, data, case))
    checked.append(_check_symbols(file, directory))
    checked.append(_check_pictures(directory, received, case))
    return checked


def check_invalid(directory: Path, case: InvalidCase) -> list[str]:
    """Check a file that must be refused.

    Args:
        directory: Where it lies.
        case: What to expect.

    Returns:
        What was checked, in words.

    Raises:
        CheckFailedError: If it is read, or refused for another reason.
    """
    data = _read(directory / case.file, case.sha256)
    expected = f"{case.issue} with exit code {case.exit_code}"
    try:
        codec.decode(data, limits=case.limits, allow_partial=case.allow_partial)
    except RdpError as error:
        found = f"{error.issue} with exit code {error.exit_code}"
        if found != expected:
            message = f"refused with {found} ({error}), expected {expected}"
            raise CheckFailedError("refusal", message) from error
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


def describe_header(file: RdpFile) -> dict[str, Any]:
    """Return what a decoder finds in a file before it decodes, as `case.json` has it.

    Args:
        file: The parsed file.

    Returns:
        JSON values only.
    """
    header, ancillary = file.header, file.ancillary
    icc, rho = container.unpack_icc(ancillary), container.unpack_rho(ancillary)
    said: dict[str, Any] = {} if file.prompt is None else {"prompt": file.prompt.text}
    stored = container.unpack_alpha(ancillary, header)
    if stored is not None:
        alpha = decode_alpha(stored.form, stored.data, header.width, header.height)
        said["alpha_sha256"] = _sha256(alpha.tobytes())
    return said | {
        "minor": header.minor,
        "width": header.width,
        "height": header.height,
        "kind": header.kind,
        "state": list(header.state_shape),
        "prior_id": header.prior_id,
        "prior_digest": header.prior_digest.hex(),
        "seed": header.seed,
        "coder": header.coder,
        "coder_parameter": header.coder_parameter,
        "layers": [{"t": layer.t, "q": layer.q, "bits": layer.bits} for layer in header.layers],
        "layers_whole": file.layers_whole,
        "ancillary": [{"type": c.type, "sha256": _sha256(c.body)} for c in ancillary],
        "rho_hint": rho,
        "icc_sha256": None if icc is None else _sha256(icc),
    }


def unpack_symbols(file: RdpFile) -> list[Indices]:
    """Return the channel indices of every whole layer.

    Args:
        file: The parsed file.

    Returns:
        One vector of integers per layer, coarse to fine.
    """
    coder = load_coder(file.header.coder, file.header.coder_parameter)
    return [coder.unpack(bits, step) for _, step, bits in file.steps()]


def difference(found: Any, expected: Any) -> tuple[float, float]:
    """Return the root mean square and the largest difference of two pictures, in 8-bit levels.

    Args:
        found: uint8 pixels.
        expected: uint8 pixels of the same shape.

    Returns:
        Both.
    """
    delta = found.astype(np.float64) - expected.astype(np.float64)
    return float(np.sqrt(np.mean(delta**2))), float(np.abs(delta).max())


def _check_files(directory: Path, case: ValidCase) -> str:
    check_listed(directory, set(case.files))
    for name, digest in case.files.items():
        _read(directory / name, digest)
    return _count(len(case.files), "file")


def _open(data: bytes, case: ValidCase, how: Compute) -> Received:
    if case.allow_partial:
        _check_cut(data)
    try:
        received = codec.open(data, allow_partial=case.allow_partial)
        if how == HOST:
            return received
        prior = load_prior(received.header.prior_id, how.device, how.precision, how.engine)
        return codec.open(data, allow_partial=case.allow_partial, prior=prior)
    except RdpError as error:
        raise CheckFailedError("header", f"refused with {error.issue}: {error}") from error


def _check_cut(data: bytes) -> None:
    """A cut file is refused unless its whole layers are asked for."""
    try:
        container.parse(data)
    except RdpError as error:
        if error.issue == ISSUE.TRUNCATED:
            return
    raise CheckFailedError("header", f"not refused with {ISSUE.TRUNCATED}, which a cut file is")


def _check_header(file: RdpFile, case: ValidCase) -> str:
    found = describe_header(file)
    for key in sorted(found.keys() | case.header.keys()):
        if key not in found:
            raise CheckFailedError("case", f"header has the unknown key {key}")
        if key not in case.header:
            raise CheckFailedError("case", f"header has no {key}")
        if found[key] != case.header[key]:
            message = f"{key} is {found[key]!r}, expected {case.header[key]!r}"
            raise CheckFailedError("header", message)
    return "header"


def _check_rebuild(file: RdpFile, data: bytes, case: ValidCase) -> str:
    """An editor that changes nothing writes the same bytes."""
    if case.allow_partial:
        kept = container.parse(container.build(file.truncated(file.layers_whole)))
        if (kept.payload, kept.chunks) != (file.payload, file.chunks):
            raise CheckFailedError("rebuild", "the whole layers do not survive a rewrite")
    elif container.build(file) != data:
        raise CheckFailedError("rebuild", f"{STREAM} is not what a rewrite of it gives")
    return "rebuild"


def _check_symbols(file: RdpFile, directory: Path) -> str:
    expected = _expected_symbols(directory)
    found = [indices.tolist() for indices in unpack_symbols(file)]
    if len(found) != len(expected):
        message = f"{len(found)} layers, expected {len(expected)}"
        raise CheckFailedError("symbols", message)
    for k, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        if ours != theirs:
            raise CheckFailedError("symbols", f"layer {k}: {_first_difference(ours, theirs)}")
    _check_pack(file, expected)
    symbols, layers = _count(sum(map(len, found)), "symbol"), _count(len(found), "layer")
    return f"{symbols} of {layers}"


def _check_pack(file: RdpFile, symbols: list[list[int]]) -> None:
    """The symbols give the bits of the file again."""
    coder = load_coder(file.header.coder, file.header.coder_parameter)
    for indices, (layer, step, bits) in zip(symbols, file.steps(), strict=True):
        packed = coder.pack(np.array(indices, dtype=np.int64), step)
        if packed != (bits, layer.bits):
            message = f"layer {step.layer}: the symbols do not give its bits again"
            raise CheckFailedError("symbols", message)


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


def _check_pictures(directory: Path, received: Received, case: ValidCase) -> str:
    worst_rms = worst_peak = 0.0
    by_layers = sorted(case.pictures, key=lambda picture: picture.layers)
    for layers, group in groupby(by_layers, key=lambda picture: picture.layers):
        pictures = list(group)
        if not 1 <= layers <= received.file.layers_whole:
            raise CheckFailedError("case", f"layers of {pictures[0].file} is {layers}")
        coarser = received.layers(layers)
        for expected in pictures:
            rms, peak = _check_picture(directory, coarser, expected, case)
            worst_rms, worst_peak = max(worst_rms, rms), max(worst_peak, peak)
    pictures_said = _count(len(case.pictures), "picture")
    return f"{pictures_said} (rms error {worst_rms:.3f}, peak error {worst_peak:.0f} at most)"


def _check_picture(
    directory: Path, received: Received, expected: ExpectedPicture, case: ValidCase
) -> tuple[float, float]:
    name = expected.file
    try:
        picture = received.at(
            expected.rho, reconstruction=expected.reconstruction, evaluations=expected.evaluations
        )
        kept = read_picture(directory / name)[0]
    except RdpError as error:
        raise CheckFailedError("pictures", f"{name}: {error.issue}: {error}") from error
    pixels = kept.pixels
    if picture.pixels.shape != pixels.shape:
        message = f"{name}: the picture is {picture.pixels.shape}, expected {pixels.shape}"
        raise CheckFailedError("pictures", message)
    icc = None if picture.icc is None else _sha256(picture.icc)
    if icc != case.header["icc_sha256"]:
        raise CheckFailedError("pictures", f"{name}: the picture has not the ICC profile")
    if not np.array_equal(_alpha_of(picture), _alpha_of(kept)):
        raise CheckFailedError("pictures", f"{name}: the picture has another alpha")
    rms, peak = difference(picture.pixels, pixels)
    _check_tolerance(f"{name}: rms error", rms, expected.rms_error)
    _check_tolerance(f"{name}: peak error", peak, expected.peak_error)
    return rms, peak


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
