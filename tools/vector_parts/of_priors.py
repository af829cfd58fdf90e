"""Vectors of section 10: spectrum, network, tiles and octaves, pipelines, calibration."""

import math

import numpy as np
from torch import Tensor, nn
from vector_parts.standins import Patterned, Pipeline, pattern, photo_without_weights
from vector_parts.writing import Rows, row

from rdpcodec.arrays import place
from rdpcodec.chain import Estimator
from rdpcodec.compute import HOST, Compute
from rdpcodec.domains import gaussian, pixel_domain
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.priors.calibration import Calibration
from rdpcodec.priors.diffusers.noise_levels import VariancePreserving
from rdpcodec.priors.diffusers.parameterisation import NoiseSchedule, Prediction
from rdpcodec.priors.diffusers.prior import Parts, PipelinePrior
from rdpcodec.priors.photo_1.prior import PhotoPrior

AT = (1, 2)  # row and column of what is seen inside the network
SCHEDULER = {
    "beta_end": 0.02,
    "beta_schedule": "linear",
    "beta_start": 0.0001,
    "num_train_timesteps": 10,
    "rescale_betas_zero_snr": False,
}


def spectrum() -> Rows:
    """S of 10.3 for 6 by 4 pixels."""
    found = gaussian.spectrum(4, 6)
    rows = {f"S_{d}(1, u), u = 0 .. 5": row(found[d, 1]) for d in range(3)}
    return {"S_d(0, 0), d = 0 .. 2": row(found[:, 0, 0])} | rows


def network() -> Rows:
    """Evaluations of photo-1 on 16 by 16 pixels; what goes into a first convolution, too."""
    found: Rows = {}
    for level, sigma in (("1/64", 1 / 64), ("1/4", 0.25), ("1", 1.0)):
        found |= _evaluation(level, sigma)
    return found


def _evaluation(level: str, sigma: float) -> Rows:
    """Return what one evaluation sees, makes first and gives."""
    seen: Rows = {}
    # Not the one that the process keeps: tests load it wrongly. torch is the readable engine.
    prior = PhotoPrior(Compute(engine="torch"))

    def keep(_: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        name = f"sigma = {level}, at (1, 2)"
        seen[f"{name}: input"] = row(given[0][0, :, AT[0], AT[1]])
        seen[f"{name}: first convolution, channels 0 .. 7"] = row(out[0, :8, AT[0], AT[1]])

    layers = prior._network.layers
    firsts = [layers["ffdnet"].module("0"), layers["four_scales"].module("head")]
    handles = [first.register_forward_hook(keep) for first in firsts]
    try:
        x = prior.denoise(place(pattern(0, 3, 16, 16), prior.device), sigma)
    finally:
        for handle in handles:
            handle.remove()
    for c in range(3):
        seen[f"N at sigma = {level}, channel {c}, row 2, u = 0 .. 7"] = row(x[0, c, 2, :8])
    return seen


def photo() -> Rows:
    """Padding, tiles and octaves of photo-1, with a formula for its network."""
    prior = photo_without_weights()
    found: Rows = {}
    for level, sigma, height, width in (
        ("1/4", 0.25, 21, 19),
        ("300/255", 300 / 255, 21, 19),
        ("2", 2.0, 33, 35),
        ("4", 4.0, 66, 70),
        ("2", 2.0, 31, 40),
        ("2", 2.0, 32, 40),
    ):
        x = prior.denoise(pattern(0, 3, height, width), sigma)[0, 1]
        label = f"sigma = {level}, H = {height}, W = {width}"
        found[f"{label}, row 1, u = 0 .. 7"] = row(x[1, :8])
        found[f"{label}, last row, last 8"] = row(x[-1, -8:])
    return found | _tiles(prior)


def _tiles(prior: Prior) -> Rows:
    """Return pixels of a row and of a column that three tiles see."""
    at = [0, 1023, 1024, 2047, 2048, 2095]
    wide = pattern(0, 3, 16, 2096)
    wide += np.arange(2096, dtype=np.float32) / 1024
    tall = np.ascontiguousarray(wide.swapaxes(2, 3))
    return {
        "W = 2096, row 0, u = 0, 1023, 1024, 2047, 2048, 2095": row(
            prior.denoise(wide, 1.0)[0, 0, 0, at]
        ),
        "H = 2096, column 0, v = 0, 1023, 1024, 2047, 2048, 2095": row(
            prior.denoise(tall, 1.0)[0, 0, at, 0]
        ),
    }


def pipeline() -> Rows:
    """A `diffusers:` pipeline with a formula for its network."""
    betas = [(1 + i) / 16 for i in range(10)]
    bar = np.cumprod(1 - np.array(betas))
    log_sigma = np.log((1 - bar) / bar) / 2
    found: Rows = {}
    for prediction, clip, outputs in (
        ("epsilon", None, 3), ("v_prediction", None, 6), ("sample", 0.75, 3),
    ):  # fmt: skip
        levels = VariancePreserving(SCHEDULER | {"trained_betas": betas}, log_sigma)
        schedule = NoiseSchedule(levels, Prediction(prediction), clip, outputs)
        prior = PipelinePrior(Parts("diffusers:x", Pipeline(outputs), schedule, 64 * "0"), HOST)
        found["sigma_max"] = row(prior.sigma_max)
        found[f"{prediction}, first eight bytes of the digest"] = row(list(prior.digest[:8]))
        for sigma in (0.2, 0.31, 2.0):
            x = prior.denoise(place(pattern(1, 3, 3, 9), prior.device), sigma)
            found[f"{prediction}, sigma = {sigma:g}, channel 0, row 0"] = row(x[0, 0, 0])
    return found


def calibration() -> Rows:
    """E of two made-up calibrations, between and beyond their levels."""
    values = np.array([0.0, 1e-6, 4e-6])[:, None, None] * np.ones((3, 14))
    stored = {"sigma": [1.0, 4.0, 16.0], "mse": [1.0] * 3, "spectrum": values.tolist()}
    curve = Calibration.from_json(stored)
    at = [math.log10(curve.spectrum_at(s)[0, 0]) for s in (0.5, 2.0, 8.0, 10.0, 64.0)]
    found = {"log10 E of 0, 1e-6 and 4e-6, sigma = 1/2, 2, 8, 10, 64": row(at)}
    return found | _errors(Patterned(pattern(0, 3, 8, 8)))


def photo_calibration() -> Rows:
    """E of photo-1."""
    return _errors(load_prior("photo-1"))


def _errors(prior: Prior) -> Rows:
    """Return E of a prior at sigma = 0.3."""
    found: Rows = {}
    for kind, channels in (("RGB", 3), ("grey", 1)):
        for d, e in enumerate(Estimator(prior, pixel_domain(channels, 8, 8)).error_variance(0.3)):
            found[f"E, {kind}, axis {d}, b = 0 .. 13"] = row(e)
    return found
