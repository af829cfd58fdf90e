"""A picture in the terminal: two pixels per character, upper and lower half of a block."""

import shutil
from typing import TYPE_CHECKING

from rdpcodec.cli.streams import DASH, write_output

if TYPE_CHECKING:
    from rdpcodec.images import Picture

Colour = list[int]
Row = list[Colour]
_RESET = "\x1b[0m"


def print_picture(picture: "Picture") -> None:
    """Write a picture to standard output, scaled to the width of the terminal.

    Args:
        picture: The picture.

    Raises:
        OutputError: If it cannot be written.
        PipeClosedError: If the reader of standard output is gone.
    """
    from rdpcodec.images import for_screen  # noqa: PLC0415 - loads numpy

    rows: list[Row] = for_screen(picture, shutil.get_terminal_size().columns).tolist()
    lines = [_line(rows[k : k + 2]) for k in range(0, len(rows), 2)]
    write_output(DASH, "".join(lines).encode())


def _line(rows: list[Row]) -> str:
    """Return one line of text for two rows of pixels, or for a last odd one."""
    return f"{''.join(_cell(*column) for column in zip(*rows, strict=True))}{_RESET}\n"


def _cell(upper: Colour, lower: Colour | None = None) -> str:
    """Return a half block: the upper pixel is its ink, the lower one its ground."""
    ground = "49" if lower is None else f"48;2;{_joined(lower)}"
    return f"\x1b[38;2;{_joined(upper)};{ground}m▀"


def _joined(colour: Colour) -> str:
    return ";".join(map(str, colour))
