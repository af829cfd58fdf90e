"""Dataclasses to bytes (spec 3 to 7)."""

from dataclasses import asdict

from rdpcodec.container.ancillary import check_ancillary
from rdpcodec.container.chunks import build_chunk
from rdpcodec.container.identify import SIGNATURE
from rdpcodec.container.layout import DEPTHS, HEADER, HEADER_TYPE, KINDS, MAJOR, PICTURE_TYPE
from rdpcodec.container.model import Chunk, Header, RdpFile
from rdpcodec.container.prior_name import NAMED, prior_number
from rdpcodec.container.prompt import Prompt
from rdpcodec.container.table import build_table
from rdpcodec.layers import CODERS, DEFAULT_PARAMETERS


def build(file: RdpFile) -> bytes:
    """Return the bytes of a file.

    Args:
        file: A file whose layers are all whole; use `RdpFile.truncated` first if they are not.

    Returns:
        The bytes; `parse` gives the same file back.

    Raises:
        ValueError: If layers are missing.
        MalformedError: If a registered ancillary chunk breaks spec 7.
        LimitError: If the ICC profile is above the default limit.
    """
    if file.layers_missing:
        raise ValueError(f"{file.layers_missing} layers are missing; truncate the file first")
    for k, chunk in enumerate(file.ancillary):
        check_ancillary(chunk, file.ancillary[:k], 0, file.header)
    return header_bytes(file.header, file.chunks) + build_chunk(PICTURE_TYPE, file.payload)


def header_bytes(header: Header, between: tuple[Chunk | Prompt, ...] = ()) -> bytes:
    """Return the bytes of a file before its D chunk.

    Args:
        header: The header.
        between: The chunks between H and D.

    Returns:
        Signature, H and these chunks.
    """
    body = header_start(header) + build_table(header.layers, header.coder)
    chunks = [build_chunk(HEADER_TYPE, body)]
    chunks += [build_chunk(chunk.type, chunk.body) for chunk in between]
    return SIGNATURE + b"".join(chunks)


def header_start(header: Header) -> bytes:
    """Return the body of H before its table; its length does not depend on the layers.

    Args:
        header: The header.

    Returns:
        Every field in its only form.
    """
    stated = (header.seed, header.coder_parameter) != (0, DEFAULT_PARAMETERS[header.coder])
    number = prior_number(header.prior_id)
    return HEADER.build(
        {
            "version": {"major": MAJOR, "minor": header.minor},
            "packed": {
                "kind": KINDS.index(header.kind),
                "sixteen_bits": bool(DEPTHS.index(header.depth)),
                "explicit_state": header.state is not None,
                "explicit_seed": stated,
                "coder": CODERS.index(header.coder),
            },
            "width": header.width,
            "height": header.height,
            "state": None if header.state is None else asdict(header.state),
            "prior": {
                "number": number,
                "prior_name": header.prior_id.encode("ascii") if number == NAMED else None,
                "prior_digest": header.prior_digest,
            },
            "randomness": {"seed": header.seed, "coder_parameter": header.coder_parameter},
            "layers": len(header.layers) - 1,
            "table": b"",
        }
    )
