"""Dithered quantisation: every coefficient plus uniform noise that both sides know.

The coefficients are those of three colour axes in 8 x 8 blocks of the DCT: orthonormal, so white
noise stays white. Their symbols are coded with Laplace laws that both sides learn from the symbols
so far, so nothing of the laws is sent.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import constriction
import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng, schedule
from rdpcodec.arrays import Array, host
from rdpcodec.bench.baselines.base import (
    SEED,
    BaselineCodec,
    Floats,
    Shape,
    coded_bytes,
    new_range_decoder,
    new_range_encoder,
)
from rdpcodec.decoder.reconstruction import Noisy
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.layers import StateShape

_FIELDS = struct.Struct(">H")
_MODEL = constriction.stream.model
STEP_OF_SIGMA = math.sqrt(12)
SIDE = 8  # of a block of the DCT
COEFFICIENT_MAX = SIDE * 3**0.5  # of a white picture, with pixels in [-1, 1]
# Brightness, red against blue, green against both: about the principal axes of photos.
COLOUR_BASIS = (np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])).astype(
    np.float32
)
# Blocks are coded coarse lattices first, then what lies between.
FIRST_STRIDE = 8
PASSES_MAX = 7
_DIAGONAL = ((-1, -1), (-1, 1), (1, -1), (1, 1))
_STRAIGHT = ((-1, 0), (1, 0), (0, -1), (0, 1))
CONTEXTS = 6
FREQUENCIES = 10
_KINDS = 2  # groups of brightness and of colour take turns
_AC_GROUPS = _KINDS * FREQUENCIES
_GROUPS = _AC_GROUPS + _KINDS * PASSES_MAX
GRID = 2.0 ** (0.75 * np.arange(-22, 14))  # scales, in steps of the quantiser
FLOOR = 1e-9
SPREAD = 2.0  # how far a scale may lie from where it is first expected, in places of the grid
TYPICAL = 0.3  # magnitude of a low-frequency coefficient of a photo's quiet parts

Floats64 = NDArray[np.float64]
Indices = NDArray[np.int64]
Band = tuple[int, int, int]  # colour axis, u, v
# Codes or decodes the symbols of some blocks of a band: their means and scales to their values.
Exchange = Callable[[Band, Indices, Floats64, Floats64], Floats64]


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

    def _body(self, x_0: Array, room_bytes: int) -> bytes:
        if self._prior.domain(3, 1, 1).state != StateShape(3):
            message = f"dithered codes pixels, and {self._prior.id} has states of another kind"
            raise UsageError(ISSUE.INVALID_OPTION, message)
        bands = to_bands(host(x_0)[0])
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

    def _state(self, body: bytes, shape: Shape) -> Noisy:
        if len(body) < _FIELDS.size:
            raise ValueError("the file ends before its step")
        (t,) = _FIELDS.unpack_from(body)
        sigma = schedule.sigma(t)
        _, height, width = shape
        dither = _dither((3, SIDE, SIDE, *block_grid(height, width)))
        bands = decode_symbols(body[_FIELDS.size :], dither, sigma * STEP_OF_SIGMA)
        return Noisy(self._place(from_bands(bands, height, width)[None]), sigma)


def _encode(bands: Floats, t: int) -> bytes:
    """Return the file's body at a level."""
    step = schedule.sigma(t) * STEP_OF_SIGMA
    return _FIELDS.pack(t) + encode_symbols(bands, _dither(bands.shape), step)


@lru_cache(maxsize=1)
def _dither(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the shared noise, uniform in -1/2 .. 1/2."""
    drawn = rng.words(SEED, rng.Stream.LABELS, 0, math.prod(shape)) >> np.uint64(11)
    return (drawn.astype(np.float64) / 2.0**53 - 0.5).reshape(shape)


def encode_symbols(bands: Floats, dither: Floats64, step: float) -> bytes:
    """Return the code of coefficients.

    Args:
        bands: (3, 8, 8, rows, columns) float32. Coefficients.
        dither: The same shape, -1/2 .. 1/2.
        step: The quantiser's.

    Returns:
        Bytes without trailing zeros.
    """
    encoder, limit = new_range_encoder(), _limit(step)
    symbols = np.clip(np.rint(bands.astype(np.float64) / step + dither), -limit, limit)
    flat = symbols.reshape(*symbols.shape[:3], -1)
    model = _MODEL.QuantizedLaplace(-limit, limit)

    def put(band: Band, blocks: Indices, centre: Floats64, scale: Floats64) -> Floats64:
        found = flat[band][blocks]
        encoder.encode(found.astype(np.int32), model, centre, scale)
        return np.asarray(found)

    _Walk(dither, step, put).symbols()
    return coded_bytes(encoder)


def decode_symbols(data: bytes, dither: Floats64, step: float) -> Floats:
    """Return the quantised coefficients less the dither, (3, 8, 8, rows, columns) float32."""
    decoder, limit = new_range_decoder(data), _limit(step)
    model = _MODEL.QuantizedLaplace(-limit, limit)

    def get(_: Band, __: Indices, centre: Floats64, scale: Floats64) -> Floats64:
        return np.asarray(decoder.decode(model, centre, scale), dtype=np.float64)

    return np.asarray((_Walk(dither, step, get).symbols() - dither) * step, dtype=np.float32)


def _limit(step: float) -> int:
    """Return a number that no symbol exceeds."""
    return math.ceil(COEFFICIENT_MAX / step) + 1


class _Scales:
    """One scale for every pair of a band group and a context.

    Where little is known of a pair, it is expected to be a little below the pair of the group
    before it, of the same kind. A coefficient far below the step shows in its symbol only through
    the dither, so scales are compared by likelihood, not by averages.
    """

    def __init__(self, step: float) -> None:
        self._evidence = np.zeros((_GROUPS, CONTEXTS, GRID.size))
        place = int(np.abs(np.log(GRID / (TYPICAL / step))).argmin())
        self._first = np.minimum(place + np.arange(CONTEXTS), GRID.size - 1)

    def of(self, group: int, context: Indices) -> Floats64:
        """Return the scale of each symbol, in steps."""
        return np.asarray(GRID[self._best(group)][context], dtype=np.float64)

    def learn(self, group: int, context: Indices, symbols: Floats64, centre: Floats64) -> None:
        """Take note of coded symbols.

        Args:
            group: Their band group.
            context: (n,) their contexts.
            symbols: (n,) what was coded.
            centre: (n,) the means of their Laplace laws.
        """
        likelihood = np.log(np.maximum(_mass(symbols - centre), FLOOR))
        for found in np.unique(context):
            self._evidence[group, found] += likelihood[context == found].sum(axis=0)

    def _best(self, group: int) -> Indices:
        """Return the places in the grid for all contexts of a group."""
        expected = self._expected(group)
        distance = (np.arange(GRID.size)[None, :] - expected[:, None]) / SPREAD
        return np.asarray((self._evidence[group] - distance**2 / 2).argmax(axis=1))

    def _expected(self, group: int) -> Indices:
        if group < _KINDS:
            return self._first
        before = self._evidence[group - _KINDS]
        falling = np.maximum(before.argmax(axis=1) - 1, 0)
        return np.where(before.any(axis=1), falling, self._first)


def _mass(offset: Floats64) -> Floats64:
    """Return P(|X - offset| < 1/2), (n, scales), X Laplace of mean 0 and each scale."""
    distance = np.abs(offset)[:, None]
    near = np.exp(-np.abs(distance - 0.5) / GRID)
    far = np.exp(-(distance + 0.5) / GRID)
    return np.asarray(np.where(distance < 0.5, 1.0 - (near + far) / 2, (near - far) / 2))


@dataclass(frozen=True)
class Pass:
    """Blocks that are coded together; those of later passes have known neighbours on both sides.

    Attributes:
        blocks: (n,) positions in the grid, row by row.
        neighbours: (n, 4) positions of known blocks beside them; the last of the grid plus one
            where there is none.
    """

    blocks: Indices
    neighbours: Indices


def passes(rows: int, columns: int) -> list[Pass]:
    """Return the passes over a grid; together they have every block once."""
    stride = FIRST_STRIDE
    y, x = np.mgrid[0:rows, 0:columns]
    out = [_pass((y % stride == 0) & (x % stride == 0), stride, ())]
    while stride > 1:
        half = stride // 2
        odd_y, odd_x = y % stride == half, x % stride == half
        even_y, even_x = y % stride == 0, x % stride == 0
        out.append(_pass(odd_y & odd_x, half, _DIAGONAL))
        out.append(_pass((odd_y & even_x) | (even_y & odd_x), half, _STRAIGHT))
        stride = half
    return [found for found in out if found.blocks.size]


def _pass(mask: NDArray[np.bool_], reach: int, offsets: tuple[tuple[int, int], ...]) -> Pass:
    rows, columns = mask.shape
    y, x = np.nonzero(mask)
    neighbours = np.full((y.size, len(_STRAIGHT)), rows * columns, dtype=np.int64)
    for i, (down, right) in enumerate(offsets):
        at_y, at_x = y + reach * down, x + reach * right
        inside = (at_y >= 0) & (at_y < rows) & (at_x >= 0) & (at_x < columns)
        neighbours[inside, i] = (at_y * columns + at_x)[inside]
    return Pass((y * columns + x).astype(np.int64), neighbours)


class _Walk:
    """All symbols in the order of the code, and what is known when each is coded."""

    def __init__(self, dither: Floats64, step: float, exchange: Exchange) -> None:
        self._shape = dither.shape
        self._exchange = exchange
        self._scales = _Scales(step)
        self._noise = dither.reshape(3, SIDE, SIDE, -1)
        # One block more than there are, always zero, stands for neighbours that are missing.
        self._known = np.zeros((3, SIDE, SIDE, self._noise.shape[-1] + 1))

    def symbols(self) -> Floats64:
        """Return all symbols, having had each from `exchange` once."""
        order = coding_order()
        for number, found in enumerate(passes(*self._shape[-2:])):
            for band in order:
                self._transfer(band, number, found)
        return np.asarray(self._known[..., :-1].reshape(self._shape))

    def _transfer(self, band: Band, number: int, found: Pass) -> None:
        """Have one band of one pass coded or decoded, and learn from it."""
        colour, centre = int(band[0] > 0), self._noise[band][found.blocks]
        if band[1:] == (0, 0):
            group = _AC_GROUPS + _KINDS * number + colour
            around, activity = self._surroundings(band, found)
            centre = centre + around
        else:
            group = _KINDS * min(band[1] + band[2], FREQUENCIES - 1) + colour
            activity = self._activity(band, found)
        context = np.minimum(np.ceil(np.log2(activity + 1)), CONTEXTS - 1).astype(np.int64)
        scale = self._scales.of(group, context)
        symbols = self._exchange(band, found.blocks, centre, scale)
        self._known[band][found.blocks] = symbols
        self._scales.learn(group, context, symbols, centre)

    def _surroundings(self, band: Band, found: Pass) -> tuple[Floats64, Floats64]:
        """Return the mean of the known neighbours' constant terms, and how far apart they are."""
        noise = np.append(self._noise[band], 0.0)
        there = found.neighbours < noise.size - 1
        values = self._known[band][found.neighbours] - noise[found.neighbours]
        values = np.where(there, values, 0.0)
        mean = values.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        apart = np.where(there, np.abs(values - mean[:, None]), 0.0).max(axis=1)
        return np.asarray(mean), np.asarray(apart)

    def _activity(self, band: Band, found: Pass) -> Floats64:
        """Return the sum of the magnitudes of known symbols that tell of a band's."""
        axis, u, v = band
        total = np.abs(self._known[band][found.neighbours]).sum(axis=1)
        for below in ((axis, u - 1, v), (axis, u, v - 1)):
            if min(below) >= 0 and below[1:] != (0, 0):
                total += 2 * np.abs(self._known[below][found.blocks])
        if axis > 0:
            total += np.abs(self._known[axis - 1, u, v][found.blocks])
        return np.asarray(total)


def block_grid(height: int, width: int) -> tuple[int, int]:
    """Return the number of rows and columns of blocks."""
    return -(-height // SIDE), -(-width // SIDE)


def to_bands(planes: Floats) -> Floats:
    """Return the coefficients, (3, 8, 8, rows, columns) float32, of a picture (3, H, W).

    It is padded to whole blocks by repetition.
    """
    _, height, width = planes.shape
    padding = ((0, 0), (0, -height % SIDE), (0, -width % SIDE))
    padded = np.pad(planes, padding, mode="edge")
    rows, columns = block_grid(height, width)
    cut = padded.reshape(3, rows, SIDE, columns, SIDE)
    basis = _dct()
    bands = np.einsum("dc,ui,vj,crisj->duvrs", COLOUR_BASIS, basis, basis, cut, optimize=True)
    return np.asarray(bands, dtype=np.float32)


def from_bands(bands: Floats, height: int, width: int) -> Floats:
    """Return the picture, (3, H, W) float32, of its coefficients."""
    basis = _dct()
    cut = np.einsum("dc,ui,vj,duvrs->crisj", COLOUR_BASIS, basis, basis, bands, optimize=True)
    rows, columns = bands.shape[-2:]
    return np.ascontiguousarray(cut.reshape(3, rows * SIDE, columns * SIDE)[:, :height, :width])


def coding_order() -> list[Band]:
    """Return (colour axis, u, v) of all bands, low frequencies first."""
    bands = [(c, u, v) for c in range(3) for u in range(SIDE) for v in range(SIDE)]
    return sorted(bands, key=lambda band: (band[1] + band[2], band[0], band[1]))


def _dct() -> Floats:
    u, i = np.arange(SIDE)[:, None], np.arange(SIDE)[None, :]
    basis = np.cos(np.pi * (2 * i + 1) * u / (2 * SIDE)) * np.sqrt(2 / SIDE)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, dtype=np.float32)
