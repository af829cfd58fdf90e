"""A picture in the terminal: its pixels where it shows them, else two of them per character.

Of a character the upper half of a block is one pixel, its ground the other.
"""

import os
import sys
from typing import TYPE_CHECKING

from rdpcodec.cli.kitty import graphics, shows_pixels
from rdpcodec.cli.streams import DASH, write_output
from rdpcodec.errors import ISSUE, UsageError

if TYPE_CHECKING:
    from rich.color import ColorSystem
    from rich.console import Console

    from rdpcodec.images import Picture

Colour = list[int]
Row = list[Colour]
_BLOCK = "▀"
_ENOUGH = ("256", "truecolor")


def has_display() -> bool:
    """Say whether a person sits at a terminal of a desktop."""
    if sys.stdout is None or not sys.stdout.isatty():
        return False
    desktop = sys.platform in ("darwin", "win32")
    return desktop or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def check_terminal() -> None:
    """Refuse to draw where it would not be a picture, before the work is done.

    Raises:
        UsageError: If standard output is no terminal, has fewer than 256 colours, wants none
            (NO_COLOR, TERM=dumb), or cannot show block characters.
    """
    lacks = _lacks()
    if lacks:
        message = f"{lacks}, so the picture cannot be drawn; save it with -o picture.png"
        raise UsageError(ISSUE.INVALID_OPTION, message)


def print_picture(picture: "Picture") -> None:
    """Draw a picture on the terminal, at most as wide; as blocks in 2^24 or in 256 colours.

    Args:
        picture: The picture.

    Raises:
        UsageError: As for `check_terminal`.
        OutputError: If it cannot be written.
        PipeClosedError: If the reader of standard output is gone.
    """
    from rich.color import ColorSystem  # noqa: PLC0415 - keeps `inspect` fast

    from rdpcodec.images import Picture, for_screen, png_bytes  # noqa: PLC0415 - loads numpy

    check_terminal()
    console = _console()
    if shows_pixels():
        seen = Picture(for_screen(picture, picture.width))
        write_output(DASH, graphics(png_bytes(seen), seen.width, console.width))
        return
    deep = console.color_system == "truecolor"
    colours = ColorSystem.TRUECOLOR if deep else ColorSystem.EIGHT_BIT
    rows: list[Row] = for_screen(picture, console.width).tolist()
    lines = [_line(rows[k : k + 2], colours) for k in range(0, len(rows), 2)]
    write_output(DASH, "".join(lines).encode(console.encoding))


def _lacks() -> str | None:
    """Return what standard output lacks, None if a picture can be drawn there."""
    if sys.stdout is None or not sys.stdout.isatty():
        return "standard output is no terminal"
    console = _console()
    if console.no_color or console.is_dumb_terminal:
        return "the terminal is to show no colours (NO_COLOR or TERM=dumb)"
    if console.color_system not in _ENOUGH:
        return "the terminal has fewer than 256 colours by TERM and COLORTERM"
    try:
        _BLOCK.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return f"the terminal's encoding {console.encoding} has no block characters"
    return None


def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415 - keeps `inspect` fast

    return Console(file=sys.stdout, force_terminal=sys.stdout.isatty())


def _line(rows: list[Row], colours: "ColorSystem") -> str:
    """Return one line of text for two rows of pixels, or for a last odd one."""
    return "".join(_cell(colours, *column) for column in zip(*rows, strict=True)) + "\n"


def _cell(colours: "ColorSystem", upper: Colour, lower: Colour | None = None) -> str:
    """Return a half block: the upper pixel is its ink, the lower one its ground."""
    from rich.color import Color  # noqa: PLC0415 - keeps `inspect` fast
    from rich.style import Style  # noqa: PLC0415 - keeps `inspect` fast

    ground = None if lower is None else Color.from_rgb(*lower)
    return Style(color=Color.from_rgb(*upper), bgcolor=ground).render(_BLOCK, color_system=colours)
