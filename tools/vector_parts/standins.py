"""Inputs, priors and networks of the vectors: formulas in place of pictures and of weights."""

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rdpcodec.compute import HOST
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior, PriorCard, PriorIdentity
from rdpcodec.priors.calibration import Calibration

BOUND = 0.9
REFRESH = 64
Floats = NDArray[np.float32]
CARD = PriorCard("a formula in place of a prior", "Apache-2.0", "none", "none", 0)


def pattern(n: int, channels: int, height: int, width: int) -> Floats:
    """Return f_n(c, v, u) = ((7 v + 11 u + 5 c + v u + 3 n (u + 1)) mod 33) / 16 - 1.

    Args:
        n: Which of the patterns.
        channels: C.
        height: H.
        width: W.

    Returns:
        (1, C, H, W) float32.
    """
    c, v, u = np.ogrid[:channels, :height, :width]
    values = (7 * v + 11 * u + 5 * c + v * u + 3 * n * (u + 1)) % 33
    return (values / 16 - 1).astype(np.float32)[None]


def calibration() -> Calibration:
    """Return the made-up one, e(l, d, b) = (1, 6, 9)[l] 2^(-6 - d - b / 2) at 1/8, 1 and 8."""
    level, d, b = np.ogrid[:3, :3, :14]
    spectrum = np.array([1.0, 6.0, 9.0])[level] * 2.0 ** (-6 - d - b / 2)
    stored = {"sigma": [0.125, 1.0, 8.0], "mse": [1.0] * 3, "spectrum": spectrum.tolist()}
    return Calibration.from_json(stored)


class Patterned(Prior):
    """A prior that answers with the same picture always."""

    identity = PriorIdentity("patterned", {"patterned": True})
    card, compute, refresh = CARD, HOST, REFRESH

    def __init__(self, answer: Floats) -> None:
        self.calibration = calibration()
        self._answer = answer
        self.levels: list[float] = []

    def denoise(self, y: Floats, sigma: float) -> Floats:
        """Return the picture, in every channel; see `Prior.denoise`."""
        self.levels.append(sigma)
        return np.broadcast_to(self._answer, y.shape)


class Formula(Prior):
    """A prior with a bound: a function of y and sigma that no rule follows from."""

    identity = PriorIdentity("formula", {"formula": True})
    card, compute, refresh, sigma_max = CARD, HOST, REFRESH, BOUND

    def __init__(self) -> None:
        self.calibration = calibration()

    def denoise(self, y: Floats, sigma: float) -> Floats:
        """Return 4/5 tanh(y / (1 + sigma)) + y_0 / (10 (1 + sigma)) - (1 + c) / 20."""
        below = np.arange(1, 4, dtype=np.float32).reshape(3, 1, 1) / 20
        return 0.8 * np.tanh(y / (1 + sigma)) + 0.1 * y[:, :1] / (1 + sigma) - below


class Slanted(Prior):
    """A prior that answers otherwise when a picture is turned or mirrored."""

    identity = PriorIdentity("slanted", {"slanted": True})
    card, compute = CARD, HOST

    def denoise(self, y: Floats, sigma: float) -> Floats:
        """Return 4/5 tanh(y / (1 + sigma)) + u / 64 - v / 32 in row v and column u."""
        v, u = np.ogrid[: y.shape[2], : y.shape[3]]
        slant = (u / 64 - v / 32).astype(np.float32)
        return np.float32(0.8) * np.tanh(y / np.float32(1 + sigma)) + slant


def photo_without_weights() -> Prior:
    """Return `photo-1` with n(p, s) = p^2 / 2 + s m for its network, m the mean of all of p."""

    def network(p: Floats, s: float) -> Floats:
        return p * p / 2 + s * p.mean()

    prior: Any = copy.copy(load_prior("photo-1"))
    prior._network = prior._coarse = network
    found: Prior = prior
    return found


class Pipeline(nn.Module):
    """The network of a pipeline with three blocks: x_t + time / 8 + m, m the mean of all of x_t."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.config = {"block_out_channels": (4, 8, 8)}
        self._outputs = outputs

    def forward(self, x_t: Tensor, time: Tensor, **_: object) -> tuple[Tensor]:
        """Return the prediction; of six outputs the last three are minus the first three."""
        first = x_t + time / 8 + x_t.mean()
        return (torch.cat((first, -first), dim=1)[:, : self._outputs],)
