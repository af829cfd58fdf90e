"""Published means over the 24 pictures of Kodak, not measured here; RGB PSNR, LPIPS of AlexNet."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A curve that others have published.

    Attributes:
        codec: What was measured.
        source: Where the numbers are.
        points: (bpp, value) for each measure.
    """

    codec: str
    source: str
    points: dict[str, tuple[tuple[float, float], ...]]


_COMPRESSAI = "CompressAI results/image/kodak"
KODAK = (
    Published(
        "VTM (VVC)",
        _COMPRESSAI,
        {"psnr": ((0.048, 26.14), (0.113, 28.49), (0.246, 31.20), (0.491, 34.26), (0.875, 37.42))},
    ),
    Published(
        "BPG 4:4:4",
        _COMPRESSAI,
        {"psnr": ((0.068, 26.20), (0.161, 28.68), (0.352, 31.59), (0.685, 34.86), (1.20, 38.26))},
    ),
    Published(
        "AV1",
        _COMPRESSAI,
        {"psnr": ((0.056, 25.56), (0.110, 27.56), (0.246, 30.44), (0.499, 33.65), (0.909, 36.99))},
    ),
    Published(
        "LIC-TCM (learned)",
        "jmliu206/LIC_TCM issue 1",
        {"psnr": ((0.155, 30.07), (0.300, 32.59), (0.443, 34.33), (0.625, 36.15))},
    ),
    Published(
        "MS-ILLM (learned)",
        "facebookresearch/NeuralCompression projects/illm/results.csv",
        {
            "psnr": (
                (0.0443, 24.73),
                (0.0806, 25.92),
                (0.153, 27.53),
                (0.296, 29.63),
                (0.432, 31.03),
                (0.709, 33.21),
            ),
            "lpips": (
                (0.0443, 0.1576),
                (0.0806, 0.110),
                (0.153, 0.0732),
                (0.296, 0.0451),
                (0.432, 0.0320),
                (0.709, 0.0180),
            ),
        },
    ),
)


def applies_to(pictures: set[str]) -> bool:
    """Return whether all pictures are Kodak's, and whole, so that curves may share a plot."""
    return bool(pictures) and all(re.fullmatch(r"kodim\d\d", name) for name in pictures)
