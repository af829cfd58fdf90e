"""Training batches: crops of photos, graphics and their reductions, with noise on top."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from graphics import draw_page
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

Picture = NDArray[np.uint8]
PAGES = 48
PAGE_SIZE = 512


@dataclass(frozen=True)
class Batch:
    """Clean pixels in [0, 1], (B, 3, h, w), and a noise level of [-1, 1] each, (B,).

    `fine` is set where the noise is finer than bfloat16 can tell.
    """

    clean: Tensor
    sigma: Tensor
    fine: bool


def read_pictures(folder: Path) -> list[Picture]:
    """Return every picture of a folder, in the order of their names, as (H, W, 3)."""
    paths = sorted(p for p in folder.iterdir() if p.suffix in {".avif", ".webp", ".png"})
    if not paths:
        raise SystemExit(f"{folder} holds no .avif, .webp or .png picture to train on.")
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]


def halve(picture: Picture) -> Picture:
    """Return the picture at half its size, the mean of every 2 x 2 pixels."""
    even = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2].astype(np.float32)
    mean = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, 3).mean(axis=(1, 3))
    return np.rint(mean).astype(np.uint8)


class Batches:
    """An endless, seeded source of batches; every batch is of one scale."""

    def __init__(self, pictures: list[Picture], settings: dict[str, Any], seed: int) -> None:
        self._data, self._noise = settings["data"], settings["noise"]
        self._rng = np.random.default_rng(seed)
        self._pages = [draw_page(PAGE_SIZE, self._rng) for _ in range(PAGES)]
        self._scales = self._pyramid(pictures)

    def _pyramid(self, pictures: list[Picture]) -> list[list[Picture]]:
        scales = []
        for crop in self._data["crop"]:
            scales.append([p for p in pictures if min(p.shape[:2]) >= crop])
            pictures = [halve(p) for p in pictures]
        return scales

    def __iter__(self) -> Iterator[Batch]:
        chances = self._data["scale_chance"]
        while True:
            scale = int(self._rng.choice(len(chances), p=chances))
            fine = scale == 0 and self._rng.random() < self._noise["fine_chance"]
            crop = self._data["crop"][scale]
            count = self._data["pixels_per_batch"] // crop**2
            sigma = [self._draw_sigma(scale, fine=fine) for _ in range(count)]
            clean = [self._draw_crop(scale, crop, s) for s in sigma]
            yield Batch(torch.stack(clean), torch.tensor(sigma, dtype=torch.float32), fine)

    def _draw_sigma(self, scale: int, *, fine: bool) -> float:
        low, high = self._noise["fine" if fine else "coarse"]
        if scale > 0:  # the pyramid asks the reduced pictures only in the last octave
            low = high / 2
        return float(np.exp(self._rng.uniform(np.log(low), np.log(high))))

    def _draw_crop(self, scale: int, crop: int, sigma: float) -> Tensor:
        rng, data = self._rng, self._data
        pool = self._scales[scale]
        if scale == 0 and rng.random() < data["graphics_chance"]:
            pool = self._pages
        picture = pool[rng.integers(len(pool))]
        factor = 1.0
        needs_shrink = sigma < data["always_shrink_below_sigma"]
        if scale == 0 and (needs_shrink or rng.random() < data["shrink_chance"]):
            factor = rng.uniform(*data["shrink"])
        side = min(round(crop / factor), *picture.shape[:2])
        top, left = (rng.integers(n - side + 1) for n in picture.shape[:2])
        pixels = torch.from_numpy(picture[top : top + side, left : left + side].copy())
        pixels = pixels.permute(2, 0, 1).float() / 255
        if side != crop:
            pixels = functional.interpolate(
                pixels[None], (crop, crop), mode="bicubic", antialias=True
            )[0].clamp(0, 1)
        return self._turn(pixels)

    def _turn(self, pixels: Tensor) -> Tensor:
        """Return the crop flipped, transposed, with its channels permuted, or grey."""
        rng = self._rng
        pixels = torch.rot90(pixels, int(rng.integers(4)), (1, 2))
        if rng.random() < 0.5:
            pixels = pixels.flip(2)
        if rng.random() < self._data["grey_chance"]:
            return pixels.mean(dim=0, keepdim=True).expand(3, -1, -1)
        if rng.random() < 0.25:
            pixels = pixels[torch.from_numpy(rng.permutation(3))]
        return pixels
