"""Image files to and from pixels of 8 and 16 bits."""

from rdpcodec.images.alpha import decode_alpha, encode_alpha, with_invisible_filled
from rdpcodec.images.formats import SUFFIXES
from rdpcodec.images.picture import (
    Picture,
    Pixels,
    at_depth,
    depth_of,
    to_samples,
    white_of,
    with_alpha_last,
    with_depth,
)
from rdpcodec.images.reading import picture_from, read_picture, source_limits
from rdpcodec.images.writing import (
    background_of,
    check_format,
    check_suffix,
    depth_for,
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
    "Pixels",
    "at_depth",
    "background_of",
    "check_format",
    "check_suffix",
    "decode_alpha",
    "depth_for",
    "depth_of",
    "encode_alpha",
    "encode_picture",
    "for_screen",
    "not_held",
    "on_colour",
    "picture_from",
    "png_bytes",
    "read_picture",
    "show",
    "source_limits",
    "to_samples",
    "white_of",
    "with_alpha_last",
    "with_depth",
    "with_invisible_filled",
]
