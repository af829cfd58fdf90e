"""Section 11: the chain, and from the state that a file means to a picture."""

from itertools import pairwise
from math import exp, log, sqrt

import numpy as np
from s08_coders import signs
from s10_priors import spread, sums


class Refiner:
    """11.5: estimates of every layer, of which few are those of the prior."""

    def __init__(self, prior):
        self.prior, self.t, self.A, self.B = prior, np.inf, 0.0, 0.0

    def __call__(self, y, layer):
        if self.prior.refresh is None:
            return self.prior.estimate(y, layer.sigma)
        if self.t < np.inf:
            d = 1 / layer.sigma**2 - 1 / self.sigma**2
            R = self.prior.T((y / layer.sigma**2 - self.y / self.sigma**2) / d - self.x)
            if self.t - layer.t < self.prior.refresh:
                return self.x + self.prior.inverse(spread(self.V * d / (self.V * d + 1), R) * R)
            J = np.maximum(sums(np.ones_like(R)), 1)  # Learning
            w = J * d**2 / 2
            self.A = 0.7 * self.A + w * self.E * (sums(R**2) / J - 1 / d)
            self.B = 0.7 * self.B + w * self.E**2
        self.t, self.sigma, self.y = layer.t, layer.sigma, y
        self.x, self.E = self.prior.estimate(y, layer.sigma), self.prior.error(layer.sigma)
        self.V = self.E * np.clip((1 + self.A) / (1 + self.B), 1 / 50, 50)
        self.V = np.minimum(layer.sigma**2, self.V)
        return self.x


def walk(prior, layers, samples):  # 11.1 and 11.2: "the state y_L at level sigma_L"
    refiner, before, y, x = Refiner(prior), np.inf, 0.0, 0.0
    for layer, z in zip(layers, samples, strict=True):
        a = 1 - layer.sigma**2 / before**2
        y = y + a * (x - y) + layer.sigma * sqrt(a) * z
        x, before = refiner(y, layer), layer.sigma
    return y, before


def ode(prior, y, sigma, rho, N):  # 11.3, Solver
    e, c, m = min(0.005, sigma / 2), 2 - rho, 0.0
    levels = [sigma * (e / sigma) ** (i / max(1, N - 1)) for i in range(N)]
    x = prior.estimate(y, sigma)
    for s, below in pairwise(levels):
        h = log(s / below)
        y = x + exp(-c * h) * (y - x) + (h - (1 - exp(-c * h)) / c) * m
        before, x = x, prior.estimate(y, below)
        m = (x - before) / h
    return x


def reconstruct(prior, state, options, h):  # 11.3 and 11.4
    if options.reconstruction == "ode":
        picture = ode(prior, *state, options.rho, options.evaluations)
    else:  # geodesic; the priors of this decoder have no bound B
        P = least_error(prior, *state) if options.rho < 1 else 0
        Q = ode(prior, *state, 1, options.evaluations) if options.rho > 0 else 0
        Q = Q + (prior.beyond * (Q - prior.estimate(*state)).mean(0) if prior.beyond else 0)  # O m
        picture = (1 - options.rho) * P + options.rho * Q
    out = np.rint((np.clip(picture, -1, 1) + 1) * (2**h.depth - 1) / 2).astype(f"u{h.depth // 8}")
    return np.moveaxis(np.repeat(out, 3, 0) if h.kind == "equal-rgb" else out, 0, 2)


def least_error(prior, y, sigma):  # 11.3, Least error
    p = x = prior.estimate(y, sigma)
    if prior.symmetries == 1:
        return x
    for turns in (2, 1, 3):  # 1: "turns by 0, 180, 90 or 270 degrees against the clock"
        turned = prior.estimate(np.rot90(y, turns, (1, 2)), sigma)
        p = p + np.rot90(turned, -turns, (1, 2))
    p = p / 4
    w = prior.estimate(x + (y - x) / 2, sigma / 2) - x  # 2
    e, s = sigma / 20, signs(0, "probe", 0, y.size).reshape(y.shape)  # 3
    Ts, Tj = prior.T(s), prior.T((prior.estimate(y + e * s, sigma) - x) / e)
    d = sums(Tj * Ts) / np.maximum(sums(Ts**2), 1e-300)  # an empty band has J = 0 below
    steps = []
    for h in (y, np.clip(y, -1, 1)):  # 4
        q = prior.axes**2 @ (h == y).mean((1, 2))
        Z = prior.T(h - p)
        A = np.maximum(sums(Z**2), 1e-12 * sigma**2)
        b = sums(prior.T(y - p) * Z) - sigma**2 * sums(np.ones_like(Z)) * (q[:, None] - d)
        noise = 4 * sigma**2 * A
        g = np.clip(np.maximum(0, 1 - noise / np.maximum(b**2, noise)) * b / A, -1 / 2, 1)
        steps.append(((g * b).sum(), g, Z))
    _, g, Z = max(steps, key=lambda step: step[0])  # the first, y, "if they are equal"
    c = min(1 / 2, 1 / 5 + sigma / 2)
    share = spread(c * np.minimum(1, 1 - g), Z)
    return p + prior.inverse(spread(g, Z) * Z + share * prior.T(w))
