"""The files of a desktop, as text.

Sources: the Shared MIME-info Database 0.21 and Desktop Entry 1.5 specifications of freedesktop.org,
and GNOME's thumbnailer entries.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import PurePosixPath

MIME = "image/x-rdp"
_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
# Remote Desktop's files are named *.rdp as well. Where several types have a name, the magic of the
# file decides among them; so both types are told, whether or not a client of theirs is installed.
_TYPES = f"""<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{MIME}">
    <comment>rdpcodec picture</comment>
    <magic priority="80">
      <match type="string" offset="0" value="\\x89RDP\\r\\n"/>
    </magic>
    <glob pattern="*.rdp"/>
    <glob pattern="*.rdpic"/>
  </mime-type>
  <mime-type type="application/x-rdp">
    <comment>Remote Desktop connection</comment>
    <magic priority="60">
{{magic}}
    </magic>
    <glob pattern="*.rdp"/>
  </mime-type>
</mime-info>
"""
_SETTINGS = ("screen mode id:", "full address:", "redirect", "use multimon:", "desktopwidth:")


def _remote_desktop() -> str:
    """Return how such files begin: a setting, in UTF-8 or UTF-16, with or without a mark."""
    values = []
    for setting in _SETTINGS:
        wide = "".join(f"{letter}\\x00" for letter in setting)
        values += [setting, f"\\xef\\xbb\\xbf{setting}", f"\\xff\\xfe{wide}"]
    return "\n".join(f'      <match type="string" offset="0" value="{v}"/>' for v in values)


def entries(command: Sequence[str] | None = None) -> dict[PurePosixPath, str]:
    """Return the files, by their paths below a data directory such as ~/.local/share.

    Args:
        command: What runs rdpcodec; this Python with this package when None.
    """
    run = [sys.executable, "-m", "rdpcodec"] if command is None else list(command)
    words = " ".join(_word(each) for each in run)
    return {
        PurePosixPath("mime/packages/rdpcodec.xml"): _TYPES.format(magic=_remote_desktop()),
        PurePosixPath("thumbnailers/rdpcodec.thumbnailer"): (
            "[Thumbnailer Entry]\n"
            f"TryExec={run[0]}\n"
            f"Exec={words} desktop thumbnail --size %s -- %i %o\n"
            f"MimeType={MIME};\n"
        ),
        PurePosixPath("applications/rdpcodec.desktop"): (
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Name=rdpcodec\n"
            "GenericName=Picture Viewer\n"
            "Comment=View .rdp pictures at any rho\n"
            f"TryExec={run[0]}\n"
            f"Exec={words} desktop open -- %f\n"
            "Icon=image-x-generic\n"
            "Terminal=false\n"
            "Categories=Graphics;Viewer;\n"
            f"MimeType={MIME};\n"
        ),
    }


def _word(text: str) -> str:
    """Return one argument of an Exec line: % is a field code, backslashes are read twice."""
    text = text.replace("%", "%%")
    if _PLAIN.fullmatch(text):
        return text
    quoted = re.sub(r'(["`$\\])', r"\\\1", text).replace("\\", "\\\\")
    return f'"{quoted}"'
