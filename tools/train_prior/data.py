"""Training batches: crops of photos at several sizes, graphics and patterns, cut on the device.

All pictures lie in one vector of bytes on the device that trains. A crop is an arithmetic on
indices, with one of the eight symmetries and a permutation of the channels in it, so that making
a batch costs less than one layer of the network.
"""

from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import numpy as np
import torch
from graphics import draw_page, draw_pattern
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

Picture = NDArray[np.uint8]
PAGES, PATTERNS = 72, 24
PAGE_SIZE = 512


@dataclass(frozen=True)
class Batch:
    """Clean pixels in [0, 1], (B, 3, n, n), and the noise of each crop on that scale, (B,)."""

    clean: Tensor
    sigma: Tensor


def read_pictures(folder: Path) -> list[Picture]:
    """Return every picture of a folder, in the order of their names, as (H, W, 3)."""
    paths = sorted(p for p in folder.iterdir() if p.suffix in {".avif", ".webp", ".png"})
    if not paths:
        raise SystemExit(f"{folder} holds no .avif, .webp or .png picture to train on.")
    with ThreadPool() as pool:
        return pool.map(lambda path: np.asarray(Image.open(path).convert("RGB")), paths)


class Store:
    """Planar pictures in one vector of bytes, with where each begins and how large it is."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._parts: list[Tensor] = []
        self._rows: list[tuple[int, int, int]] = []
        self._kinds: list[int] = []
        self._end = 0

    def add(self, planar: Tensor, kind: int) -> None:
        """Keep one picture, (3, H, W) uint8, as one of a kind."""
        self._rows.append((self._end, *planar.shape[1:]))
        self._kinds.append(kind)
        self._parts.append(planar.reshape(-1))
        self._end += planar.numel()

    def close(self) -> None:
        """Put all into one vector; nothing can be added after this."""
        self.bytes = torch.cat(self._parts)
        self._parts.clear()
        self.rows = torch.tensor(self._rows, device=self._device)
        self.kinds = torch.tensor(self._kinds, device=self._device)

    def chances(self, shares: list[float], crop: int) -> Tensor:
        """Return the chance of every picture: a share for each kind, by area within a kind."""
        room = (self.rows[:, 1:] - crop + 1).clamp(min=0).prod(dim=1).double()
        for kind, share in enumerate(shares):
            of_kind = self.kinds == kind
            room[of_kind] *= share / room[of_kind].sum().clamp(min=1)
        return room.float()

    def crops(self, chosen: Tensor, crop: int) -> Tensor:
        """Return a random crop of each chosen picture, turned at random, (B, 3, n, n) in [0, 1]."""
        start, height, width = (v.view(-1, 1, 1, 1) for v in self.rows[chosen].unbind(dim=1))
        count, device = len(chosen), self._device
        top = (torch.rand(start.shape, device=device) * (height - crop + 1)).long()
        left = (torch.rand(start.shape, device=device) * (width - crop + 1)).long()
        along = torch.arange(crop, device=device)
        down, right, turned = torch.rand(3, count, 1, 1, 1, device=device) < 0.5
        i, j = along.view(1, 1, -1, 1), along.view(1, 1, 1, -1)
        i, j = torch.where(turned, j, i), torch.where(turned, i, j)
        row = top + torch.where(down, crop - 1 - i, i)
        column = left + torch.where(right, crop - 1 - j, j)
        channel = self._channels(count).view(-1, 3, 1, 1)
        index = start + (channel * height + row) * width + column
        return self.bytes[index].float() / 255

    def _channels(self, count: int) -> Tensor:
        """Return the order of the channels, (B, 3): changed for one crop in five."""
        shuffled = torch.rand(count, 3, device=self._device).argsort(dim=1)
        straight = torch.arange(3, device=self._device).expand(count, -1)
        return torch.where(torch.rand(count, 1, device=self._device) < 0.2, shuffled, straight)


class Batches:
    """An endless source of batches."""

    def __init__(
        self, pictures: list[Picture], settings: dict[str, Any], seed: int, device: torch.device
    ) -> None:
        self._data, self._noise, self._device = settings["data"], settings["noise"], device
        data, rng = self._data, np.random.default_rng(seed)
        store = Store(device)
        for picture in pictures:
            planar = torch.from_numpy(picture.copy()).to(device).permute(2, 0, 1)
            for kind, factor in enumerate(data["sizes"]):
                if min(planar.shape[1:]) * factor >= data["crop"]:
                    store.add(reduced(planar, factor), kind)
        for draw, times in ((draw_page, PAGES), (draw_pattern, PATTERNS)):
            for _ in range(times):
                page = torch.from_numpy(draw(PAGE_SIZE, rng).copy()).to(device)
                store.add(page.permute(2, 0, 1), len(data["sizes"]))
        store.close()
        self._store = store
        self._coarse = store.chances([*data["coarse"], data["graphics"]], data["crop"])
        self._fine = store.chances([*data["fine"], data["graphics"]], data["crop"])

    def draw(self) -> Batch:
        """Return the next batch."""
        data, device = self._data, self._device
        count = data["crops"]
        sigma = self._draw_sigma(count)
        fine = torch.multinomial(self._fine, count, replacement=True)
        coarse = torch.multinomial(self._coarse, count, replacement=True)
        chosen = torch.where(sigma < data["fine_below"] / 255, fine, coarse)
        clean = self._store.crops(chosen, data["crop"])
        grey = torch.rand(count, 1, 1, 1, device=device) < data["grey_chance"]
        clean = torch.where(grey, clean.mean(dim=1, keepdim=True), clean)
        return Batch(self._with_grain(clean), sigma)

    def _draw_sigma(self, count: int) -> Tensor:
        """Return noise levels: uniform in their logarithm on a low and on a high range."""
        high = torch.rand(count, device=self._device) < self._noise["high_chance"]
        u = torch.rand(count, device=self._device)
        low, middle, top = (float(np.log(v / 255)) for v in self._noise["range"])
        return torch.where(high, middle + u * (top - middle), low + u * (middle - low)).exp()

    def _with_grain(self, clean: Tensor) -> Tensor:
        """Return the crops, some of them with grain that belongs to the picture."""
        shape = (len(clean), 1, 1, 1)
        low, high = (float(np.log(v / 255)) for v in self._data["grain"])
        amplitude = (low + torch.rand(shape, device=self._device) * (high - low)).exp()
        amplitude *= torch.rand(shape, device=self._device) < self._data["grain_chance"]
        grain = torch.randn_like(clean)
        mono = torch.rand(shape, device=self._device) < 0.5
        grain = torch.where(mono, grain[:, :1], grain)
        return (clean + amplitude * grain).clamp_(0, 1)


def reduced(planar: Tensor, factor: float) -> Tensor:
    """Return (3, H, W) uint8 at a factor of its size: means of squares, or by a cubic filter."""
    if factor == 1:
        return planar.contiguous()
    x = planar[None].float()
    if (1 / factor).is_integer():
        small = functional.avg_pool2d(x, int(1 / factor))
    else:
        size = [round(n * factor) for n in planar.shape[1:]]
        small = functional.interpolate(x, size, mode="bicubic", antialias=True)
    return small[0].round().clamp(0, 255).to(torch.uint8)
