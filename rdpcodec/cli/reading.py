"""An .rdp file to a picture, as `view` and `decompress` do."""

from contextlib import contextmanager
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
    from collections.abc import Iterator

    from rdpcodec.decoder.received import Received
    from rdpcodec.images import Picture
    from rdpcodec.options import Map


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
    rho: float | None = None
    rho_map: str | None = None
    reconstruction: ReconstructionName | None = None
    layers: int | None = None
    prior: str | None = None
    evaluations: int | None = None
    average: int | None = None
    symmetries: int | None = None
    vae_tiles: bool = False
    allow_partial: bool = False
    drop_profile: bool = False
    background: str | None = None
    device: str = "cpu"
    precision: PrecisionName = "float32"
    threads: int | None = None
    quiet: bool = False


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
    rho = rho_of(reading)
    with receiving(opened) as received:
        picture = received.at(
            rho,
            reconstruction=reading.reconstruction,
            evaluations=reading.evaluations,
            average=reading.average,
            symmetries=reading.symmetries,
        )
    if reading.background is not None:
        from rdpcodec.images import on_colour  # noqa: PLC0415 - loads numpy

        picture = on_colour(picture, reading.background)
    return picture if opened.has_profile else replace(picture, icc=None)


def decode_options(reading: Reading) -> DecodeOptions:
    """Return the options that concern a file, not one of its pictures."""
    return DecodeOptions(
        layers=reading.layers,
        prior=reading.prior,
        vae_tiles=reading.vae_tiles,
        allow_partial=reading.allow_partial,
        device=reading.device,
        precision=reading.precision,
        threads=reading.threads,
    )


@contextmanager
def receiving(opened: Opened) -> "Iterator[Received]":
    """Hand out the picture of a file, with progress on the screen and errors that name the file.

    Args:
        opened: The file.

    Yields:
        The picture, not yet decoded.
    """
    reading = opened.reading
    with progress("loading the prior", quiet=reading.quiet) as shown, naming(reading.file):
        from rdpcodec import codec  # noqa: PLC0415 - loads the codec

        options = replace(decode_options(reading), progress=shown)
        yield codec.receive_as(opened.parsed, opened.file_bytes, options)


def rho_of(reading: Reading) -> "float | Map | None":
    """Return rho as the user gave it: a number, the pixels of a grey picture, or nothing."""
    if reading.rho_map is None:
        return reading.rho
    if reading.rho is not None:
        raise UsageError(ISSUE.INVALID_OPTION, "--rho and --rho-map exclude each other")
    return read_map(reading.rho_map, "the map of rho")


def read_map(name: str, what: str) -> "Map":
    """Read a grey picture that says something of each pixel.

    Args:
        name: A path or `-`.
        what: What it is, for the sentence.

    Returns:
        (H, W) uint8, or float32 in 0..1 where the picture has 16 bits.

    Raises:
        UsageError: If it is in colour.
        RdpError: If it cannot be read.
    """
    import numpy as np  # noqa: PLC0415 - the command line starts without it

    from rdpcodec.images import read_picture, source_limits, white_of  # noqa: PLC0415 - the same

    with naming(name):
        picture, _ = read_picture(read_input(name, source_limits()), opaque=True)
    pixels = picture.grey
    if pixels is None:
        message = f"{what}, {name}, is in colour, expected a grey picture"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    return pixels if picture.depth == 8 else pixels / np.float32(white_of(pixels))


def _note(reading: Reading, sentence: str) -> None:
    if not reading.quiet:
        say(f"note: {reading.file}: {sentence}")
