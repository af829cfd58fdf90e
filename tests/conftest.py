"""Pictures that several test modules share, and one thread for each process of the tests."""

import os

# Before numpy and torch read them: on small arrays their threads wait for each other in busy
# loops, and `tools/check` fills the cores with processes. Commands that tests start inherit them.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rdpcodec import threads

MakePhoto = Callable[..., NDArray[np.uint8]]


def _photo(width: int, height: int, channels: int = 3, seed: int = 1) -> NDArray[np.uint8]:
    """Return a picture of dead leaves, shaded softly: edges, flat parts and the law of scales."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] + 0.5
    side = max(width, height)
    rgb = np.full((height, width, 3), 128.0)
    for radius in np.geomspace(0.6 * side, max(1.5, 0.03 * side), 90):
        at_x, at_y = rng.uniform(0, width), rng.uniform(0, height)
        stretch, angle = rng.uniform(0.5, 1), rng.uniform(0, np.pi)
        along = (x - at_x) * np.cos(angle) + (y - at_y) * np.sin(angle)
        across = (y - at_y) * np.cos(angle) - (x - at_x) * np.sin(angle)
        distance = np.hypot(along * stretch, across / stretch)
        cover = np.clip(radius - distance, 0, 1)[:, :, None]
        colour = rng.uniform(40, 215) + rng.uniform(-30, 30, 3)
        shaded = colour + 25 * (along / radius)[:, :, None] * rng.uniform(-1, 1)
        rgb = (1 - cover) * rgb + cover * shaded
    grain = rng.standard_normal((height, width, 1))
    pixels = np.clip(np.rint(rgb + grain), 0, 255).astype(np.uint8)
    return pixels if channels == 3 else np.ascontiguousarray(pixels[:, :, 1])


@pytest.fixture(scope="session")
def photo() -> MakePhoto:
    """Return what makes photo-like pictures from a width and a height."""
    return _photo


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Keep many small operations from waiting for each other's threads on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threads.limited(1):
        yield
    torch.set_num_threads(before)
