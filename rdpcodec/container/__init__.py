"""The .rdp container: bytes to and from frozen dataclasses (spec 3 to 7). Imports no torch."""

from rdpcodec.container.ancillary import (
    name_of,
    pack_alpha,
    pack_icc,
    pack_metadata,
    pack_private,
    pack_rho,
    unpack_alpha,
    unpack_icc,
    unpack_metadata,
    unpack_private,
    unpack_rho,
)
from rdpcodec.container.builder import build, header_bytes
from rdpcodec.container.identify import KIND_RDP, SIGNATURE, kind_of
from rdpcodec.container.inspection import describe
from rdpcodec.container.model import Chunk, Header, RdpFile, join_layers, stated
from rdpcodec.container.parser import parse
from rdpcodec.container.prompt import Prompt, pack_prompt
from rdpcodec.container.size import FileSize, container_bytes, file_size

__all__ = [
    "KIND_RDP",
    "SIGNATURE",
    "Chunk",
    "FileSize",
    "Header",
    "Prompt",
    "RdpFile",
    "build",
    "container_bytes",
    "describe",
    "file_size",
    "header_bytes",
    "join_layers",
    "kind_of",
    "name_of",
    "pack_alpha",
    "pack_icc",
    "pack_metadata",
    "pack_private",
    "pack_prompt",
    "pack_rho",
    "parse",
    "stated",
    "unpack_alpha",
    "unpack_icc",
    "unpack_metadata",
    "unpack_private",
    "unpack_rho",
]
