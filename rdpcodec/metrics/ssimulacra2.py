"""SSIMULACRA 2, a perceptual measure without training."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def ssimulacra2(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the SSIMULACRA 2 score of a copy.

    The port treats the borders otherwise than libjxl does, and scores some points lower at low
    quality: compare its scores with each other, not with published ones.

    Args:
        a: (H, W, 3) uint8, the original.
        b: The same shape, the copy.

    Returns:
        100 for equal pictures, about 90 for what is hardly visible, below 50 for low quality.

    Raises:
        ImportError: If `ssimulacra2` is not installed.

    Source:
        Sneyers, https://github.com/cloudinary/ssimulacra2; its port to Python of the same name.
    """
    import ssimulacra2 as port  # noqa: PLC0415 - an extra

    return float(port.compute_ssimulacra2(_file(a), _file(b)))


def _file(pixels: NDArray[np.uint8]) -> io.BytesIO:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=0)
    stream.seek(0)
    return stream
