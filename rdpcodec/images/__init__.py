"""Image files to and from 8-bit pixels."""

from rdpcodec.images.formats import SUFFIXES
from rdpcodec.images.picture import Picture, to_bytes
from rdpcodec.images.reading import picture_from, read_picture, source_limits
from rdpcodec.images.writing import (
    check_format,
    check_suffix,
    encode_picture,
    for_screen,
    png_bytes,
    show,
)

__all__ = [
    "SUFFIXES",
    "Picture",
    "check_format",
    "check_suffix",
    "encode_picture",
    "for_screen",
    "picture_from",
    "png_bytes",
    "read_picture",
    "show",
    "source_limits",
    "to_bytes",
]
