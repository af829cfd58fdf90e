"""The decoder of this package, in this process."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from rdpcodec import codec, container
from rdpcodec.channel import load_coder
from rdpcodec.channel.base import Indices
from rdpcodec.compute import HOST, Compute
from rdpcodec.conformance.case import STREAM, ValidCase, View
from rdpcodec.conformance.decoder import CodedLayer, RefusedError
from rdpcodec.conformance.fields import CheckFailedError
from rdpcodec.container import RdpFile
from rdpcodec.decoder.received import Received
from rdpcodec.errors import RdpError
from rdpcodec.images import Picture, decode_alpha
from rdpcodec.limits import DEFAULT, Limits
from rdpcodec.priors import IN_PACKAGE, load_prior


class Own:
    """This package; it leaves nothing out, and is an editor too."""

    may_lack = False

    def __init__(self, how: Compute = HOST) -> None:
        """Decide where and how finely to compute."""
        self._how = how

    def open(
        self, data: bytes, *, allow_partial: bool = False, limits: Limits = DEFAULT
    ) -> "OwnOpened":
        """Parse a file; see `Decoder`."""
        with _refusing():
            received = codec.open(data, allow_partial=allow_partial, limits=limits)
            name = received.header.prior_id
            if self._how != HOST and name in IN_PACKAGE:
                prior = load_prior(name, self._how.device, self._how.precision, self._how.engine)
                received = codec.open(data, allow_partial=allow_partial, limits=limits, prior=prior)
            return OwnOpened(received, data)


class OwnOpened:
    """A file that this package has parsed."""

    def __init__(self, received: Received, data: bytes) -> None:
        """Keep both; no layer is decoded twice."""
        self._received, self._data = received, data

    @cached_property
    def _indices(self) -> list[Indices]:
        return unpack_symbols(self._received.file)

    def more(self, case: ValidCase) -> list[str]:
        """Check the header, and that an editor that changes nothing writes the same bytes."""
        file = self._received.file
        _check_header(file, case)
        _check_rebuild(file, self._data, case)
        _check_pack(file, self._indices)
        return ["header", "rebuild"]

    def symbols(self) -> list[CodedLayer]:
        """Return the whole layers, coarse to fine."""
        file = self._received.file
        with _refusing():
            return [
                CodedLayer(layer.t, layer.bits, indices.tolist())
                for (layer, _, _), indices in zip(file.steps(), self._indices, strict=True)
            ]

    def picture(self, view: View) -> Picture:
        """Return the picture."""
        received = self._received
        with _refusing():
            if view.layers is not None:
                received = received.layers(view.layers)
            return received.at(
                view.rho, reconstruction=view.reconstruction, evaluations=view.evaluations
            )


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
    if header.depth != 8:
        said["depth"] = header.depth
    stored = container.unpack_alpha(ancillary, header)
    if stored is not None:
        size = header.width, header.height
        alpha = decode_alpha(stored.form, stored.data, *size, header.depth)
        said["alpha_sha256"] = _sha256(alpha.astype(alpha.dtype.newbyteorder(">")).tobytes())
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


@contextmanager
def _refusing() -> Iterator[None]:
    """Say what is refused as the suite asks for it."""
    try:
        yield
    except RdpError as error:
        raise RefusedError(error.issue, error.exit_code, error.message) from error


def _check_header(file: RdpFile, case: ValidCase) -> None:
    found = describe_header(file)
    for key in sorted(found.keys() | case.header.keys()):
        if key not in found:
            raise CheckFailedError("case", f"header has the unknown key {key}")
        if key not in case.header:
            raise CheckFailedError("case", f"header has no {key}")
        if found[key] != case.header[key]:
            message = f"{key} is {found[key]!r}, expected {case.header[key]!r}"
            raise CheckFailedError("header", message)


def _check_rebuild(file: RdpFile, data: bytes, case: ValidCase) -> None:
    if case.allow_partial:
        kept = container.parse(container.build(file.truncated(file.layers_whole)))
        if (kept.payload, kept.chunks) != (file.payload, file.chunks):
            raise CheckFailedError("rebuild", "the whole layers do not survive a rewrite")
    elif container.build(file) != data:
        raise CheckFailedError("rebuild", f"{STREAM} is not what a rewrite of it gives")


def _check_pack(file: RdpFile, symbols: list[Indices]) -> None:
    """The symbols give the bits of the file again."""
    coder = load_coder(file.header.coder, file.header.coder_parameter)
    for indices, (layer, step, bits) in zip(symbols, file.steps(), strict=True):
        if coder.pack(indices, step) != (bits, layer.bits):
            message = f"layer {step.layer}: the symbols do not give its bits again"
            raise CheckFailedError("rebuild", message)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
