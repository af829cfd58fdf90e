"""A decoded picture to an image file; what the header rules out is refused before decoding."""

from dataclasses import replace
from pathlib import Path

from rdpcodec.cli.messages import say
from rdpcodec.cli.options import FormatName
from rdpcodec.cli.overwriting import check_overwriting, has_image_suffix, rdp
from rdpcodec.cli.reading import Opened, Reading, decode, open_file
from rdpcodec.cli.streams import check_destination, is_stdout, write_output
from rdpcodec.errors import ISSUE, UsageError

_DEFAULT_SUFFIX = ".png"
_SAME = {".tiff": ".tif"}


def save(out: str, reading: Reading, *, chosen: FormatName | None, force: bool) -> None:
    """Read a file and save its picture.

    Args:
        out: A path or `-`.
        reading: What to read, and how.
        chosen: The format; that of the extension when None, PNG for standard output.
        force: Replace an input or an .rdp picture.

    Raises:
        RdpError: If the file or the options are not valid, or the output cannot be written.
    """
    from rdpcodec.images import (  # noqa: PLC0415 - loads numpy
        check_suffix,
        depth_for,
        encode_picture,
        not_held,
    )

    suffix = _suffix(out, chosen)
    check_suffix(suffix)
    check_destination(out)
    inputs = {"FILE": reading.file, "--rho-map": reading.rho_map}
    check_overwriting(out, inputs=inputs, keep=rdp, force=force)
    opened = open_file(reading)
    _check_header(opened, suffix)
    meant = reading.depth or opened.parsed.header.depth
    depth = depth_for(suffix, reading.depth, meant)
    picture = decode(replace(opened, reading=replace(reading, depth=depth)))
    write_output(out, encode_picture(picture, suffix))
    lost = not_held(suffix, picture, meant)
    if lost and not reading.quiet:
        say(f"note: {out}: {suffix} is written without {' and '.join(lost)}, .png has all")
    if not reading.quiet:
        say(f"{reading.file} -> {out}: {picture.width} x {picture.height} pixels")


def _check_header(opened: Opened, suffix: str) -> None:
    from rdpcodec.images import check_format  # noqa: PLC0415 - loads numpy

    header = opened.parsed.header
    check_format(
        suffix,
        header.width,
        header.height,
        header.channels,
        profile=opened.has_profile,
        alpha=opened.has_alpha and opened.reading.background is None,
    )


def _suffix(out: str, chosen: FormatName | None) -> str:
    """Return the extension that names the format; `--format` may not contradict the name."""
    named = "" if is_stdout(out) else Path(out).suffix.lower()
    if chosen is None:
        return _DEFAULT_SUFFIX if is_stdout(out) else named
    suffix = f".{chosen}"
    if has_image_suffix(Path(out)) and _SAME.get(named, named) != suffix:
        message = f"--format is {chosen}, but the output {out} ends in {named}"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    return suffix
