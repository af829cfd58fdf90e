"""Validation: the PSNR of the one-step estimate at fixed noise levels."""

from typing import Any

import numpy as np
import torch

from rdpcodec.engines.graph import Layers
from rdpcodec.priors.photo_1 import four_scales

# Of 255; the last is inside the range that the pyramid uses for every larger one.
LEVELS = (5, 10, 15, 25, 50, 75, 120)

SIDE = 256


def validate(layers: Layers, pictures: list[Any], device: torch.device) -> dict[str, float]:
    """Return the mean PSNR in dB of the clipped 8-bit estimate at every level.

    The middle of each picture is measured, which is enough to steer by; the published table is
    that of tools/measure_prior.py.
    """
    generator = torch.Generator().manual_seed(1)
    result = {}
    for level in LEVELS:
        values = []
        for picture in pictures:
            top, left = ((n - SIDE) // 2 for n in picture.shape[:2])
            middle = np.array(picture[top : top + SIDE, left : left + SIDE])
            clean = torch.from_numpy(middle).permute(2, 0, 1)[None].float() / 255
            noisy = clean + level / 255 * torch.randn(clean.shape, generator=generator)
            sigma = torch.full((1, 1, 1, 1), level / 255, device=device)
            with torch.inference_mode():
                estimate = four_scales.estimate(layers, noisy.to(device), sigma)
            rounded = (estimate.cpu().clamp(0, 1) * 255).round() / 255
            values.append(-10 * float((rounded - clean).square().mean().log10()))
        result[str(level)] = round(float(np.mean(values)), 3)
    return result
