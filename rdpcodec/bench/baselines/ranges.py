"""The range coder of the baselines: bytes to and from constriction's 32-bit words."""

from typing import Any, TypeAlias

import constriction
import numpy as np

WORD_BYTES = 4
Encoder: TypeAlias = Any  # constriction.stream.queue.RangeEncoder, which has no types
Decoder: TypeAlias = Any  # constriction.stream.queue.RangeDecoder, likewise


def new_encoder() -> Encoder:
    """Return an empty range encoder."""
    return constriction.stream.queue.RangeEncoder()


def to_bytes(encoder: Encoder) -> bytes:
    """Return what has been coded so far, trailing zero bytes removed."""
    return bytes(encoder.get_compressed().astype("<u4").tobytes().rstrip(b"\0"))


def new_decoder(data: bytes) -> Decoder:
    """Return a range decoder; zeros follow the data."""
    padded = data + bytes(2 * WORD_BYTES + -len(data) % WORD_BYTES)
    return constriction.stream.queue.RangeDecoder(np.frombuffer(padded, "<u4").astype(np.uint32))
