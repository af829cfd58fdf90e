"""Dithered quantisation: every coefficient plus uniform noise that both sides know."""

import math
import struct
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec import rng, schedule
from rdpcodec.bench.baselines.base import SEED, BaselineCodec, Floats, NoisyState, Shape
from rdpcodec.bench.baselines.blocks import (
    SIDE,
    block_grid,
    from_bands,
    to_bands,
)
from rdpcodec.bench.baselines.symbols import decode_symbols, encode_symbols

_FIELDS = struct.Struct(">H")
STEP_OF_SIGMA = math.sqrt(12)


class DitheredCodec(BaselineCodec):
    """One-step subtractive dither in an orthonormal blockwise DCT, read with the prior.

    The decoder has x_0 plus white uniform noise of variance step^2 / 12, and takes it for
    Gaussian noise of the same variance. The step is of the format's schedule (256 to the octave),
    the smallest whose file fits the target; the coarsest has sigma 64. Below the step a coefficient
    costs bits in proportion to its size, not to its square as in an ideal Gaussian channel: that
    is what dither loses at low rate, and it makes the coarsest file some 1 bit per 40 pixels.

    Source:
        Ziv 1985, "On universal quantization"; Zamir and Feder 1992, "On universal quantization by
        randomized uniform/lattice quantizers".
    """

    name = "dithered"
    kind = 3

    def _body(self, x_0: Tensor, room_bytes: int) -> bytes:
        bands = to_bands(x_0[0].numpy())
        low, high = -1, schedule.T_MAX
        best = _encode(bands, high)
        while high - low > 1:
            middle = (low + high) // 2
            body = _encode(bands, middle)
            if len(body) <= room_bytes:
                high, best = middle, body
            else:
                low = middle
        return best

    def _state(self, body: bytes, shape: Shape) -> NoisyState:
        if len(body) < _FIELDS.size:
            raise ValueError("the file ends before its step")
        (t,) = _FIELDS.unpack_from(body)
        sigma = schedule.sigma(t)
        _, height, width = shape
        dither = _dither((3, SIDE, SIDE, *block_grid(height, width)))
        bands = decode_symbols(body[_FIELDS.size :], dither, sigma * STEP_OF_SIGMA)
        return NoisyState(torch.from_numpy(from_bands(bands, height, width))[None], sigma)


def _encode(bands: Floats, t: int) -> bytes:
    """Return the file's body at a level."""
    step = schedule.sigma(t) * STEP_OF_SIGMA
    return _FIELDS.pack(t) + encode_symbols(bands, _dither(bands.shape), step)


@lru_cache(maxsize=1)
def _dither(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the shared noise, uniform in -1/2 .. 1/2."""
    drawn = rng.words(SEED, rng.Stream.LABELS, 0, math.prod(shape)) >> np.uint64(11)
    return (drawn.astype(np.float64) / 2.0**53 - 0.5).reshape(shape)
