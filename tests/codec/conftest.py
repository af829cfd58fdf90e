"""A file and a kind of picture that several modules look at."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.codec import encode

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}


def _gradient(width: int, height: int, channels: int) -> Pixels:
    """Return a smooth picture of any size."""
    y, x = np.mgrid[0:height, 0:width]
    plane = 128 + 60 * np.sin(x / 9 + 1) + 50 * np.cos(y / 7)
    planes = np.stack((plane, 0.8 * plane + 20, 250 - plane), axis=-1).astype(np.uint8)
    return planes if channels == 3 else planes[:, :, 0].copy()


@pytest.fixture(scope="session")
def gradient() -> MakePhoto:
    """Return what makes smooth pictures from a width, a height and a number of channels."""
    return _gradient


@pytest.fixture(scope="session")
def file_of(photo: MakePhoto) -> bytes:
    """Return a file of a small photo with over ten layers."""
    return encode(photo(48, 32), t=1900, **GAUSSIAN)
