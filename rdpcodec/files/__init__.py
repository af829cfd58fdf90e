"""Input files within a limit, and output files that appear whole or not at all."""

from rdpcodec.files.addresses import (
    Address,
    Place,
    place,
    prepare_place,
    read_place,
    write_place,
)
from rdpcodec.files.descriptors import descriptor_of
from rdpcodec.files.reading import read_file, read_stream
from rdpcodec.files.writing import check_output, same_file, write_atomic

__all__ = [
    "Address",
    "Place",
    "check_output",
    "descriptor_of",
    "place",
    "prepare_place",
    "read_file",
    "read_place",
    "read_stream",
    "same_file",
    "write_atomic",
    "write_place",
]
