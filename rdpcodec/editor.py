"""A coarser file from a file, without decoding: what the specification calls an editor (1, 6)."""

from dataclasses import dataclass
from typing import Unpack

from rdpcodec import container
from rdpcodec.container import FileSize, RdpFile
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.options import TrimKeywords, TrimOptions, bytes_at
from rdpcodec.ranges import invalid


@dataclass(frozen=True)
class Trimmed:
    """A file and what was left of it.

    Attributes:
        data: The bytes of the coarser .rdp file.
        file: The same, parsed.
        layers_before: How many layers there were, those of a truncated file that are lost included.
    """

    data: bytes
    file: RdpFile
    layers_before: int


def trim(data: bytes, **options: Unpack[TrimKeywords]) -> bytes:
    """Return a file with its coarsest layers only; nothing is decoded and no prior is needed.

    Args:
        data: The bytes of an .rdp file.
        options: The fields of `rdpcodec.options.TrimOptions`.

    Returns:
        The bytes of the coarser file, those that an encoder writes with these layers; all other
        chunks and the minor version are kept.

    Raises:
        UsageError: If not exactly one goal is given, or the file does not hold it.
        RdpError: If the file is not valid; see spec 13.

    Example:
        >>> import numpy as np
        >>> import rdpcodec
        >>> ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (24, 1))
        >>> master = rdpcodec.encode(ramp, prior="gaussian-1", t=1500)
        >>> small = rdpcodec.trim(master, bpp=1)
        >>> len(small) <= ramp.size / 8 < len(master)
        True
        >>> rdpcodec.trim(master, layers=3) == rdpcodec.trim(small, layers=3)
        True
    """
    return trim_as(data, TrimOptions(**options)).data


def trim_as(data: bytes, options: TrimOptions) -> Trimmed:
    """Trim a file as `trim` does, with options that are already checked."""
    limits, partial = options.limits, options.allow_partial
    file = container.parse(data, limits=limits, allow_partial=partial)
    kept = file.truncated(_layers(file, options))
    return Trimmed(container.build(kept), kept, len(file.header.layers))


def _layers(file: RdpFile, options: TrimOptions) -> int:
    """Return how many layers to keep."""
    whole, header = file.layers_whole, file.header
    if options.layers is not None:
        if options.layers > whole:
            raise invalid("layers", str(options.layers), f"1..{whole}, the layers of this file")
        return options.layers
    if options.bpp is not None:
        return _fitting(file, bytes_at(options.bpp, header.width * header.height))
    return whole if options.target_bytes is None else _fitting(file, options.target_bytes)


def _fitting(file: RdpFile, limit: int) -> int:
    """Return how many layers fit into a number of bytes."""
    size = FileSize.without_layers(file.header, file.chunks)
    for count, layer in enumerate(file.header.layers[: file.layers_whole]):
        size = size.plus(layer)
        if size.file_bytes > limit:
            if count == 0:
                raise _too_small(limit, size.file_bytes)
            return count
    return file.layers_whole


def _too_small(limit: int, smallest: int) -> UsageError:
    message = (
        f"the target of {limit} bytes is too small for this file, which has {smallest} bytes with "
        f"its coarsest layer alone"
    )
    return UsageError(ISSUE.TARGET_TOO_SMALL, message)
