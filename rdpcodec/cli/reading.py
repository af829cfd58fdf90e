"""An .rdp file to a picture, as `view` and `decompress` do."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rdpcodec.cli.messages import naming, say
from rdpcodec.cli.options import PrecisionName, ReconstructionName
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import read_input
from rdpcodec.container import RdpFile, parse, unpack_alpha, unpack_icc
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.options import DecodeOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rdpcodec.images import Picture


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How to read a file; the fields are the arguments and options of both commands.

    Attributes:
        file: The file as the user named it, a path or `-`.
        rho: As in `DecodeOptions`, as are all others without a line here.
        rho_map: A grey picture that holds rho, in place of the number.
        drop_profile: Leave the ICC profile out of the picture.
        background: The colour on which a transparent picture is laid; None keeps its alpha.
        quiet: Say nothing.
    """

    file: str
    rho: float | None
    rho_map: str | None
    reconstruction: ReconstructionName | None
    layers: int | None
    prior: str | None
    evaluations: int | None
    average: int | None
    symmetries: int | None
    vae_tiles: bool
    allow_partial: bool
    drop_profile: bool
    background: str | None
    device: str
    precision: PrecisionName
    threads: int | None
    quiet: bool


@dataclass(frozen=True)
class Opened:
    """A file whose header is known and whose picture is not yet decoded.

    Attributes:
        reading: How to read it.
        file_bytes: Its size in bytes.
        parsed: The file, parsed; nothing parses it again.
        has_profile: Whether the picture will have an ICC profile.
        has_alpha: Whether the file has alpha.
    """

    reading: Reading
    file_bytes: int
    parsed: RdpFile
    has_profile: bool
    has_alpha: bool


def open_file(reading: Reading) -> Opened:
    """Read a file and its header, with a line for what is missing or left out.

    Args:
        reading: How to read it.

    Returns:
        The file.

    Raises:
        RdpError: If it cannot be read, or is not valid.
    """
    with naming(reading.file):
        data = read_input(reading.file)
        parsed = parse(data, allow_partial=reading.allow_partial)
        profile = unpack_icc(parsed.ancillary) is not None
    if parsed.layers_missing:
        total = len(parsed.header.layers)
        _note(reading, f"the file is cut, {parsed.layers_whole} of {total} layers are whole")
    if profile and reading.drop_profile:
        _note(reading, "the ICC profile is left out, colours may look different")
    if reading.background is not None:
        from rdpcodec.images import background_of  # noqa: PLC0415 - loads numpy

        background_of(reading.background, parsed.header.channels)
    alpha = unpack_alpha(parsed.ancillary, parsed.header) is not None
    return Opened(reading, len(data), parsed, profile and not reading.drop_profile, alpha)


def decode(opened: Opened) -> "Picture":
    """Decode the picture.

    Args:
        opened: The file.

    Returns:
        The picture, without its profile if that is to be dropped.

    Raises:
        RdpError: As `codec.open` and `Received.at`.
    """
    reading = opened.reading
    rho = _rho(reading)
    with progress("loading the prior", quiet=reading.quiet) as shown, naming(reading.file):
        from rdpcodec import codec  # noqa: PLC0415 - loads the codec
        from rdpcodec.images import on_colour  # noqa: PLC0415 - loads numpy

        options = DecodeOptions(
            layers=reading.layers,
            prior=reading.prior,
            vae_tiles=reading.vae_tiles,
            allow_partial=reading.allow_partial,
            device=reading.device,
            precision=reading.precision,
            threads=reading.threads,
            progress=shown,
        )
        received = codec.receive_as(opened.parsed, opened.file_bytes, options)
        picture = received.at(
            rho,
            reconstruction=reading.reconstruction,
            evaluations=reading.evaluations,
            average=reading.average,
            symmetries=reading.symmetries,
        )
    if reading.background is not None:
        picture = on_colour(picture, reading.background)
    return picture if opened.has_profile else replace(picture, icc=None)


def _rho(reading: Reading) -> "float | NDArray[np.uint8] | None":
    """Return rho as the user gave it: a number, the pixels of a grey picture, or nothing."""
    if reading.rho_map is None:
        return reading.rho
    if reading.rho is not None:
        raise UsageError(ISSUE.INVALID_OPTION, "--rho and --rho-map exclude each other")
    from rdpcodec.images import read_picture, source_limits  # noqa: PLC0415 - loads numpy

    with naming(reading.rho_map):
        picture, _ = read_picture(read_input(reading.rho_map, source_limits()), opaque=True)
    pixels = picture.grey
    if pixels is None:
        message = f"the map of rho, {reading.rho_map}, is in colour, expected a grey picture"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    return pixels


def _note(reading: Reading, sentence: str) -> None:
    if not reading.quiet:
        say(f"note: {reading.file}: {sentence}")
