"""`rdpcodec view --browser`: a page with a slider for rho, saved or opened."""

from pathlib import Path
from typing import TYPE_CHECKING

from rdpcodec.cli.inspect import header_rows
from rdpcodec.cli.messages import naming, say
from rdpcodec.cli.options import FormatName
from rdpcodec.cli.overwriting import check_overwriting, rdp
from rdpcodec.cli.reading import Opened, Reading, open_file, receiving
from rdpcodec.cli.streams import check_destination, is_stdout, read_input, write_output
from rdpcodec.cli.terminal import has_display
from rdpcodec.container import describe, unpack_icc, unpack_rho
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.options import DEFAULT_RHO

if TYPE_CHECKING:
    from rdpcodec.images import Picture

_SUFFIXES = (".html", ".htm")


def browse(
    out: str | None,
    reading: Reading,
    *,
    original: str | None,
    chosen: FormatName | None,
    force: bool,
) -> None:
    """Make a page of a file, and save or open it.

    Args:
        out: A path or `-`; None to open the page in a browser.
        reading: What to read, and how.
        original: The picture to show beside it.
        chosen: Not for pages.
        force: Replace an input or an .rdp picture.

    Raises:
        RdpError: If the file or the options are not valid, or the output cannot be written.
    """
    _check_options(out, reading, chosen)
    if out is not None:
        check_destination(out)
        inputs = {"FILE": reading.file, "--original": original}
        check_overwriting(out, inputs=inputs, keep=rdp, force=force)
    opened = open_file(reading)
    beside = None if original is None else _original(original, opened)
    page = _page(opened, beside)
    if out is None:
        _open(page, reading)
        return
    write_output(out, page)
    if not reading.quiet:
        say(f"{reading.file} -> {out}: {len(page)} bytes; open it in a browser")


def open_page(reading: Reading) -> None:
    """Make a page of a file and open it, whether or not there is a terminal.

    Args:
        reading: What to read.

    Raises:
        RdpError: If the file is not valid.
    """
    _open(_page(open_file(reading), None), reading)


def _check_options(out: str | None, reading: Reading, chosen: FormatName | None) -> None:
    """Refuse what a page has no use for."""
    message = ""
    if chosen is not None:
        message = "--format is for pictures, a page of --browser is HTML"
    elif out is not None and not is_stdout(out) and Path(out).suffix.lower() not in _SUFFIXES:
        message = f"the output {out} of --browser is a page, expected a name that ends in .html"
    elif out is None and not has_display():
        message = "there is no display to open a page on, expected -o PAGE.html to save it"
    message = message or _of_no_use(reading)
    if message:
        raise UsageError(ISSUE.INVALID_OPTION, message)


def _of_no_use(reading: Reading) -> str:
    """Return what is wrong with how a file is to be read, nothing for what a page can show."""
    if reading.depth is not None:
        return "--depth and --browser exclude each other: a page shows 8 bits"
    if reading.rho_map is not None:
        return "--rho-map and --browser exclude each other: the page has a brush"
    if reading.reconstruction == "ode":
        return "--reconstruction is ode, expected geodesic: a page blends its two ends"
    if reading.average not in (None, 1):
        return "--average and --browser exclude each other"
    return ""


def _original(name: str, opened: Opened) -> "Picture":
    from rdpcodec.images import read_picture, source_limits  # noqa: PLC0415 - loads numpy

    with naming(name):
        picture, _ = read_picture(read_input(name, source_limits()))
    header = opened.parsed.header
    if (picture.width, picture.height) != (header.width, header.height):
        raise UsageError(
            ISSUE.INVALID_OPTION,
            f"the original {name} has {picture.width} x {picture.height} pixels, "
            f"expected {header.width} x {header.height} as in {opened.reading.file}",
        )
    return picture


def _page(opened: Opened, original: "Picture | None") -> bytes:
    from rdpcodec.browser import Subject, page_of  # noqa: PLC0415 - loads the codec

    reading, parsed = opened.reading, opened.parsed
    hint = unpack_rho(parsed.ancillary)
    default = DEFAULT_RHO if hint is None else hint
    subject = Subject(
        title=Path(reading.file).name,
        rho=default if reading.rho is None else reading.rho,
        icc=unpack_icc(parsed.ancillary) if opened.has_profile else None,
        rows=header_rows(describe(parsed, opened.file_bytes)),
        original=original,
    )
    with receiving(opened) as received:
        text = page_of(
            received, subject, evaluations=reading.evaluations, symmetries=reading.symmetries
        )
    return text.encode()


def _open(page: bytes, reading: Reading) -> None:
    """Open a page, which stays where it is for as long as the browser may want it."""
    import tempfile  # noqa: PLC0415 - keeps `inspect` fast
    import webbrowser  # noqa: PLC0415 - the same

    folder = Path(tempfile.mkdtemp(prefix="rdpcodec-"))
    path = folder / "page.html"
    path.write_bytes(page)
    opened = webbrowser.open(path.as_uri())
    if not reading.quiet or not opened:
        say(f"{reading.file} -> {path}" + ("" if opened else "; no browser was found to open it"))
