"""`rdpcodec verify`."""

from rdpcodec.cli.messages import naming
from rdpcodec.cli.options import PriorSource, Quiet, RdpInput
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import print_text, read_input
from rdpcodec.container import RdpFile, parse
from rdpcodec.options import DecodeOptions


def verify(file: RdpInput, *, prior: PriorSource = None, quiet: Quiet = False) -> None:
    """Check an .rdp file: its structure, that its prior is here, and its coded data.

    Example: rdpcodec verify photo.rdp
    """
    with naming(file):
        data = read_input(file)
        parsed = parse(data)
        _print(f"structure: ok, {_size(parsed, data)}", quiet=quiet)
        with progress("loading the prior", quiet=quiet):
            _check_prior(parsed, prior)
        digest = parsed.header.prior_digest.hex()
        _print(f"prior: ok, {parsed.header.prior_id} with digest {digest} is here", quiet=quiet)
        _check_alpha(parsed)
        indices = _unpack(parsed)
        _print(f"data: ok, {parsed.layers_whole} layers unpack to {indices} indices", quiet=quiet)


def _print(line: str, *, quiet: bool) -> None:
    if not quiet:
        print_text(f"{line}\n")


def _size(parsed: RdpFile, data: bytes) -> str:
    header = parsed.header
    return (
        f"{len(data)} bytes, {len(parsed.chunks) + 2} chunks with matching checksums, "
        f"{header.width} x {header.height} pixels, {len(header.layers)} layers"
    )


def _check_prior(parsed: RdpFile, source: str | None) -> None:
    from rdpcodec.decoder.file_prior import prior_of  # noqa: PLC0415 - loads the codec

    prior_of(parsed, DecodeOptions(prior=source))


def _check_alpha(parsed: RdpFile) -> None:
    from rdpcodec.codec import receive_as  # noqa: PLC0415 - loads the codec

    _ = receive_as(parsed, 0, DecodeOptions()).alpha  # decoded as it is asked for


def _unpack(parsed: RdpFile) -> int:
    """Unpack the coded data of every layer and return the number of indices."""
    from rdpcodec.channel import load_coder  # noqa: PLC0415 - loads numpy

    header = parsed.header
    coder = load_coder(header.coder, header.coder_parameter)
    return sum(len(coder.unpack(bits, step)) for _, step, bits in parsed.steps())
