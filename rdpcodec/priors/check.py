"""Whether a prior is what it should be on this machine: `rdpcodec priors --check`.

A wrong noise schedule, a wrong scale of latents or damaged weights give no error: they give files
that are twice as large. What shows them is the one-step estimate at a few noise levels, against
the estimate that needs no network.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdpcodec.arrays import Array, energy, finish, place
from rdpcodec.compute import neutral
from rdpcodec.domains import Domain
from rdpcodec.images import to_samples
from rdpcodec.metrics import psnr
from rdpcodec.priors.base import Prior

Progress = Callable[[str, int, int], None]

PIXEL_LEVELS = (2.0, 0.6, 0.2, 0.06, 0.02)
LATENT_LEVELS = (8.0, 2.5, 0.8, 0.25, 0.08)
GAIN = (0.7, 1.5)  # 0.93 to 1.02 for exact networks and photo-1; with wrong betas 0.4 to 0.7
RATIO_MAX = 1.1  # of the error to that of the closed form; an exact estimate is at most 1
SPREAD = (0.4, 2.0)  # of latents; those of EDM are half as large as those of others
VAE_PSNR_MIN = 18.0  # the poorest of known autoencoders reaches 22 on photos
COARSE_OCTAVES = 8  # above the first level, where the closed form answers
PHOTO_SIDE = 512
SEED, TINY = 1, 1e-30


@dataclass(frozen=True)
class Level:
    """The one-step estimate at a noise level.

    Attributes:
        sigma: The level.
        mse: Mean squared error of the estimate, in units of the state.
        ratio: That over the error of the estimate that needs no network; expected at most 1.
        gain: What the best multiple is of the noise that the network takes away; expected near 1,
            less where it takes away too much, as a network does that is told too high a level.
        psnr: Of the picture of the estimate, in decibels.
        bpp: Bits per pixel that a file ideally takes to this level, at most about.
        seconds: What the evaluation took.
        expected: Whether ratio and gain are in range.
    """

    sigma: float
    mse: float
    ratio: float
    gain: float
    psnr: float
    bpp: float
    seconds: float
    expected: bool


@dataclass(frozen=True)
class Check:
    """What a prior does to a picture.

    Attributes:
        prior: Its readable name.
        digest: Of its manifest, hexadecimal.
        engine: What evaluates it.
        width: Of the picture, in pixels.
        height: Of the picture.
        state: Channels, rows and columns of the state.
        spread: Standard deviation of the state.
        vae_psnr: Of the picture encoded and decoded, in decibels; None where that loses nothing.
        levels: From coarse to fine.
        memory_bytes: The most that the process has held; None where the system does not tell.
        findings: What is out of range, and what that usually means; one sentence each.
    """

    prior: str
    digest: str
    engine: str
    width: int
    height: int
    state: tuple[int, ...]
    spread: float
    vae_psnr: float | None
    levels: tuple[Level, ...]
    memory_bytes: int | None
    findings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the object that --json prints."""
        return asdict(self)


@neutral()
def check(prior: Prior, pixels: NDArray[np.uint8], progress: Progress | None = None) -> Check:
    """Return what a prior does to a picture.

    Args:
        prior: The prior; its digest includes its prompt.
        pixels: (H, W, 3) uint8; a photo of a few hundred pixels a side says enough.
        progress: Called with the phase, the levels done and their number.
    """
    height, width, channels = pixels.shape
    domain = prior.domain(channels, height, width)
    x_0 = domain.to_state(pixels)
    at_best = None if domain.exact else psnr(pixels, _picture(domain, place(x_0, prior.device)))
    levels = _levels(prior, domain, x_0, pixels, progress)
    spread = float(x_0.std())
    return Check(
        prior=prior.id,
        digest=prior.digest.hex(),
        engine=prior.engine,
        width=width,
        height=height,
        state=domain.shape,
        spread=spread,
        vae_psnr=at_best,
        levels=levels,
        memory_bytes=_memory(prior.device),
        findings=_findings(levels, None if domain.exact else spread, at_best),
    )


def synthetic_photo(side: int = PHOTO_SIDE) -> NDArray[np.uint8]:
    """Return a picture of dead leaves with soft shades, which has edges at every scale."""
    rng = np.random.default_rng(SEED)
    y, x = np.mgrid[0:side, 0:side] + 0.5
    rgb = np.full((side, side, 3), 128.0)
    for radius in np.geomspace(0.6 * side, 0.02 * side, 120):
        at_x, at_y, angle = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(0, math.pi)
        along = (x - at_x) * math.cos(angle) + (y - at_y) * math.sin(angle)
        cover = np.clip(radius - np.hypot(x - at_x, y - at_y), 0, 1)[:, :, None]
        colour = rng.uniform(20, 235) + rng.uniform(-40, 40, 3)
        rgb += cover * (colour + 30 * (along / radius)[:, :, None] * rng.uniform(-1, 1) - rgb)
    rgb += 2 * rng.standard_normal((side, side, 1))
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _levels(
    prior: Prior,
    domain: Domain,
    x_0: NDArray[np.float32],
    pixels: NDArray[np.uint8],
    progress: Progress | None,
) -> tuple[Level, ...]:
    """Return the estimates at all levels, the same noise in each."""
    noise = np.random.default_rng(SEED).standard_normal(x_0.shape, dtype=np.float32)
    clean, noise = place(x_0, prior.device), place(noise, prior.device)
    wanted = PIXEL_LEVELS if domain.exact else LATENT_LEVELS
    sigmas = [min(sigma, prior.sigma_max / domain.noise_scale) for sigma in wanted]
    errors = _coarse_errors(domain, clean, noise, sigmas[0])
    found: list[Level] = []
    for done, sigma in enumerate(sigmas):
        if progress:
            progress("evaluating", done, len(sigmas))
        y, started = clean + sigma * noise, time.perf_counter()
        estimate = finish(domain.evaluate(prior.denoise, y, sigma))
        seconds = time.perf_counter() - started
        mse = energy(estimate - clean) / x_0.size
        plain = energy(domain.closed_form(y, sigma) - clean) / x_0.size
        errors.append((sigma, mse * x_0.size))
        gain = _dot(estimate - y, clean - y) / max(energy(estimate - y), TINY)
        found.append(
            Level(
                sigma=sigma,
                mse=mse,
                ratio=mse / plain,
                gain=gain,
                psnr=psnr(pixels, _picture(domain, estimate)),
                bpp=_bits(errors) / (pixels.shape[0] * pixels.shape[1]),
                seconds=seconds,
                expected=mse <= RATIO_MAX * plain and GAIN[0] <= gain <= GAIN[1],
            )
        )
    return tuple(found)


def _dot(a: Array, b: Array) -> float:
    return float(a.reshape(-1) @ b.reshape(-1))


def _picture(domain: Domain, x_0: Array) -> NDArray[np.uint8]:
    return to_samples(domain.to_pixels(x_0))


def _coarse_errors(
    domain: Domain, clean: Array, noise: Array, sigma: float
) -> list[tuple[float, float]]:
    """Return levels and squared errors above the first level, without a network."""
    found = [(math.inf, energy(clean))]
    for octave in range(COARSE_OCTAVES, 0, -1):
        level = sigma * 2.0**octave
        found.append((level, energy(domain.closed_form(clean + level * noise, level) - clean)))
    return found


def _bits(errors: list[tuple[float, float]]) -> float:
    """Return the bits that the state at the last level shares with the picture, at most about.

    Half the integral of the squared error over 1 / sigma^2. Between two levels the inverse of the
    error is taken as linear, as it is for white states; for others it is concave, and the error
    smaller than that.

    Source:
        Guo, Shamai and Verdu 2005, arXiv:cs/0412108, eq. 1.
    """
    nats = 0.0
    for (above, first), (below, second) in pairwise(errors):
        span = below**-2 - (0.0 if math.isinf(above) else above**-2)
        if first == second:
            nats += 0.5 * span * first
        elif first > 0 and second > 0:
            nats += 0.5 * span * math.log(first / second) / (1 / second - 1 / first)
    return nats / math.log(2)


def _findings(
    levels: tuple[Level, ...], spread: float | None, at_best: float | None
) -> tuple[str, ...]:
    """Return what is out of range, and what that usually means."""
    found = []
    if at_best is not None and at_best < VAE_PSNR_MIN:
        found.append(
            f"the autoencoder alone reaches {at_best:.1f} dB, expected {VAE_PSNR_MIN:.0f} or more: "
            f"its weights are those of another one, or the picture is no photo"
        )
    if spread is not None and not SPREAD[0] <= spread <= SPREAD[1]:
        found.append(
            f"the latents have a standard deviation of {spread:.3g}, expected {SPREAD[0]} to "
            f"{SPREAD[1]}: usually scaling_factor or latents_std of the autoencoder is wrong"
        )
    why = "usually the prediction type or the betas of the scheduler are wrong"
    if spread is not None:
        why += ", or scaling_factor or shift_factor of the autoencoder"
    for what, wrong in (
        ("is worse than that without a network", [x for x in levels if x.ratio > RATIO_MAX]),
        ("takes too much away for noise", [x for x in levels if x.gain < GAIN[0]]),
        ("takes too little away for noise", [x for x in levels if x.gain > GAIN[1]]),
    ):
        if wrong:
            at = ", ".join(f"{level.sigma:.3g}" for level in wrong)
            found.append(f"the estimate {what} at sigma {at}: {why}")
    return tuple(found)


def _memory(device: str | None) -> int | None:
    """Return the most bytes that this process has held, on the device if there is one."""
    if device is not None and device.startswith("cuda"):
        from rdpcodec.arrays import tensors  # noqa: PLC0415 - torch is optional

        return tensors.peak_bytes(device)
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
