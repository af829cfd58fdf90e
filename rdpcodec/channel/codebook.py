"""The codewords that both channel coders choose from (spec 9.1).

A codebook of 1024 codewords of unit variance comes from 1024 random signs: with w their
Walsh-Hadamard transform divided by 32, entry i of codeword m is w[m XOR (i mod 1024)]. The
codewords are orthogonal, and every entry is an integer over 32, so all machines agree on them.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.channel.base import Floats, Indices
from rdpcodec.layers import ChannelStep

CODEWORDS = 1024
BLOCK_BITS = 20
BLOCK = 32


def wave(step: ChannelStep, block: int) -> Floats:
    """Return w, the wave that a codebook is made of.

    Args:
        step: The step.
        block: The lane (`trellis`) or the block of candidates (`pfr`), under 2**20.

    Returns:
        (1024,) float32 of mean square 1.

    Source:
        Two Walsh-Hadamard transforms with random signs between them; spec 9.1.
    """
    index = (step.layer << BLOCK_BITS) | block
    drawn = rng.signs(step.seed, rng.Stream.CODEBOOK, index, CODEWORDS)
    return walsh_hadamard(drawn.astype(np.float32)) / np.float32(32)


def codewords(w: Floats, width: int) -> Floats:
    """Return the first `width` entries of every codeword, (1024, width), width up to 1024."""
    return w.take(_exclusive_or(width))


def entries(w: Floats, chosen: Indices, size: int) -> Floats:
    """Return the chosen codewords, (len(chosen), size), repeated past 1024 entries.

    Since entry b + j of codeword m is entry j of codeword m XOR b for j < block, b a multiple of
    it, they are put together from beginnings of codewords.
    """
    block = min(1 << (size - 1).bit_length(), BLOCK)
    begins = np.arange(0, size, block) & (CODEWORDS - 1)
    blocks = codewords(w, block).take(chosen[:, None] ^ begins, axis=0)
    return blocks.reshape(len(chosen), begins.size * block)[:, :size]


@lru_cache(maxsize=1)
def _exclusive_or(width: int) -> NDArray[np.intp]:
    """Return m XOR j for every codeword m and entry j, (1024, width)."""
    return np.arange(CODEWORDS)[:, None] ^ np.arange(width)[None, :]


def walsh_hadamard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the unnormalised Walsh-Hadamard transform (Sylvester order) of a vector.

    Args:
        values: (p,) float32, p a power of two.

    Returns:
        (p,) float32; exact for inputs of +1 and -1 with p up to 2**24.
    """
    out = values.reshape(-1, 1)
    while out.shape[0] > 1:
        even, odd = out[0::2], out[1::2]
        out = np.concatenate((even + odd, even - odd), axis=1)
    return out[0]
