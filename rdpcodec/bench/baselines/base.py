"""What the baselines share: pixels to a state and back, the envelope of a file, a range coder."""

import struct
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, TypeAlias

import constriction
import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array, place
from rdpcodec.bench.ways import Way, read_way
from rdpcodec.chain import Estimator
from rdpcodec.decoder.reconstruction import Noisy
from rdpcodec.domains import Domain
from rdpcodec.images import Picture, to_samples
from rdpcodec.options import DEFAULT_RECONSTRUCTION
from rdpcodec.priors.base import Prior

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Shape = tuple[int, int, int]
RangeEncoder: TypeAlias = Any  # constriction.stream.queue.RangeEncoder, which has no types
RangeDecoder: TypeAlias = Any  # constriction.stream.queue.RangeDecoder, likewise
SEED = 0
_FIELDS = struct.Struct(">BHH")
_CHECKSUM = struct.Struct(">I")
OVERHEAD_BYTES = _FIELDS.size + _CHECKSUM.size
SIDE_MAX = 2**16 - 1
_WORD_BYTES = 4


class BaselineCodec(ABC):
    """A picture to bytes and back with a prior; the file does not name the prior.

    Attributes:
        name: What tables call it.
        kind: The first byte of its files.
    """

    name: str
    kind: int

    def __init__(self, prior: Prior) -> None:
        self._prior = prior

    def encode(self, pixels: Pixels, target_bytes: int) -> bytes:
        """Return the file of a picture.

        Args:
            pixels: (H, W, 3) uint8.
            target_bytes: The size that the file must not exceed and should come near to. Where
                that cannot be had, the nearest setting is used: the coarsest one makes a file of
                some 30 bytes however small the target, the finest may leave bytes unused.

        Returns:
            The file.

        Raises:
            ValueError: If the picture is not (H, W, 3) or has a side over 65535.
        """
        if pixels.ndim != 3:
            raise ValueError(f"the picture has the shape {pixels.shape}, expected (H, W, 3)")
        picture = Picture(pixels)
        x_0 = self._prior.domain(3, picture.height, picture.width).to_state(pixels)
        body = self._body(self._place(x_0), max(0, target_bytes - OVERHEAD_BYTES))
        return seal(Envelope(self.kind, picture.height, picture.width, body))

    def decode(self, data: bytes, rho: float = 0.0) -> Pixels:
        """Return the picture of a file.

        Args:
            data: The file.
            rho: 0 (least distortion) .. 1 (best perception), as in `rdpcodec.decode`.

        Returns:
            (H, W, 3) uint8.

        Raises:
            ValueError: If the file is cut short, damaged or of another codec, or rho is out of
                range.
        """
        envelope = unseal(data, self.kind)
        domain = self._prior.domain(3, envelope.height, envelope.width)
        try:
            state = self._state(envelope.body, domain.shape)
        except (AssertionError, IndexError, OverflowError) as exc:
            raise ValueError(f"the coded data cannot be read: {exc}") from exc
        return to_samples(self._read(state, rho, domain))

    @abstractmethod
    def _body(self, x_0: Array, room_bytes: int) -> bytes:
        """Return the coded bits of a state (1, C, h, w), `room_bytes` at most."""

    @abstractmethod
    def _state(self, body: bytes, shape: Shape) -> Noisy:
        """Return the noisy state that the coded bits lead to."""

    def _estimator(self, rows: int, columns: int) -> Estimator:
        """Return the estimates of states of a size."""
        stride = self._prior.domain(3, 1, 1).state.stride
        return Estimator(self._prior, self._prior.domain(3, rows * stride, columns * stride))

    def _denoise(self, y: Array, sigma: float) -> Array:
        return self._estimator(*y.shape[-2:])(y, sigma)

    def _place(self, values: Floats) -> Array:
        """Return values as an array of the prior's kind."""
        return place(values, self._prior.device)

    def _read(self, state: Noisy, rho: float, domain: Domain) -> Floats:
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"rho is {rho}, expected 0 .. 1")
        way = Way(DEFAULT_RECONSTRUCTION, rho)
        return read_way(way, self._denoise, state, Estimator(self._prior, domain))


@dataclass(frozen=True)
class Envelope:
    """A baseline's file.

    Attributes:
        kind: Which baseline wrote it.
        height: H in pixels.
        width: W in pixels.
        body: The baseline's own bytes.
    """

    kind: int
    height: int
    width: int
    body: bytes


def seal(envelope: Envelope) -> bytes:
    """Return the file: kind (1 byte), height and width (2 each), CRC-32 (4), body.

    Raises:
        ValueError: If a side is over 65535.
    """
    if max(envelope.height, envelope.width) > SIDE_MAX:
        raise ValueError(f"a side is over {SIDE_MAX} pixels")
    fields = _FIELDS.pack(envelope.kind, envelope.height, envelope.width)
    return fields + _CHECKSUM.pack(zlib.crc32(fields + envelope.body)) + envelope.body


def unseal(data: bytes, kind: int) -> Envelope:
    """Return what `seal` put into a file.

    Args:
        data: The file.
        kind: The kind that it must have.

    Returns:
        The envelope; its sides are at least 1.

    Raises:
        ValueError: If the file is cut short, damaged, or of another kind.
    """
    if len(data) < OVERHEAD_BYTES:
        raise ValueError(f"the file has {len(data)} bytes, expected {OVERHEAD_BYTES} at least")
    fields, body = data[: _FIELDS.size], data[OVERHEAD_BYTES:]
    (checksum,) = _CHECKSUM.unpack_from(data, _FIELDS.size)
    if zlib.crc32(fields + body) != checksum:
        raise ValueError("the checksum does not fit: the file is cut short or damaged")
    found, height, width = _FIELDS.unpack(fields)
    if found != kind or height == 0 or width == 0:
        raise ValueError(f"kind {found}, {width} x {height} pixels: not a file of kind {kind}")
    return Envelope(found, height, width, body)


def new_range_encoder() -> RangeEncoder:
    """Return an empty range encoder, of 32-bit words."""
    return constriction.stream.queue.RangeEncoder()


def coded_bytes(encoder: RangeEncoder) -> bytes:
    """Return what has been coded so far, trailing zero bytes removed."""
    return bytes(encoder.get_compressed().astype("<u4").tobytes().rstrip(b"\0"))


def new_range_decoder(data: bytes) -> RangeDecoder:
    """Return a range decoder; zeros follow the data."""
    padded = data + bytes(2 * _WORD_BYTES + -len(data) % _WORD_BYTES)
    return constriction.stream.queue.RangeDecoder(np.frombuffer(padded, "<u4").astype(np.uint32))
