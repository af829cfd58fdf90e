"""Image files to and from 8-bit pixels."""

from rdpcodec.images.alpha import decode_alpha, encode_alpha, with_invisible_filled
from rdpcodec.images.formats import SUFFIXES
from rdpcodec.images.picture import Picture, samples, to_bytes
from rdpcodec.images.reading import picture_from, read_picture, source_limits
from rdpcodec.images.writing import (
    background_of,
    check_format,
    check_suffix,
    encode_picture,
    for_screen,
    not_held,
    on_colour,
    png_bytes,
    show,
)

__all__ = [
    "SUFFIXES",
    "Picture",
    "background_of",
    "check_format",
    "check_suffix",
    "decode_alpha",
    "encode_alpha",
    "encode_picture",
    "for_screen",
    "not_held",
    "on_colour",
    "picture_from",
    "png_bytes",
    "read_picture",
    "samples",
    "show",
    "source_limits",
    "to_bytes",
    "with_invisible_filled",
]
