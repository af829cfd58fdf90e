"""The numbers of section 17 of the specification, recomputed by the package."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec.chain import Chain, Estimator
from rdpcodec.chain.refiner import Refiner
from rdpcodec.decoder.reconstruction import Noisy, descend, noise_levels, ode, solve
from rdpcodec.domains import pixel_domain
from rdpcodec.domains.gaussian import spectrum as gaussian_spectrum
from rdpcodec.images.picture import to_bytes
from rdpcodec.priors import load_prior
from rdpcodec.priors.calibration import Calibration
from rdpcodec.priors.gaussian import GaussianPrior
from rdpcodec.schedule import sigma
from rdpcodec.transforms import bands as bands_of

Rows = dict[str, NDArray[np.float64]]
SPEC = Path(__file__).parents[2] / "spec" / "rdp.md"
TOLERANCE = 2e-5  # of the largest number of a row; six digits are printed
GREY_BANDS = [0, 7, 8, 9, 10, 11, 12, 13]  # those of 8 by 8 that are not empty


def printed() -> Rows:
    """Return the rows of the tables of section 17 by their first cell."""
    section = SPEC.read_text(encoding="utf-8").split("\n## 17 ")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (.+?) \| ([-0-9. e]+) \|$", section, re.M)
    return {label: np.array(values.split(), dtype=np.float64) for label, values in cells}


def wrong(found: Rows, expected: Rows) -> list[str]:
    """Return the labels of the rows that are not as printed."""
    return [label for label, row in found.items() if not _close(row, expected.get(label))]


def _close(found: NDArray[np.float64], expected: NDArray[np.float64] | None) -> bool:
    if expected is None or found.shape != expected.shape:
        return False
    return bool(np.abs(found - expected).max() <= TOLERANCE * np.abs(expected).max())


def pattern(n: int, channels: int, height: int, width: int) -> Tensor:
    """Return f_n(c, v, u) = ((7 v + 11 u + 5 c + v u + 3 n (u + 1)) mod 33) / 16 - 1."""
    c, v, u = np.ogrid[:channels, :height, :width]
    values = (7 * v + 11 * u + 5 * c + v * u + 3 * n * (u + 1)) % 33
    return torch.from_numpy((values / 16 - 1).astype(np.float32))[None]


class Patterned(GaussianPrior):
    """A prior that answers with a pattern, evaluated as often as photo-1 and as well known."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        photo = load_prior("photo-1")
        self.calibration, self.refresh = photo.calibration, photo.refresh
        self._answer = answer
        self.levels: list[float] = []

    def denoise(self, y: Tensor, sigma: float) -> Tensor:
        """Return the pattern in every channel."""
        self.levels.append(sigma)
        return self._answer.expand_as(y)


def spectrum() -> Rows:
    """S of 10.3 for 6 by 4 pixels."""
    found = gaussian_spectrum(4, 6)
    rows = {f"S_{d}(1, u), u = 0 .. 5": found[d, 1] for d in range(3)}
    return {"S_d(0, 0), d = 0 .. 2": found[:, 0, 0]} | rows


def network() -> Rows:
    """One evaluation of photo-1 at sigma = 1/4, of 16 by 16 pixels."""
    seen: Rows = {}
    prior = load_prior("photo-1")
    inner = prior._network

    def keep(label: str, at: tuple[int, int], count: int = 8) -> Callable[..., None]:
        def hook(_: object, given: tuple[Tensor, ...], out: Tensor | None = None) -> None:
            values = (given[0] if out is None else out)[0, :count, at[0], at[1]]
            seen[f"{label} at {at}"] = values.double().numpy().copy()

        return hook

    handles = [
        inner.trunk[0].register_forward_pre_hook(keep("input", (1, 2), 13)),
        inner.trunk[1].register_forward_pre_hook(keep("trunk.0, ReLU", (1, 2))),
        inner.context.register_forward_pre_hook(keep("trunk.1, ReLU", (1, 2))),
        inner.context.below.below.before.register_forward_hook(keep("m, third level", (0, 0))),
        inner.context.register_forward_hook(keep("branch", (1, 2))),
        inner.trunk[6].register_forward_pre_hook(keep("trunk.5 and branch, ReLU", (1, 2))),
        inner.trunk[11].register_forward_hook(keep("trunk.11", (1, 2))),
    ]
    clean = prior.denoise(pattern(0, 3, 16, 16), 0.25)[0].double().numpy()
    for handle in handles:
        handle.remove()
    return seen | {f"N, channel {c}, row 2, columns 0 .. 7": clean[c, 2, :8] for c in range(3)}


def tiles() -> Rows:
    """What the network sees of rows of 2096 pixels: the first and the last column of each tile."""
    prior = load_prior("photo-1")
    asked: list[Tensor] = []
    whole = prior._network.forward

    def see(p: Tensor, _: Tensor) -> Tensor:
        asked.append(p[0, 0, 0, [0, -1]])
        return torch.full_like(p, float(len(asked)))

    prior._network.forward = see
    ramp = torch.arange(2096.0).expand(1, 3, 1, 2096) * 2 - 1
    try:
        used = prior.denoise(ramp, 0.25)[0, 0, 0] / 2 + 0.5
    finally:
        prior._network.forward = whole
    begins = [float((used == n + 1).nonzero()[0]) for n in range(len(asked))]
    return {
        "first column of each tile": np.array(begins),
        "first column seen": np.array([float(first) for first, _ in asked]),
        "last column seen": np.array([float(last) for _, last in asked]),
    }


def bands() -> Rows:
    """Bands of 5 by 8 coefficients."""
    return {f"bands of row {i}": row.astype(float) for i, row in enumerate(bands_of(8, 5))}


def calibration() -> Rows:
    """E of photo-1, and of a calibration that is made up."""
    found: Rows = {}
    photo, level = load_prior("photo-1"), 0.3
    for kind, domain in (("RGB", pixel_domain(3, 8, 8)), ("grey", pixel_domain(1, 8, 8))):
        variances = Estimator(photo, domain).error_variance(level)
        for d, row in enumerate(variances):
            found[f"E, {kind}, axis {d}, bands 0 .. 6"] = row[:7]
            found[f"E, {kind}, axis {d}, bands 7 .. 13"] = row[7:]
    values = np.array([0.0, 1e-6, 4e-6])[:, None, None] * np.ones((3, 14))
    made_up = {"sigma": [1.0, 4.0, 16.0], "mse": [1.0, 1.0, 1.0], "spectrum": values.tolist()}
    curve = Calibration.from_json(made_up)
    at = [curve.spectrum_at(s)[0, 0] for s in (0.5, 2.0, 8.0, 10.0, 64.0)]
    return found | {"E between 0, 1e-6 and 4e-6": np.log10(at)}


def refresh() -> Rows:
    """At which of the levels of a run the prior is evaluated."""
    prior = Patterned(pattern(0, 1, 8, 8))
    chain = Chain(Estimator(prior, pixel_domain(1, 8, 8)))
    levels = (2800, 2768, 2737, 2736, 2672, 2640, 2609, 2600, 2544, 2400)
    for t in levels:
        chain.advance(t, np.zeros(64, dtype=np.float32))
    chain.x0_hat()
    asked = np.round(256 * (np.log2(np.array(prior.levels) / 3**0.5) + 10))
    return {"t": np.array(levels, dtype=float), "t evaluated": asked}


def moved() -> Rows:
    """Three evaluations of 11.5 on grey pixels, 8 by 8, and the moved estimates below them."""
    refiner = Refiner(Estimator(Patterned(torch.zeros(1)), pixel_domain(1, 8, 8)))
    x = pattern(0, 1, 8, 8) / 4
    checkerboard = torch.tensor([[1.0, -1.0] * 4, [-1.0, 1.0] * 4] * 4).view(1, 1, 8, 8)
    errors = (pattern(1, 1, 8, 8) / 4, 3 * checkerboard, pattern(2, 1, 8, 8) / 64)
    found: Rows = {}
    for n, (t, error) in enumerate(zip((2176, 1920, 1408), errors, strict=True), start=1):
        refiner.restart(x + error, sigma(t), x)
        learned = {"A": refiner._seen, "B": refiner._weight, "V": refiner._anchor.variance}
        found |= {f"{name}, evaluation {n}": row[0, GREY_BANDS] for name, row in learned.items()}
        below = refiner.estimate(x + pattern(3, 1, 8, 8) / 64, sigma(t - 48))
        found[f"moved estimate after {n}, row 0"] = below[0, 0, 0].double().numpy()
    return {label: row for label, row in found.items() if row.any()}


def shown() -> Rows:
    """The estimate of 11.6 on grey pixels, 8 by 8, at sigma = 1/8."""
    estimator = Estimator(Patterned(pattern(0, 1, 8, 8)), pixel_domain(1, 8, 8))
    y = pattern(0, 1, 8, 8) + pattern(1, 1, 8, 8) / 4
    found = estimator(y, 0.125)[0, 0].double().numpy()
    return {f"estimate, row {v}": found[v] for v in range(2)}


def unit_gaussian(y: Tensor, sigma: float) -> Tensor:
    """Return the estimate of a normal number of variance 1."""
    return y / (1 + sigma**2)


def descent() -> Rows:
    """The flow of a normal number from 3 to B = 1.3."""
    asked: list[float] = []

    def ask(y: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return unit_gaussian(y, sigma)

    end = descend(ask, Noisy(torch.ones(1, dtype=torch.float64), 3.0), 1.3)
    return {
        "levels above B": np.array([*asked, end.sigma]),
        "y at B": np.array([float(end.y)]),
    }


def solver() -> Rows:
    """The solver on a normal number."""
    one = torch.ones(1, dtype=torch.float64)
    steps: list[float] = []

    def ask(y: Tensor, sigma: float) -> Tensor:
        steps.extend((float(y), float(unit_gaussian(y, sigma))))
        return unit_gaussian(y, sigma)

    solve(ask, Noisy(one, 2.0), unit_gaussian(one, 2.0), 3, 1.5)
    ends = [float(ode(unit_gaussian, Noisy(one, 2.0), 0.5, n)) for n in (1, 2, 4)]
    return {
        "s_i from 2": np.array(noise_levels(2.0, 3)),
        "s_i from 0.03": np.array(noise_levels(0.03, 3)),
        "y_1, x_1, y_2, x_2": np.array(steps),
        "x_(N-1), N = 1, 2, 4": np.array(ends),
    }


def pixels() -> Rows:
    """Values of 11.4."""
    x = np.array([-1.5, -1, -0.99, -0.25, 0, 0.25, 0.5, 0.996, 1, 7], dtype=np.float32)
    return {"x": x.astype(np.float64), "value": to_bytes(x).astype(np.float64)}


GROUPS: dict[str, Callable[[], Rows]] = {
    group.__name__: group
    for group in (
        spectrum, network, tiles, bands, calibration, refresh, moved, shown, descent, solver,
        pixels,
    )
}  # fmt: skip
