"""Samples of the posterior p(x_0 | y): the same for one file, wherever it is read (spec 11.3)."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rdpcodec import rng
from rdpcodec.arrays import Array, place

STEPS_MAX = 1024  # of one sample; apart, so that samples share no stream


def fresh_noise(
    seed: int, sample: int, shape: Sequence[int], device: str | None
) -> Callable[[], Array]:
    """Return what gives the noise of a sample, step after step.

    Samples come in pairs whose noises are each other's negatives: what is odd in the noise, all of
    it where the denoiser is linear, is gone from the mean of a pair.

    Args:
        seed: The file's seed.
        sample: Which sample, 0 for the first.
        shape: Of a state.
        device: Where states live.

    Returns:
        A function that returns standard normals of that shape, float32, others at every call.
    """
    pair, sign = sample // 2, (1, -1)[sample % 2]
    steps = iter(range(pair * STEPS_MAX, (pair + 1) * STEPS_MAX))

    def fresh() -> Array:
        drawn = sign * normals(seed, next(steps), math.prod(shape))
        return place(drawn.reshape(shape), device)

    return fresh


def normals(seed: int, index: int, count: int) -> NDArray[np.float32]:
    """Return standard normals from the words of a stream, two words for each.

    Source:
        Box and Muller 1958: sqrt(-2 ln u) cos(2 pi v).
    """
    words = rng.words(seed, rng.Stream.SAMPLES, index, 2 * count)
    uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    radius = np.sqrt(-2.0 * np.log(uniform[0::2]))
    return (radius * np.cos(2.0 * math.pi * uniform[1::2])).astype(np.float32)
