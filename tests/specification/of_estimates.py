"""Misreadings of sections 11.5 and 11.6 of the specification."""

from specification.misreading import Misreading

LEARN = "chain.refiner:Refiner._learn"
RESTART = "chain.refiner:Refiner.restart"
LEAVE = "chain.refiner:Refiner.leave"
BETWEEN = "priors.calibration:Calibration"
KEEP = "chain.estimator:Estimator._keep"

REFRESH = (
    ("11.5", "evaluated in every layer", "chain.chain:Chain._is_due",
      "self.evaluated_t - self.t >= self.refresh", "True", "vector refresh"),
    ("11.5", "G = 32", "priors.photo_1.prior:PhotoPrior.refresh", "64", "32",
      "vector refresh"),
    ("11.5", "G = 63", "priors.photo_1.prior:PhotoPrior.refresh", "64", "63",
      "vector refresh"),
    ("11.5", "G = 128", "priors.photo_1.prior:PhotoPrior.refresh", "64", "128",
      "vector refresh"),
    ("11.5", "more than G, not at least", "chain.chain:Chain._is_due",
      ">= self.refresh", "> self.refresh", "vector refresh"),
    ("11.5", "G counts from the last layer", "chain.chain:Chain._move",
      "assert self._refiner is not None  # noqa: S101 - a refresh of 0 is always due",
      "self.evaluated_t = self.t", "vector refresh"),
    ("11.5", "between evaluations the old estimate", "chain.chain:Chain._move",
      "self._refiner.estimate(self.y, self.sigma)", "self._refiner._anchor.x0_hat",
      "vector chain"),
)  # fmt: skip

BANDS = (
    ("11.5", "bands from r^2 with r 1 at half the sampling rate", "transforms.bands:bands",
      "-(-whole >> (BANDS - 1 - b))", "-(-4 * whole >> (BANDS - 1 - b))", "vector bands"),
    ("11.5", "an edge belongs to the band below", "transforms.bands:bands", 'side="right"',
      'side="left"', "vector bands"),
    ("11.5", "bands of whole octaves", "transforms.bands:bands",
      "range(1, BANDS)", "[1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13]", "vector bands"),
    ("11.5", "i over W and j over H", "transforms.bands:bands",
      "columns + (i * width) ** 2", "columns * width**2 // height**2 + (i * height) ** 2",
      "vector bands"),
    ("11.5", "bands of rows only", "transforms.bands:bands",
      "columns + (i * width) ** 2", "columns * 0 + (i * width) ** 2", "vector bands"),
)  # fmt: skip

CALIBRATION = (
    ("11.5", "E between levels in a line", f"{BETWEEN}.spectrum_at",
      "self.spectrum[low] ** (1 - share) * self.spectrum[low + 1] ** share",
      "self.spectrum[low] * (1 - share) + self.spectrum[low + 1] * share", "vector calibration"),
    ("11.5", "w in sigma, not its logarithm", f"{BETWEEN}._between",
      "low, math.log(sigma / self.sigma[low]) / span",
      "low, (sigma - self.sigma[low]) / (self.sigma[low + 1] - self.sigma[low])",
      "vector calibration"),
    ("11.5", "E of the level below", f"{BETWEEN}._between",
      "low, math.log(sigma / self.sigma[low]) / span", "low, 0.0", "vector calibration"),
    ("11.5", "E below the lowest level as sigma^2", f"{BETWEEN}.spectrum_at",
      "return self.spectrum[0]",
      "return self.spectrum[0] * (sigma / self.sigma[0]) ** 2", "vector calibration"),
    ("11.5", "E above the highest level as sigma^2", f"{BETWEEN}.spectrum_at",
      "return self.spectrum[-1]",
      "return self.spectrum[-1] * (sigma / self.sigma[-1]) ** 2", "vector calibration"),
    ("11.5", "an E of 0 stays 0", "priors.calibration:VARIANCE_MIN", "1e-12", "1e-30",
      "vector calibration"),
    ("11.5", "grey E not divided by 3", "domains.pixels:GreyPixels.error_variance",
      "spectrum[:1] / 3.0", "spectrum[:1]", "vector moved"),
    ("11.5", "grey E of axis 1", "domains.pixels:GreyPixels.error_variance",
      "spectrum[:1]", "spectrum[1:2]", "vector moved"),
    ("11.5", "grey E at sigma", "chain.estimator:Estimator.error_variance",
      "self.domain.noise_scale * sigma", "sigma", "vector moved"),
    ("11.5", "RGB E at sqrt(3) sigma", "chain.estimator:Estimator.error_variance",
      "self.domain.noise_scale * sigma", "3**0.5 * sigma", "vector calibration"),
)  # fmt: skip

MOVED = (
    ("11.5", "d = 1 / sigma_k^2", "chain.refiner:Refiner._innovation", "gained = fresh - old",
      "gained = fresh", "vector moved"),
    ("11.5", "R from y_k alone", "chain.refiner:Refiner._innovation",
      "observed -= anchor.y * (old / gained)", "observed = y * 1.0", "vector moved"),
    ("11.5", "g = V / (V + d)", "chain.refiner:Refiner.estimate",
      "signal / (signal + 1.0)", "anchor.variance / (anchor.variance + gained)",
      "vector moved"),
    ("11.5", "V is E", RESTART, "np.minimum(ratio * expected, sigma**2)", "expected",
      "vector moved"),
    ("11.5", "V above sigma_e^2", RESTART, "np.minimum(ratio * expected, sigma**2)",
      "ratio * expected", "vector moved"),
    ("11.5", "the ratio is clamped by sigma_e^2 / E only", "chain.refiner:RATIO_RANGE",
      "(0.02, 50.0)", "(1e-9, 1e9)", "vector moved"),
    ("11.5", "no clamp at 1/50", "chain.refiner:RATIO_RANGE", "(0.02, 50.0)", "(1e-9, 50.0)",
      "vector moved"),
    ("11.5", "no clamp at 50", "chain.refiner:RATIO_RANGE", "(0.02, 50.0)", "(0.02, 1e9)",
      "vector moved"),
    ("11.5", "clamp at 1/100..100", "chain.refiner:RATIO_RANGE", "(0.02, 50.0)", "(0.01, 100.0)",
      "vector moved"),
    ("11.5", "(1 + B) / (1 + A)", RESTART,
      "(TRUST + self._seen) / (TRUST + self._weight)",
      "(TRUST + self._weight) / (TRUST + abs(self._seen))", "vector moved"),
    ("11.5", "A / B", "chain.refiner:TRUST", "1.0", "1e-9", "vector moved"),
)  # fmt: skip

LEARNING = (
    ("11.5", "nothing is learned", LEAVE, "self._anchor is not None", "False",
      "vector moved"),
    ("11.5", "nothing is forgotten", "chain.refiner:MEMORY", "0.7", "1.0", "vector moved"),
    ("11.5", "everything is forgotten", "chain.refiner:MEMORY", "0.7", "0.0",
      "vector moved"),
    ("11.5", "memory of 0.5", "chain.refiner:MEMORY", "0.7", "0.5", "vector moved"),
    ("11.5", "memory of A only", LEARN, "MEMORY * self._weight", "self._weight",
      "vector moved"),
    ("11.5", "w = J d / 2", LEARN, "gained**2 / 2.0", "gained / 2.0", "vector moved"),
    ("11.5", "w = J d^2", LEARN, "gained**2 / 2.0", "gained**2", "vector moved"),
    ("11.5", "w = d^2 / 2", LEARN, "weight = size * gained**2", "weight = gained**2",
      "vector moved"),
    ("11.5", "M, not M - 1 / d", LEARN, " - 1.0 / gained", "", "vector moved"),
    ("11.5", "A without E", LEARN, "weight * anchor.expected * found", "weight * found",
      "vector moved"),
    ("11.5", "B with E, not E^2", LEARN, "anchor.expected**2", "anchor.expected",
      "vector moved"),
    ("11.5", "V for E in A and B", LEARN, "size = np",
      "anchor = anchor.__class__(anchor.y, anchor.sigma, anchor.x0_hat, anchor.variance, "
      "anchor.variance); size = np", "vector moved"),
    ("11.5", "E of the new evaluation in A and B", LEAVE, "if self._anchor is not None:\n",
      "if self._anchor is not None:\n        object.__setattr__(self._anchor, 'expected', "
      "self._error_variance(sigma))\n", "vector moved"),
    ("11.5", "learned after V is fixed", RESTART, "expected = self._error_variance(sigma)\n",
      "expected = self._error_variance(sigma)\n    self._seen, self._weight, seen, weight = "
      "getattr(self, '_late', (0 * expected, 0 * expected)) + (self._seen, self._weight)\n"
      "    self._late = seen, weight\n", "vector moved"),
)  # fmt: skip

SHOWN = (
    ("11.6", "left out", KEEP, "if not excess.any():", "if True:", "vector shown"),
    ("11.6", "not in reconstructions", "decoder.received:Received._counted",
      "self.estimator(y, sigma)",
      "self.estimator.domain.evaluate(self.estimator._prior.denoise, y, sigma)",
      "trellis-gaussian-rgb"),
    ("11.6", "no deviation for chance", "chain.estimator:SURE", "3.0", "0.0",
      "vector shown"),
    ("11.6", "two deviations", "chain.estimator:SURE", "3.0", "2.0", "vector shown"),
    ("11.6", "four deviations", "chain.estimator:SURE", "3.0", "4.0", "trellis-gaussian-rgb"),
    ("11.6", "1 / J, not sqrt(2 / J)", KEEP, "np.sqrt(2 / size)", "(1 / size)",
      "vector shown"),
    ("11.6", "sqrt(1 / J)", KEEP, "np.sqrt(2 / size)", "np.sqrt(1 / size)", "vector shown"),
    ("11.6", "V = M - sigma^2 above the bound", KEEP,
      "np.maximum(0.0, found - sigma**2 * (1 + SURE * np.sqrt(2 / size)))",
      "np.where(found > sigma**2 * (1 + SURE * np.sqrt(2 / size)), found - sigma**2, 0.0)",
      "trellis-gaussian-rgb"),
    ("11.6", "g = V / M", KEEP, "excess / (excess + sigma**2)",
      "excess / np.maximum(found, 1e-30)",
      "vector shown"),
    ("11.6", "g = 1 where V is above 0", KEEP, "excess / (excess + sigma**2)",
      "1.0 * (excess > 0)", "vector shown"),
    ("11.6", "the energy of the band, not its mean", KEEP, "/ size\n", "* 1\n",
      "vector shown"),
    ("11.6", "grey at sqrt(3) sigma", KEEP, "missing = to",
      "sigma = self.domain.noise_scale * sigma; missing = to", "equal-rgb"),
    ("11.6", "also above the bound", "chain.estimator:Estimator.__call__",
      "return self.domain.closed_form(y, sigma)",
      "return self._keep(self.domain.closed_form(y, sigma), y, sigma)", "vector chain"),
)  # fmt: skip

OF_ESTIMATES = tuple(
    Misreading(*row) for row in (*REFRESH, *BANDS, *CALIBRATION, *MOVED, *LEARNING, *SHOWN)
)
