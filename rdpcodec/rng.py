"""Shared randomness: counter-based 64-bit words, the same on every machine (spec 8).

Both sides of the channel draw the same words from Philox4x64-10 (Salmon et al. 2011). Only the
raw integers of the generator are used; no floating-point distribution is ever sampled, because
libraries promise integers, not normals, to stay the same.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

WORD_BITS = 64
BLOCK = 1 << 16
MAX_SEED = 2**WORD_BITS - 1


class Stream(IntEnum):
    """What a stream of words is for; the number is part of the key (spec 8.2)."""

    PERMUTATION = 0
    SIGNS = 1
    CODEBOOK = 2
    LABELS = 3
    ARRIVALS = 4
    SAMPLES = 5
    PROBE = 6


def words(seed: int, stream: Stream, index: int, count: int) -> NDArray[np.uint64]:
    """Return the first `count` words of one stream.

    Args:
        seed: The file's seed, 0 .. 2**64 - 1; first word of the Philox key.
        stream: What the words are for.
        index: Which stream of its kind (the layer, for example), 0 .. 2**32 - 1.
        count: Number of words.

    Returns:
        (count,) uint64, every bit fair and independent for our purposes.

    Raises:
        ValueError: If the seed or the index is out of range.

    Source:
        Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; spec 8.
    """
    if not 0 <= seed <= MAX_SEED or not 0 <= index < 2**32:
        raise ValueError(f"seed {seed} or stream index {index} is out of range")
    key = np.array([seed, (int(stream) << 32) | index], dtype=np.uint64)
    # NumPy steps its counter before each block, so this start makes block b use the counter b.
    before_zero = np.full(4, MAX_SEED, dtype=np.uint64)
    return np.random.Philox(key=key, counter=before_zero).random_raw(count)


def sign_bits(seed: int, stream: Stream, index: int, count: int) -> NDArray[np.uint8]:
    """Return the bits behind the first `count` signs of a stream, eight to a byte.

    Args:
        seed: As in `words`.
        stream: As in `words`.
        index: As in `words`.
        count: Number of signs.

    Returns:
        Bytes of whole words, at least count / 8; the lowest bit of each is its first, 0 for +1.
    """
    drawn = words(seed, stream, index, -(-count // WORD_BITS))
    return drawn.astype("<u8", copy=False).view(np.uint8)


def signs(seed: int, stream: Stream, index: int, count: int) -> NDArray[np.int8]:
    """Return the first `count` signs of a stream, 64 to a word, lowest bit first.

    Args:
        seed: As in `words`.
        stream: As in `words`.
        index: As in `words`.
        count: Number of signs.

    Returns:
        (count,) int8: +1 for a bit 0, -1 for a bit 1.
    """
    drawn = sign_bits(seed, stream, index, count)
    bits = np.unpackbits(drawn, count=count, bitorder="little")
    return np.int8(1) - 2 * bits.view(np.int8)


def permutation(seed: int, size: int) -> NDArray[np.uint32]:
    """Return the file's permutation: positions sorted by random 32-bit keys, ties by position.

    Args:
        seed: The file's seed.
        size: Number of positions, under 2**32.

    Returns:
        (size,) uint32; entry i is the position that comes i-th.
    """
    low = np.uint64(0xFFFFFFFF)
    keys = words(seed, Stream.PERMUTATION, 0, size)
    for first in range(0, size, BLOCK):  # no second array of this size
        block = keys[first : first + BLOCK]
        block &= ~low
        block |= np.arange(first, first + block.size, dtype=np.uint64)
    keys.sort()
    for first in range(0, size, BLOCK):  # into the first half; the second is given back
        block = keys[first : first + BLOCK] & low
        keys.view(np.uint32)[first : first + block.size] = block
    keys.resize(-(-size // 2), refcheck=False)
    return keys.view(np.uint32)[:size]
