"""Pictures in terminals that show pixels, by kitty's graphics protocol.

Source: sw.kovidgoyal.net/kitty/graphics-protocol; kitty, Ghostty, WezTerm and Konsole have it.
"""

import os
from base64 import b64encode
from collections.abc import Mapping

_CHUNK = 4096
_TERMS = ("xterm-kitty", "xterm-ghostty")
_PROGRAMS = ("WezTerm", "ghostty")
_CELL = 8  # pixels; of the smallest usual cell, so that a small picture is not enlarged much


def shows_pixels(environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether the terminal has the protocol, by what it says of itself.

    Args:
        environment: Its variables. Inside tmux and screen the answer is no: they hold it back.
    """
    if environment.get("TMUX") or environment.get("STY"):
        return False
    return (
        environment.get("TERM") in _TERMS
        or environment.get("TERM_PROGRAM") in _PROGRAMS
        or "KITTY_WINDOW_ID" in environment
        or "KONSOLE_VERSION" in environment
    )


def graphics(png: bytes, width: int, columns: int) -> bytes:
    """Return what draws a PNG file at the cursor.

    Args:
        png: The file.
        width: Of the picture, pixels.
        columns: Of the terminal; the picture is made as narrow as that.
    """
    text = b64encode(png)
    chunks = [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
    cells = f",c={columns}" if width > _CELL * columns else ""
    keys = [f"a=T,f=100,q=2{cells},"] + [""] * (len(chunks) - 1)
    more = [1] * (len(chunks) - 1) + [0]
    parts = (
        b"\x1b_G%bm=%d;%b\x1b\\" % (key.encode(), flag, chunk)
        for key, flag, chunk in zip(keys, more, chunks, strict=True)
    )
    return b"".join(parts) + b"\n"
