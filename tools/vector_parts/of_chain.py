"""Vectors of the chain: its states and estimates, evaluations, bands, what is learned and kept."""

import numpy as np
from vector_parts.standins import Formula, Patterned, pattern
from vector_parts.writing import Rows, row

from rdpcodec.chain import Chain, Estimator
from rdpcodec.chain.refiner import Refiner
from rdpcodec.decoder.reconstruction import Geodesic, Noisy, ode
from rdpcodec.domains import pixel_domain
from rdpcodec.priors import load_prior
from rdpcodec.schedule import sigma
from rdpcodec.transforms import bands as of_frequency

GREY_BANDS = [0, 7, 8, 9, 10, 11, 12, 13]  # those of 8 by 8 that are not empty
# From 2673 and 2590 M equal ratios end above the bound, by rounding; 1900 is below it.
RUNS = ((3, 2673), (3, 2300), (3, 1900), (1, 2590), (1, 2200))
ABOVE_LAST = (360, 320, 256, 193, 192, 150, 100, 36, 0)


def chain() -> Rows:
    """A chain of nine layers with the formula for a prior, and its reconstructions."""
    found: Rows = {}
    for channels, t_last in RUNS:
        shape = channels, 10, 12
        estimator = Estimator(Formula(), pixel_domain(*shape))
        walked, kind = Chain(estimator), "RGB" if channels == 3 else "grey"
        for n, above in enumerate(ABOVE_LAST, start=1):
            walked.advance(t_last + above, 1.7 * pattern(n, *shape)[0])
            found[f"{kind}, t_9 = {t_last}, y_{n}"] = row(walked.y[0, -1, 1, :6])
            found[f"{kind}, t_9 = {t_last}, x0_hat_{n}"] = row(walked.x0_hat()[0, -1, 1, :6])
        state = Noisy(walked.y, walked.sigma)
        ends = Geodesic(estimator, state, estimator.sigma_max)
        for name, picture in (
            ("P", ends.distortion()),
            ("Q, N = 6", ends.perception(6)),
            ("ode, rho = 1/4, N = 6", ode(estimator, state, 0.25, 6)),
        ):
            found[f"{kind}, t_9 = {t_last}, {name}"] = row(picture[0, -1, 1, :6])
    return found


def bands() -> Rows:
    """Bands of 5 by 8 coefficients."""
    return {f"H = 8, W = 5, row {i}": row(b) for i, b in enumerate(of_frequency.bands(8, 5))}


def refresh() -> Rows:
    """At which of the levels of a run a prior of the G of photo-1 is evaluated."""
    prior = Patterned(pattern(0, 1, 8, 8))
    prior.refresh = load_prior("photo-1").refresh
    chain = Chain(Estimator(prior, pixel_domain(1, 8, 8)))
    levels = (2800, 2768, 2737, 2736, 2672, 2640, 2609, 2600, 2544, 2400)
    for t in levels:
        chain.advance(t, np.zeros(64, dtype=np.float32))
    chain.x0_hat()
    asked = np.round(256 * (np.log2(np.array(prior.levels) / 3**0.5) + 10))
    return {"t": row(levels), "t evaluated": row(asked)}


def moved() -> Rows:
    """Three evaluations of 11.5 on grey pixels, 8 by 8, and the moved estimates below them."""
    refiner = Refiner(Estimator(Patterned(np.zeros(1, dtype=np.float32)), pixel_domain(1, 8, 8)))
    x = pattern(0, 1, 8, 8) / 4
    checkerboard = np.tile(np.float32([[1, -1], [-1, 1]]), (1, 1, 4, 4))
    errors = (pattern(1, 1, 8, 8) / 4, 3 * checkerboard, pattern(2, 1, 8, 8) / 64)
    found: Rows = {}
    for n, (t, error) in enumerate(zip((2176, 1920, 1408), errors, strict=True), start=1):
        refiner.restart(x + error, sigma(t), x)
        assert refiner._anchor is not None  # noqa: S101 - it was given just now
        learned = {"A": refiner._seen, "B": refiner._weight, "V": refiner._anchor.variance}
        found |= {
            f"{name}, evaluation {n}": row(values[0, GREY_BANDS])
            for name, values in learned.items()
        }
        below = refiner.estimate(x + pattern(3, 1, 8, 8) / 64, sigma(t - 48))
        found[f"moved estimate after {n}, row 0"] = row(below[0, 0, 0])
    return found


def shown() -> Rows:
    """The estimate of 11.6 from what a prior has lost."""
    found: Rows = {}
    for kind, channels in (("grey", 1), ("RGB", 3)):
        shape = channels, 8, 8
        estimator = Estimator(Patterned(pattern(0, *shape)), pixel_domain(*shape))
        for size in (2, 4, 16):
            y = pattern(0, *shape) + pattern(1, *shape) / size
            x = estimator(y, 0.125)[0, -1, 0]
            found[f"{kind}, f_0 + f_1 / {size}, last channel, row 0"] = row(x)
    return found
