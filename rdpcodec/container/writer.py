"""Dataclasses to bytes (spec 3 to 7)."""

from rdpcodec.container.ancillary import check_ancillary
from rdpcodec.container.chunks import build_chunk
from rdpcodec.container.identify import SIGNATURE
from rdpcodec.container.layout import (
    CRC_BYTES,
    HEADER,
    HEADER_TYPE,
    LAYOUT_CHANNELS,
    PICTURE_TYPE,
    TYPE_BYTES,
)
from rdpcodec.container.model import Chunk, Header, RdpFile
from rdpcodec.container.table import build_table
from rdpcodec.container.varint import encode_varint
from rdpcodec.layers import CODERS
from rdpcodec.schedule import SCHEDULES


def build(file: RdpFile) -> bytes:
    """Return the bytes of a file.

    Args:
        file: A file whose layers are all whole; use `RdpFile.truncated` first if they are not.

    Returns:
        The bytes; `parse` gives the same file back.

    Raises:
        ValueError: If layers are missing.
        MalformedError: If a registered ancillary chunk breaks spec 7.
    """
    if file.layers_missing:
        raise ValueError(f"{file.layers_missing} layers are missing; truncate the file first")
    for k, chunk in enumerate(file.ancillary):
        check_ancillary(chunk, file.ancillary[:k], 0)
    return header_bytes(file.header, file.ancillary) + build_chunk(PICTURE_TYPE, file.payload)


def header_bytes(header: Header, ancillary: tuple[Chunk, ...] = ()) -> bytes:
    """Return the bytes of a file before its DT chunk.

    Args:
        header: The header.
        ancillary: The ancillary chunks.

    Returns:
        Signature, HD and ancillary chunks.
    """
    chunks = [build_chunk(HEADER_TYPE, _header_body(header))]
    chunks += [build_chunk(chunk.type, chunk.body) for chunk in ancillary]
    return SIGNATURE + b"".join(chunks)


def file_size(header: Header, ancillary: tuple[Chunk, ...] = ()) -> int:
    """Return the size of a file without its payload being known.

    Args:
        header: The header; its layer table gives the length of the payload.
        ancillary: The ancillary chunks.

    Returns:
        `len(build(file))` of every file with this header and these chunks.
    """
    payload = header.payload_bytes()
    frame = TYPE_BYTES + len(encode_varint(payload)) + CRC_BYTES
    return len(header_bytes(header, ancillary)) + frame + payload


def container_bytes(file: RdpFile) -> int:
    """Return the number of bytes that are not coded picture data.

    Args:
        file: The file, as its header announces it.

    Returns:
        Size of the file less ceil(coded bits / 8).
    """
    return file_size(file.header, file.ancillary) - file.header.payload_bytes()


def _header_body(header: Header) -> bytes:
    packed = {
        "layout": LAYOUT_CHANNELS.index(header.channels),
        "schedule": SCHEDULES.index(header.schedule),
        "coder": CODERS.index(header.coder),
    }
    fields = {
        "major": header.major,
        "minor": header.minor,
        "packed": packed,
        "width": header.width,
        "height": header.height,
        "prior_id": header.prior_id.encode("ascii"),
        "prior_digest": header.prior_digest,
        "seed": header.seed,
        "coder_parameter": header.coder_parameter,
        "layer_count": len(header.layers),
        "table": build_table(header.layers, header.coder),
    }
    return HEADER.build(fields)
