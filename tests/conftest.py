"""Pictures that several test modules share."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

MakePhoto = Callable[..., NDArray[np.uint8]]


def _photo(width: int, height: int, channels: int = 3, seed: int = 1) -> NDArray[np.uint8]:
    """Return a picture with the spectrum of a photo, soft shadows and two hard edges."""
    rng = np.random.default_rng(seed)
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    falloff = (rows**2 + columns**2 + 0.015**2) ** -0.62
    planes = []
    for strength in (1.0, 0.35, 0.25):
        noise = np.fft.fft2(rng.standard_normal((height, width)))
        plane = np.real(np.fft.ifft2(noise * falloff))
        planes.append(strength * plane / max(float(plane.std()), 1e-9))
    y, x = np.mgrid[0:height, 0:width]
    disc = (x - 0.6 * width) ** 2 + (y - 0.4 * height) ** 2 < (0.25 * min(width, height)) ** 2
    light, blue, green = (
        planes[0] + 1.2 * disc - 0.9 * (x + y > 0.8 * (width + height)),
        *planes[1:],
    )
    rgb = np.stack((light + blue, light - 0.5 * green, light - blue + 0.5 * green), axis=-1)
    pixels = np.clip(np.rint(120 + 38 * rgb), 0, 255).astype(np.uint8)
    return pixels if channels == 3 else np.ascontiguousarray(pixels[:, :, 1])


@pytest.fixture(scope="session")
def photo() -> MakePhoto:
    """Return what makes photo-like pictures from a width and a height."""
    return _photo
