"""Input files within a limit, and output files that appear whole or not at all."""

from rdpcodec.files.descriptors import descriptor_of
from rdpcodec.files.reading import read_file, read_stream
from rdpcodec.files.writing import check_output, same_file, write_atomic

__all__ = [
    "check_output",
    "descriptor_of",
    "read_file",
    "read_stream",
    "same_file",
    "write_atomic",
]
