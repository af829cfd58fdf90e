"""The size of a file as arithmetic: an encoder asks for it many times for each layer."""

from dataclasses import dataclass, replace

from rdpcodec.container.builder import header_start
from rdpcodec.container.chunks import chunk_bytes
from rdpcodec.container.identify import SIGNATURE
from rdpcodec.container.layout import CRC_BYTES, TYPE_BYTES
from rdpcodec.container.model import Chunk, Header, RdpFile
from rdpcodec.container.prompt import Prompt
from rdpcodec.container.table import Place, table_bits
from rdpcodec.layers import Layer

_START = Place()
_FIXED = len(SIGNATURE) + TYPE_BYTES + CRC_BYTES


@dataclass(frozen=True, slots=True)
class FileSize:
    """The size of a file with the layers so far; `plus` gives that with one more.

    Attributes:
        coder: The name of the channel coder.
        start_bytes: The body of H before the table.
        other_bytes: The signature, all chunks between H and D, and the type and the CRC of D.
        table_bits: The bits of the table so far.
        payload_bits: The coded bits so far.
        place: What predicts the next layer.
    """

    coder: str
    start_bytes: int
    other_bytes: int
    table_bits: int = 0
    payload_bits: int = 0
    place: Place = _START

    @classmethod
    def without_layers(cls, header: Header, between: tuple[Chunk | Prompt, ...] = ()) -> "FileSize":
        """Return the size from which an encoder starts.

        Args:
            header: The header; its layers are not counted.
            between: The chunks between H and D.

        Returns:
            A size without layers.
        """
        other = _FIXED + sum(chunk_bytes(len(chunk.body)) for chunk in between)
        return cls(header.coder, len(header_start(header)), other)

    def plus(self, layer: Layer) -> "FileSize":
        """Return the size with one more layer.

        Args:
            layer: The layer.

        Returns:
            A new size.
        """
        return replace(
            self,
            table_bits=self.table_bits + table_bits(layer, self.place, self.coder),
            payload_bits=self.payload_bits + layer.bits,
            place=self.place.after(layer),
        )

    @property
    def container_bytes(self) -> int:
        """All bytes that are not coded picture data."""
        return self.other_bytes + chunk_bytes(self.start_bytes - (-self.table_bits // 8))

    @property
    def file_bytes(self) -> int:
        """The size of the file."""
        return self.container_bytes - (-self.payload_bits // 8)


def file_size(header: Header, between: tuple[Chunk | Prompt, ...] = ()) -> FileSize:
    """Return the size of a file without its payload being known.

    Args:
        header: The header; its layer table gives the length of the payload.
        between: The chunks between H and D.

    Returns:
        The size of every file with this header and these chunks.
    """
    size = FileSize.without_layers(header, between)
    for layer in header.layers:
        size = size.plus(layer)
    return size


def container_bytes(file: RdpFile) -> int:
    """Return the number of bytes that are not coded picture data.

    Args:
        file: The file, as its header announces it.

    Returns:
        Size of the file less ceil(coded bits / 8).
    """
    return file_size(file.header, file.chunks).container_bytes
