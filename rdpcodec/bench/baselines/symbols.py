"""The symbols of `dithered`: their order, what each is expected to be, and both directions."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import constriction
import numpy as np
from numpy.typing import NDArray

from rdpcodec.bench.baselines import ranges
from rdpcodec.bench.baselines.base import Floats
from rdpcodec.bench.baselines.blocks import COEFFICIENT_MAX, SIDE, coding_order
from rdpcodec.bench.baselines.passes import Pass, passes
from rdpcodec.bench.baselines.scales import Scales

CONTEXTS = 6
FREQUENCIES = 10
PASSES_MAX = 7
TYPICAL = 0.3  # magnitude of a low-frequency coefficient of a photo's quiet parts
_AC_GROUPS = 2 * FREQUENCIES
_MODEL = constriction.stream.model

Floats64 = NDArray[np.float64]
Band = tuple[int, int, int]


@dataclass(frozen=True)
class Batch:
    """Symbols of one band that are coded together, and their Laplace laws.

    Attributes:
        band: Colour axis, u and v.
        blocks: (n,) their blocks.
        centre: (n,) means.
        scale: (n,) scales.
    """

    band: Band
    blocks: NDArray[np.int64]
    centre: Floats64
    scale: Floats64


Exchange = Callable[[Batch], Floats64]


def encode_symbols(bands: Floats, dither: Floats64, step: float) -> bytes:
    """Return the code of coefficients.

    Args:
        bands: (3, 8, 8, rows, columns) float32. Coefficients.
        dither: The same shape, -1/2 .. 1/2.
        step: The quantiser's.

    Returns:
        Bytes without trailing zeros.
    """
    encoder = ranges.new_encoder()
    limit = _limit(step)
    symbols = np.clip(np.rint(bands.astype(np.float64) / step + dither), -limit, limit)
    flat = symbols.reshape(*symbols.shape[:3], -1)
    model = _MODEL.QuantizedLaplace(-limit, limit)

    def put(batch: Batch) -> Floats64:
        found = flat[batch.band][batch.blocks]
        encoder.encode(found.astype(np.int32), model, batch.centre, batch.scale)
        return np.asarray(found)

    _walk(dither, step, put)
    return ranges.to_bytes(encoder)


def decode_symbols(data: bytes, dither: Floats64, step: float) -> Floats:
    """Return the quantised coefficients less the dither, (3, 8, 8, rows, columns) float32."""
    decoder = ranges.new_decoder(data)
    limit = _limit(step)
    model = _MODEL.QuantizedLaplace(-limit, limit)

    def get(batch: Batch) -> Floats64:
        return np.asarray(decoder.decode(model, batch.centre, batch.scale), dtype=np.float64)

    return np.asarray((_walk(dither, step, get) - dither) * step, dtype=np.float32)


def _limit(step: float) -> int:
    """Return a number that no symbol exceeds."""
    return math.ceil(COEFFICIENT_MAX / step) + 1


def _walk(dither: Floats64, step: float, exchange: Exchange) -> Floats64:
    """Return all symbols, having had each from `exchange` once, which codes or decodes it."""
    rows, columns = dither.shape[-2:]
    noise = dither.reshape(3, SIDE, SIDE, -1)
    # One block more than there are, always zero, stands for neighbours that are missing.
    known = np.zeros((3, SIDE, SIDE, rows * columns + 1))
    order, scales = coding_order(), _scales(step)
    for number, found in enumerate(passes(rows, columns)):
        for band in order:
            _transfer(band, (number, found), (known, noise), scales, exchange)
    return np.asarray(known[..., :-1].reshape(dither.shape))


def _scales(step: float) -> Scales:
    """Return scales that know nothing yet."""
    return Scales(groups=_AC_GROUPS + 2 * PASSES_MAX, contexts=CONTEXTS, first=TYPICAL / step)


def _transfer(
    band: Band,
    where: tuple[int, Pass],
    arrays: tuple[Floats64, Floats64],
    scales: Scales,
    exchange: Exchange,
) -> None:
    """Have one band of one pass coded or decoded, and learn from it."""
    (number, found), (known, noise) = where, arrays
    centre = noise[band][found.blocks]
    if band[1:] == (0, 0):
        group = _AC_GROUPS + 2 * number + (band[0] > 0)
        around, activity = _surroundings(known[band], noise[band], found)
        centre = centre + around
    else:
        group = 2 * min(band[1] + band[2], FREQUENCIES - 1) + (band[0] > 0)
        activity = _activity(known, band, found)
    context = np.minimum(np.ceil(np.log2(activity + 1)), CONTEXTS - 1).astype(np.int64)
    batch = Batch(band, found.blocks, centre, scales.of(group, context))
    symbols = exchange(batch)
    known[band][found.blocks] = symbols
    scales.learn(group, context, symbols, centre)


def _surroundings(known: Floats64, noise: Floats64, found: Pass) -> tuple[Floats64, Floats64]:
    """Return the mean of the known neighbours' constant terms, and how far apart they are."""
    there = found.neighbours < noise.size
    values = known[found.neighbours] - np.append(noise, 0.0)[found.neighbours]
    values = np.where(there, values, 0.0)
    mean = values.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    apart = np.where(there, np.abs(values - mean[:, None]), 0.0).max(axis=1)
    return np.asarray(mean), np.asarray(apart)


def _activity(known: Floats64, band: Band, found: Pass) -> Floats64:
    """Return the sum of the magnitudes of known symbols that tell of a band's."""
    axis, u, v = band
    total = np.abs(known[band][found.neighbours]).sum(axis=1)
    for below in ((axis, u - 1, v), (axis, u, v - 1)):
        if min(below) >= 0 and below[1:] != (0, 0):
            total += 2 * np.abs(known[below][found.blocks])
    if axis > 0:
        total += np.abs(known[(axis - 1, u, v)][found.blocks])
    return np.asarray(total)
