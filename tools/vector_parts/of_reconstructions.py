"""Vectors of 11.3 and 11.4: descent, solver, least error, pixels."""

import numpy as np
from numpy.typing import NDArray
from vector_parts.standins import Slanted, pattern
from vector_parts.writing import Rows, row

from rdpcodec.chain import Estimator
from rdpcodec.decoder.reconstruction import Geodesic, Noisy, descend, noise_levels, ode, solve
from rdpcodec.domains import pixel_domain
from rdpcodec.images.picture import to_samples
from rdpcodec.schedule import sigma

Floats = NDArray[np.float64]


def unit_gaussian(y: Floats, sigma: float) -> Floats:
    """Return the estimate of a normal number of variance 1."""
    return y / (1 + sigma**2)


def descent() -> Rows:
    """The flow of a normal number from 3 to B = 1.3."""
    asked: list[float] = []

    def ask(y: Floats, sigma: float) -> Floats:
        asked.append(sigma)
        return unit_gaussian(y, sigma)

    end = descend(ask, Noisy(np.ones(1), 3.0), 1.3)
    return {"s_0 .. s_M": row([*asked, end.sigma]), "y at B": row(end.y)}


def solver() -> Rows:
    """The solver on a normal number."""
    one = np.ones(1)
    steps: list[float] = []

    def ask(y: Floats, sigma: float) -> Floats:
        steps.extend((y.item(), unit_gaussian(y, sigma).item()))
        return unit_gaussian(y, sigma)

    solve(ask, Noisy(one, 2.0), unit_gaussian(one, 2.0), 3, 1.5)
    ends = [ode(unit_gaussian, Noisy(one, 2.0), 0.5, n).item() for n in (1, 2, 4)]
    return {
        "s_0 .. s_2 from 2": row(noise_levels(2.0, 3)),
        "s_0 .. s_2 from 0.008": row(noise_levels(0.008, 3)),
        "y_1, x_1, y_2, x_2": row(steps),
        "x_(N-1), N = 1, 2, 4": row(ends),
    }


def least_error() -> Rows:
    """The estimate of least error with a prior that symmetries matter to."""
    found: Rows = {}
    for channels, count, size, t in (
        (3, 2, 2, 2048), (3, 3, 2, 2048), (3, 4, 2, 2048), (3, 8, 2, 2048),
        (3, 4, 32, 1024), (3, 4, 0.5, 2048), (1, 4, 2, 1792),
    ):  # fmt: skip
        shape = channels, 20, 24
        estimator = Estimator(Slanted(), pixel_domain(*shape))
        state = Noisy(pattern(1, *shape) / np.float32(size), sigma(t))
        ends = Geodesic(estimator, state, basis=estimator.domain.basis)
        kind = "RGB" if channels == 3 else "grey"
        label = f"{kind}, K = {count}, y = f_1 / {size}, t = {t}, last channel, row 1"
        found[label] = row(ends.distortion(count)[0, -1, 1, :8])
    beyond = Geodesic(
        Estimator(Slanted(), pixel_domain(3, 20, 24)), Noisy(pattern(1, 3, 20, 24), 1.0)
    )
    label = "RGB, Q with N = 3 and O = 1/4, y = f_1, sigma = 1, last channel, row 1"
    found[label] = row(beyond.perception(3, 0.25)[0, -1, 1, :8])
    return found


def pixels() -> Rows:
    """Values of 11.4."""
    x = np.array([-1.5, -1, -0.99, -0.25, 0, 0.25, 0.5, 0.996, 1, 7], dtype=np.float32)
    return {"x": row(x), "8 bits": row(to_samples(x)), "16 bits": row(to_samples(x, 16))}
