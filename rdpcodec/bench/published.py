"""Published means over the 24 pictures of Kodak, not measured here; RGB PSNR, LPIPS of AlexNet.

PSNR is the mean of the pictures' PSNR, at each setting of a codec.
"""

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


ANCHOR = "VTM (VVC)"
_COMPRESSAI = "CompressAI results/image/kodak"
KODAK = (
    Published(
        ANCHOR,
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
        "Cool-chic 5.0 (overfitted)",
        "Orange-OpenSource/Cool-Chic results/v5.0/image-kodak.tsv, means of PSNR by us",
        {
            "psnr": (
                (0.0839, 27.44),
                (0.2186, 30.86),
                (0.4819, 34.52),
                (0.7594, 37.25),
                (1.3571, 41.17),
            )
        },
    ),
    Published(
        "HPCM-Base (learned)",
        "lyq133/LIC-HPCM README",
        {
            "psnr": (
                (0.1211, 29.40),
                (0.1757, 30.75),
                (0.2729, 32.40),
                (0.4125, 34.21),
                (0.5898, 36.01),
                (0.8209, 37.75),
            )
        },
    ),
    Published(
        "HPCM-Large (learned)",
        "lyq133/LIC-HPCM README",
        {
            "psnr": (
                (0.0951, 28.91),
                (0.1537, 30.45),
                (0.2438, 32.12),
                (0.3778, 33.99),
                (0.5516, 35.85),
                (0.7843, 37.75),
            )
        },
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
    Published(
        "CoD under DiffC, pixels, 512x512",
        "microsoft/GenCodec, read off a figure",
        {
            "psnr": ((0.072, 26.6), (0.12, 28.2), (0.215, 30.4), (0.53, 34.1), (0.91, 36.7)),
            "lpips": ((0.072, 0.165), (0.12, 0.126), (0.215, 0.087), (0.53, 0.047), (0.91, 0.029)),
        },
    ),
    Published(
        "Stable Diffusion 1.5 under DiffC",
        "JeremyIV/diffc, read off a figure",
        {
            "psnr": ((0.019, 21.65), (0.05, 23.6), (0.089, 24.5)),
            "lpips": ((0.019, 0.276), (0.05, 0.175), (0.089, 0.135)),
        },
    ),
)


def applies_to(pictures: set[str]) -> bool:
    """Return whether all pictures are Kodak's, and whole, so that curves may share a plot."""
    return bool(pictures) and all(re.fullmatch(r"kodim\d\d", name) for name in pictures)
