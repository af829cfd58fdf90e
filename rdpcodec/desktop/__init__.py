"""What a freedesktop desktop is told of .rdp pictures: their type, a thumbnailer, a viewer."""

from rdpcodec.desktop.entries import MIME, entries
from rdpcodec.desktop.installation import data_home, install, remove

__all__ = ["MIME", "data_home", "entries", "install", "remove"]
