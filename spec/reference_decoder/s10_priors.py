"""Section 10: the priors `gaussian-1` and `photo-1`, and the domains of pixels."""

import hashlib
import json
import re
from functools import cache, partial
from math import log, sqrt
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from s12_refusals import TEXT, refuse_if

# 10.1: manifests "are printed below in several lines; the line ends are not part of them".
_PRINTED = re.findall(r"Canonical manifest, digest \w+:\n\n((?:    .*\n)+)", TEXT)
CANONICAL = {json.loads(m)["id"]: re.sub(r" *\n    |^    |\n$", "", m) for m in _PRINTED}
AXES = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])  # 10.3


def load(file, weights):  # 10.1, 4.2; 13.1, 8 and 9
    name = (file.header.prior or b"").decode()
    refuse_if(name not in ("gaussian-1", "photo-1"), "prior-unavailable")
    prior = Photo(Path(weights)) if name == "photo-1" else Prior()
    digest = hashlib.sha256(CANONICAL[name].encode()).digest()
    refuse_if(not digest.startswith(file.header.digest) or file.prompt, "prior-mismatch")
    prior.axes = AXES if file.header.kind == "rgb" else np.eye(1)
    refuse_if(file.header.state != (len(prior.axes), 1, 1), "unsupported-feature")
    return prior


def dct(x, *, inverse=False):  # the orthonormal DCT-II of the rows and columns of channels
    for axis in (1, 2):
        n = x.shape[axis]
        basis = np.cos(np.pi / n * np.outer(np.arange(n), np.arange(n) + 0.5)) * sqrt(2 / n)
        basis[0] = sqrt(1 / n)
        x = np.moveaxis(np.tensordot(basis, x, (0 if inverse else 1, axis)), 0, axis)
    return x


@cache
def bands(H, W):  # 11.5: "these are integers"
    radius = (np.arange(H)[:, None] * W) ** 2 + (np.arange(W) * H) ** 2
    least = [-(-((H * W) ** 2) // 2 ** (13 - b)) for b in range(1, 14)]
    return np.searchsorted(least, radius, side="right")


def sums(x):  # over each axis and band
    band = bands(*x.shape[1:]).ravel()
    return np.array([np.bincount(band, axis.ravel(), 14) for axis in x])


def spread(values, x):  # what an axis and band has, at each of its coefficients
    return values[:, bands(*x.shape[1:])]


class Prior:
    """`gaussian-1`, and what both priors have: an estimate in a domain of pixels (10.2)."""

    refresh, symmetries, beyond = None, 1, 0.0

    def denoise(self, y, sigma):  # 10.3
        m, (H, W) = json.loads(CANONICAL["gaussian-1"]), y.shape[1:]
        v, u = np.arange(H)[:, None] / (2 * H), np.arange(W) / (2 * W)
        amplitude, exponent = (np.reshape(m[k], (3, 1, 1)) for k in ("amplitude", "exponent"))
        S = amplitude * (v**2 + u**2 + m["corner"] ** 2) ** (-exponent / 2)
        F = dct(np.tensordot(AXES, y, 1)) * (S / (S + sigma**2))
        return np.tensordot(AXES.T, dct(F, inverse=True), 1)

    def T(self, x):  # 11.5: "the orthonormal DCT-II of the axes of the state"
        return dct(np.tensordot(self.axes, x, 1))

    def inverse(self, coefficients):
        return np.tensordot(self.axes.T, dct(coefficients, inverse=True), 1)

    def estimate(self, y, sigma):  # 10.2, for RGB or grey pixels, and 11.6
        if len(self.axes) == 3:
            x = self.denoise(y, sigma)
        else:
            x = self.denoise(np.repeat(y, 3, 0), sqrt(3) * sigma).mean(0, keepdims=True)
        Z = self.T(y - x)
        J = np.maximum(sums(np.ones_like(Z)), 1)
        V = np.maximum(0, sums(Z**2) / J - sigma**2 * (1 + 3 * np.sqrt(2 / J)))
        return x + self.inverse(spread(V / (V + sigma**2), Z) * Z)


def _published(path, what):  # 10.4: "SHA-256 as in the manifest"
    refuse_if(not path.is_file(), "prior-unavailable")
    digest = hashlib.sha256(data := path.read_bytes()).hexdigest()
    refuse_if(digest != json.loads(CANONICAL["photo-1"])[what + "_sha256"], "prior-invalid")
    return data


class Photo(Prior):
    """10.4: `photo-1`."""

    refresh, symmetries, beyond = 64, 4, 1 / 4

    def __init__(self, path):
        weights = _published(path, "weights")
        calibration = _published(path.with_name("calibration.json"), "calibration")
        self.calibration, self.tensors = json.loads(calibration), {}
        # safetensors: the length of a JSON header, the header, the numbers of the tensors.
        start = 8 + int.from_bytes(weights[:8], "little")
        for name, entry in json.loads(weights[8:start]).items():
            if name != "__metadata__":
                first, last = (start + offset for offset in entry["data_offsets"])
                numbers = np.frombuffer(weights[first:last], "<f2").astype(np.float32)
                self.tensors[name] = numbers.reshape(entry["shape"])

    def convolution(self, name, x):  # "x being 0 outside"; `down` is 2x2 with stride 2
        w, bias = self.tensors[name + ".weight"], self.tensors[name + ".bias"]
        size, step = (2, 2) if w.shape[2] == 2 else (3, 1)
        x = np.pad(x, ((0, 0), (1, 1), (1, 1))) if size == 3 else x
        windows = sliding_window_view(x, (size, size), (1, 2))[:, ::step, ::step]
        return np.tensordot(w, windows, ((1, 2, 3), (0, 3, 4))) + bias[:, None, None]

    def up(self, name, x):  # "`up` is transposed"
        w, bias = self.tensors[name + ".weight"], self.tensors[name + ".bias"]
        out = np.tensordot(w, x, (0, 0)).transpose(0, 3, 1, 4, 2)  # o, v, a, u, b
        return out.reshape(len(bias), 2 * x.shape[1], -1) + bias[:, None, None]

    def network(self, p, s):  # Networks: 12 channels of half the sides, and channel 12
        H, W = p.shape[1] // 2, p.shape[2] // 2
        x = p.reshape(3, H, 2, W, 2).transpose(0, 2, 4, 1, 3).reshape(12, H, W)
        if 4 / 255 <= s < 64 / 255:  # FFDNet
            x = np.concatenate([x, np.full((1, H, W), s)]).astype(np.float32)
            for i in range(12):
                x = self.convolution(f"ffdnet.{i}", x)
                x = np.maximum(x, 0) if i < 11 else x
        else:  # Four scales, 1 and 5
            q = sqrt(s**2 + 1 / 16)
            told = np.full((1, H, W), log(max(255 * s, 1 / 2)) / 4)
            h = np.concatenate([(x - 1 / 2) / q, told]).astype(np.float32)
            h = self.scale(self.convolution("four_scales.head", h), "four_scales.scales", 0)
            F = self.convolution("four_scales.tail", h)
            x = 1 / 2 + (x - 1 / 2) / (16 * q**2) + F * s / (4 * q)
        return x.reshape(3, 2, 2, H, W).transpose(0, 3, 1, 4, 2).reshape(p.shape)

    def scale(self, x, c, depth):  # Four scales, 2 and 3
        for side in ("before", "after"):
            for i in range((3, 3, 2, 1)[depth]):
                inner = np.maximum(self.convolution(f"{c}.{side}.{i}.first", x), 0)
                x = x + self.convolution(f"{c}.{side}.{i}.second", inner)
            if side == "before" and depth < 3:
                below = self.scale(self.convolution(f"{c}.down", x), f"{c}.below", depth + 1)
                x = x + self.up(f"{c}.up", below)
        return x

    def N(self, y, sigma):  # Tiles
        p = (extended(y, 16) + 1) / 2
        out = np.empty_like(p)
        for v, u in np.ndindex(-(-p.shape[1] // 1024), -(-p.shape[2] // 1024)):
            top, left = 1024 * v, 1024 * u
            above, before = min(top, 64), min(left, 64)
            tile = p[:, top - above : top + 1088, left - before : left + 1088]
            tile = self.network(tile, sigma / 2)[:, above:, before:][:, :1024, :1024]
            out[:, top : top + 1024, left : left + 1024] = tile
        return 2 * out[:, : y.shape[1], : y.shape[2]] - 1

    def denoise(self, y, sigma):  # Octaves
        k = next(k for k in 2 ** np.arange(64) if sigma / k <= 300 / 255)
        if k == 1:
            return self.N(y, sigma)
        g = super().denoise(y, sigma)
        if min(y.shape[1:]) < 16 * k:
            return g
        fine = self.N(reduce(y, k), sigma / k) - reduce(g, k)
        return g + enlarge(enlarge(fine, k, 1), k, 2)[:, : y.shape[1], : y.shape[2]]

    def error(self, sigma):  # 11.5, Calibration
        if len(self.axes) == 1:  # "grey pixels use E(sqrt(3) sigma) / 3 of axis 0"
            sigma *= sqrt(3)
        levels, E = self.calibration["sigma"], np.maximum(self.calibration["spectrum"], 1e-12)
        between = partial(np.interp, log(sigma), np.log(levels))
        E = np.exp(np.apply_along_axis(between, 0, np.log(E)))
        return E if len(self.axes) == 3 else E[:1] / 3


def extended(x, multiple):  # "the last column and row are repeated until .. multiples"
    return np.pad(x, ((0, 0), (0, -x.shape[1] % multiple), (0, -x.shape[2] % multiple)), "edge")


def reduce(x, k):  # "the mean of k x k pixels"
    x = extended(x, k)
    return x.reshape(len(x), x.shape[1] // k, k, x.shape[2] // k, k).mean((2, 4))


def enlarge(x, k, axis):  # "the sum of c(r - j) times row j over the four j nearest to r"
    rows = np.arange(x.shape[axis] * k)
    r, matrix = (rows + 1 / 2) / k - 1 / 2, np.zeros((len(rows), x.shape[axis]))
    for j in np.floor(r).astype(int) + np.arange(-1, 3)[:, None]:
        d = abs(r - j)
        near, far = 5 / 4 * d**3 - 9 / 4 * d**2 + 1, -3 / 4 * d**3 + 15 / 4 * d**2 - 6 * d + 3
        np.add.at(matrix, (rows, np.clip(j, 0, x.shape[axis] - 1)), np.where(d <= 1, near, far))
    return np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
