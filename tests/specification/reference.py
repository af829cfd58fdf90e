"""Sections 10.2, 10.3, 11.1, 11.3, 11.5 and 11.6 once more, in binary64, for one formula.

Written from the text of the specification; nothing here comes from the package.
"""

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

Floats = NDArray[np.float64]
BOUND = 0.9
AXES = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3.0], [2.0], [6.0]])
LAW = ((1.76e-3, 2.43), (8.6e-5, 2.56), (2.17e-5, 2.47))


def prior(y: Floats, sigma: float) -> Floats:
    """Return the estimate of the prior with a bound: any function that is not the closed form."""
    below = np.arange(1, 4)[:, None, None] / 20
    return 0.8 * np.tanh(y / (1 + sigma)) + 0.1 * y[:1] / (1 + sigma) - below


def closed_form(y: Floats, sigma: float) -> Floats:
    """Return the estimate of 10.3, (3, H, W)."""
    height, width = y.shape[1:]
    v, u = np.ogrid[:height, :width]
    f = (v / (2 * height)) ** 2 + (u / (2 * width)) ** 2 + 0.001**2
    s = np.array([a * f ** (-g / 2) for a, g in LAW])
    seen = transform(y, AXES)
    return back(seen * s / (s + sigma**2), AXES)


def transform(y: Floats, axes: Floats) -> Floats:
    """Return the DCT of the axes."""
    return np.array(dctn(np.tensordot(axes, y, 1), axes=(1, 2), norm="ortho"))


def back(coefficients: Floats, axes: Floats) -> Floats:
    """Return what has these coefficients."""
    return np.tensordot(axes.T, idctn(coefficients, axes=(1, 2), norm="ortho"), 1)


def bound(channels: int) -> float:
    """Return the bound on sigma."""
    return BOUND if channels == 3 else BOUND / math.sqrt(3)


def estimate(y: Floats, sigma: float) -> Floats:
    """Return the estimate of 11.6 from a state, (1 or 3, H, W)."""
    grey = len(y) == 1
    denoise = closed_form if sigma > bound(len(y)) else prior
    x = denoise(np.repeat(y, 3, axis=0), math.sqrt(3) * sigma) if grey else denoise(y, sigma)
    x = x.mean(axis=0, keepdims=True) if grey else x
    return x if denoise is closed_form else x + lost(y - x, sigma)


def lost(missing: Floats, sigma: float) -> Floats:
    """Return what is put back of y - x."""
    axes = AXES if len(missing) == 3 else np.ones((1, 1))
    z, band = transform(missing, axes), bands(*missing.shape[1:])
    for axis in z:
        for b in range(14):
            j = int((band == b).sum())
            if j:
                m = float((axis[band == b] ** 2).mean())
                v = max(0.0, m - sigma**2 * (1 + 3 * math.sqrt(2 / j)))
                axis[band == b] *= v / (v + sigma**2)
    return back(z, axes)


def bands(height: int, width: int) -> NDArray[np.int64]:
    """Return the band of every coefficient."""
    found = np.zeros((height, width), dtype=np.int64)
    for i, j in np.ndindex(height, width):
        n, d = (i * width) ** 2 + (j * height) ** 2, (height * width) ** 2
        found[i, j] = max(b for b in range(14) if b == 0 or 2 ** (13 - b) * n >= d)
    return found


def error(sigma: float) -> Floats:
    """Return E of the calibration of the vectors, (3, 14)."""
    heights, levels = (1.0, 6.0, 9.0), (1 / 8, 1.0, 8.0)
    d, b = np.ogrid[:3, :14]
    log_height = np.interp(math.log(sigma), np.log(levels), np.log(heights))
    return np.exp(log_height) * 2.0 ** (-6 - d - b / 2)


class Between:
    """The estimates of 11.5 between evaluations."""

    def __init__(self, channels: int) -> None:
        self.axes = AXES if channels == 3 else np.ones((1, 1))
        self.a, self.b = np.zeros((channels, 14)), np.zeros((channels, 14))
        self.last: tuple[Floats, float, Floats] | None = None

    def arrived(self, y: Floats, sigma: float) -> tuple[Floats, float]:
        """Return R and d."""
        assert self.last is not None
        y_e, sigma_e, x_e = self.last
        d = 1 / sigma**2 - 1 / sigma_e**2
        return transform((y / sigma**2 - y_e / sigma_e**2) / d - x_e, self.axes), d

    def evaluate(self, y: Floats, sigma: float) -> Floats:
        """Return the estimate; learn from what came before and fix V."""
        x, grey = estimate(y, sigma), len(y) == 1
        if self.last is not None:
            r, d = self.arrived(y, sigma)
            band = bands(*y.shape[1:])
            for axis, b in np.ndindex(self.a.shape):
                square = r[axis][band == b] ** 2
                j = max(1, square.size)
                w, e = j * d**2 / 2, self.e[axis, b]
                self.a[axis, b] = 0.7 * self.a[axis, b] + w * e * (square.sum() / j - 1 / d)
                self.b[axis, b] = 0.7 * self.b[axis, b] + w * e**2
        self.e = error(math.sqrt(3) * sigma)[:1] / 3 if grey else error(sigma)
        ratio = np.minimum(50, np.maximum(1 / 50, (1 + self.a) / (1 + self.b)))
        self.v = np.minimum(sigma**2, self.e * ratio)
        self.last = y, sigma, x
        return x

    def move(self, y: Floats, sigma: float) -> Floats:
        """Return the moved estimate."""
        assert self.last is not None
        (r, d), band = self.arrived(y, sigma), bands(*y.shape[1:])
        gain = self.v * d / (self.v * d + 1)
        return self.last[2] + back(np.stack([g[band] for g in gain]) * r, self.axes)


def walk(
    shape: tuple[int, int, int], layers: Iterable[tuple[int, Floats]]
) -> list[tuple[Floats, Floats]]:
    """Return y_k and x0_hat_k of layers (t, z)."""
    y, x, before, evaluated = np.zeros(shape), np.zeros(shape), math.inf, math.inf
    between, found = Between(shape[0]), []
    for t, z in layers:
        sigma = 2.0 ** (t / 256 - 10)
        a = 1 - sigma**2 / before**2
        y, before = y + a * (x - y) + sigma * math.sqrt(a) * z, sigma
        if evaluated - t >= 64:
            x, evaluated = between.evaluate(y, sigma), t
        else:
            x = between.move(y, sigma)
        found.append((y, x))
    return found


def ends(y: Floats, sigma: float, n: int) -> tuple[Floats, Floats]:
    """Return P and Q of `geodesic`."""
    if sigma > (b := bound(len(y))):
        m = math.ceil(4 * math.log2(sigma / b))
        levels = [sigma * (b / sigma) ** (i / m) for i in range(m)] + [b]
        for above, below in pairwise(levels):
            x = estimate(y, above)
            y = x + below / above * (y - x)
        sigma = b
    return estimate(y, sigma), ode(y, sigma, 1.0, n)


def ode(y: Floats, sigma: float, rho: float, n: int) -> Floats:
    """Return the end of the flow."""
    c, e = 2 - rho, min(0.005, sigma / 2)
    s = [sigma * (e / sigma) ** (i / (n - 1)) for i in range(n)] if n > 1 else [sigma]
    x, m = estimate(y, sigma), 0 * y
    for above, below in pairwise(s):
        h = math.log(above / below)
        y = x + math.exp(-c * h) * (y - x) + (h - (1 - math.exp(-c * h)) / c) * m
        new = estimate(y, below)
        x, m = new, (new - x) / h
    return x
