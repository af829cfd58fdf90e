"""Misreadings of sections 11.1 to 11.4 of the specification."""

from specification.misreading import Misreading

SOLVE = "decoder.reconstruction:solve"
LEVELS = "decoder.reconstruction:noise_levels"
DESCEND = "decoder.reconstruction:descend"

CHAIN = (
    ("11.1", "a = 1 - sigma_k / sigma_(k-1)", "chain.transition:Step.a",
      "(self.sigma_next / self.sigma_prev) ** 2", "self.sigma_next / self.sigma_prev",
      "trellis-gaussian-rgb"),
    ("11.1", "tau without sqrt(a)", "chain.transition:Step.tau",
      "self.sigma_next * math.sqrt(self.a)", "self.sigma_next", "trellis-gaussian-rgb"),
    ("11.1", "tau with sigma_(k-1)", "chain.transition:Step.tau",
      "self.sigma_next * math.sqrt(self.a)",
      "min(self.sigma_prev, 2 * self.sigma_next) * math.sqrt(self.a)", "trellis-gaussian-rgb"),
    ("11.1", "y goes from x0_hat", "chain.transition:next_state",
      "back *= 1.0 - step.a", "back *= step.a", "trellis-gaussian-rgb"),
    ("11.2", "a prefix has the level of the file", "decoder.walk:Walk.state_after",
      "Noisy(self._chain.y, self._chain.sigma)",
      "Noisy(self._chain.y, 2.0 ** (self._file.header.layers[-1].t / 256 - 10))", "prefixes"),
)  # fmt: skip

RECONSTRUCTIONS = (
    ("11.3", "rate 1 + rho", "decoder.reconstruction:ode", "2.0 - rho", "1.0 + rho",
      "trellis-gaussian-rgb"),
    ("11.3", "rate 1 - rho / 2", "decoder.reconstruction:ode", "2.0 - rho", "1.0 - rho / 2",
      "trellis-gaussian-rgb"),
    ("11.3", "Q is the ode at rho = 0", "decoder.reconstruction:Geodesic.perception",
      "evaluations, 1.0)", "evaluations, 2.0)", "trellis-gaussian-rgb"),
    ("11.3", "rho and 1 - rho exchanged", "decoder.received:Received._blend",
      "first + share * (second - first)", "second + share * (first - second)",
      "trellis-gaussian-rgb"),
    ("11.3", "pictures are mixed after 11.4", "decoder.received:Received._pixels",
      "self.estimator.domain.to_pixels(clean)",
      "np.float32(to_bytes(self.estimator.domain.to_pixels(clean))) / np.float32(127.5) - 1",
      "trellis-gaussian-rgb"),
    ("11.3", "a map is turned", "decoder.received:Received._blend",
      "share[:, :, None]", "share[::-1, :, None]", "map"),
    ("11.3", "rho is 0 by default", "options:DEFAULT_RHO", "0.5", "0.0", "defaults"),
    ("11.3", "the hint is not looked at", "decoder.received:Received._rho",
      "hint is None", "True", "defaults"),
    ("11.3", "the default is `ode`", "options:DEFAULT_RECONSTRUCTION", '"geodesic"', '"ode"',
      "defaults"),
    ("11.3", "N is 20 by default", "options:DEFAULT_EVALUATIONS", "10", "20",
      "defaults"),
)  # fmt: skip

DESCENT = (
    ("11.3", "geodesic estimates above the bound", "decoder.reconstruction:Geodesic.entered",
      "descend(self._denoise, self._state, self._sigma_max)", "self._state", "vector chain"),
    ("11.3", "the descent ends by multiplication", DESCEND,
      "return Noisy(y, sigma_max) if",
      "return Noisy(y, math.prod([state.sigma, *steps * [(sigma_max / state.sigma) ** "
      "(1 / steps)]])) if", "vector chain"),
    ("11.3", "the descent ends one rounding above", DESCEND,
      "return Noisy(y, sigma_max) if", "return Noisy(y, math.nextafter(sigma_max, 99)) if",
      "vector chain"),
    ("11.3", "M rounded down", "decoder.reconstruction:descent_steps", "math.ceil", "math.floor",
      "vector chain"),
    ("11.3", "M of natural logarithms", "decoder.reconstruction:descent_steps", "math.log2",
      "math.log", "vector chain"),
    ("11.3", "two steps an octave", "decoder.reconstruction:DESCENT_STEPS_PER_OCTAVE", "4", "2",
      "vector chain"),
    ("11.3", "levels in equal steps", DESCEND,
      "state.sigma * (sigma_max / state.sigma) ** (i / steps)",
      "state.sigma + (sigma_max - state.sigma) * (i / steps)", "vector descent"),
    ("11.3", "the flow at rho = 0", DESCEND,
      "sigma_next / sigma_prev *", "(sigma_next / sigma_prev) ** 2 *", "vector chain"),
    ("11.3", "x at the next level", DESCEND, "denoise(y, sigma_prev)", "denoise(y, sigma_next)",
      "vector chain"),
)  # fmt: skip

SOLVER = (
    ("11.3", "e = 0.01", "decoder.reconstruction:SIGMA_END", "0.02", "0.01",
      "trellis-gaussian-rgb"),
    ("11.3", "e = 0.02 always", LEVELS, "min(SIGMA_END, sigma / 2)", "SIGMA_END",
      "many-layers"),
    ("11.3", "e = s_0 at most", LEVELS, "sigma / 2)", "sigma / 1.0001)", "vector solver"),
    ("11.3", "N steps, not N - 1", LEVELS, "max(1, evaluations - 1)", "evaluations",
      "evaluations"),
    ("11.3", "N does not count the first", LEVELS, "range(evaluations)", "range(evaluations + 1)",
      "evaluations"),
    ("11.3", "levels in equal steps of the solver", LEVELS,
      "[sigma * math.exp(ratio * i) for i in range(evaluations)]",
      "[sigma + (end - sigma) * i / max(1, evaluations - 1) for i in range(evaluations)]",
      "evaluations"),
    ("11.3", "m is 0 always", SOLVE, "slope is not None", "False", "trellis-gaussian-rgb"),
    ("11.3", "m with the other sign", SOLVE, "(x0_hat - before) / length",
      "(before - x0_hat) / length", "trellis-gaussian-rgb"),
    ("11.3", "m not divided by h", SOLVE, "(x0_hat - before) / length", "x0_hat - before",
      "trellis-gaussian-rgb"),
    ("11.3", "the factor of m without its second part", SOLVE,
      "length - (1.0 - decay) / rate", "length", "trellis-gaussian-rgb"),
    ("11.3", "exp(-h) without c", SOLVE, "math.exp(-rate * length)", "math.exp(-length)",
      "trellis-gaussian-rgb"),
    ("11.3", "the end is y, not x", SOLVE, "return x0_hat", "return y", "trellis-gaussian-rgb"),
    ("11.3", "the end is estimated once more", SOLVE, "return x0_hat",
      "return denoise(x0_hat, sigma_next) if evaluations > 1 else x0_hat",
      "trellis-gaussian-rgb"),
)  # fmt: skip

LEAST = "decoder.least_error"
LEAST_ERROR = (
    ("11.3", "P is the estimate alone", "decoder.reconstruction:Geodesic.distortion",
      "symmetries == 1", "True", "vector least error"),
    ("11.3", "turned with the clock", "transforms.symmetries:_QUARTERS", "(0, 2, 1, 3)",
      "(0, 2, 3, 1)", "vector least error"),
    ("11.3", "quarter turns first", "transforms.symmetries:_QUARTERS", "(0, 2, 1, 3)",
      "(0, 1, 2, 3)", "vector least error"),
    ("11.3", "w from p", f"{LEAST}:lessen",
      "denoise(first + 0.5 * (y - first), 0.5 * sigma) - first",
      "denoise(mean + 0.5 * (y - mean), 0.5 * sigma) - mean", "vector least error"),
    ("11.3", "w at sigma", f"{LEAST}:lessen", "0.5 * sigma) - first", "sigma) - first",
      "vector least error"),
    ("11.3", "c without sigma", f"{LEAST}:SHARPER_WITH_SIGMA", "0.5", "0.0",
      "vector least error"),
    ("11.3", "c for all of w", f"{LEAST}:lessen", "np.minimum(1.0, 1.0 - way.gain)",
      "np.ones_like(way.gain)", "vector least error"),
    ("11.3", "e = sigma / 10", f"{LEAST}:PROBE", "0.05", "0.1", "vector least error"),
    ("11.3", "signs of the file", f"{LEAST}:_divergence", "signs(0, ", "signs(1, ",
      "vector least error"),
    ("11.3", "d over J, not the squares", f"{LEAST}:_divergence", "band_energy(signs)",
      "band_sizes(*shape[2:])", "vector least error"),
    ("11.3", "h is y always", f"{LEAST}:lessen", "whole.worth >= within.worth", "True",
      "vector least error"),
    ("11.3", "q is 1 always", f"{LEAST}:_toward", "(basis**2 @ free)[:, None]", "1.0",
      "vector least error"),
    ("11.3", "b of h, not of y", f"{LEAST}:_toward", "to_coefficients(y - mean, basis)",
      "missing", "vector least error"),
    ("11.3", "one standard deviation", f"{LEAST}:SURE", "4.0", "1.0", "vector least error"),
    ("11.3", "g in 0 .. 1", f"{LEAST}:GAIN_RANGE", "(-0.5, 1.0)", "(0.0, 1.0)",
      "vector least error"),
    ("11.3", "g above 1", f"{LEAST}:GAIN_RANGE", "(-0.5, 1.0)", "(-0.5, 9.0)",
      "vector least error"),
)  # fmt: skip

PIXELS = (
    ("11.4", "no clamp", "images.picture:to_bytes", "np.clip(pixels, -1, 1)", "pixels",
      "vector pixels"),
    ("11.4", "rounded down", "images.picture:to_bytes", "np.rint(", "np.floor(",
      "trellis-gaussian-rgb"),
    ("11.4", "halves down", "images.picture:to_bytes",
      "np.rint((np.clip(pixels, -1, 1) + 1) * np.float32(127.5))",
      "np.ceil((np.clip(pixels, -1, 1) + 1) * np.float32(127.5) - np.float32(0.5))",
      "vector pixels"),
    ("11.4", "times 127", "images.picture:to_bytes", "np.float32(127.5)", "np.float32(127)",
      "trellis-gaussian-rgb"),
    ("11.4", "kind 2 in one channel", "decoder.received:Received.shown",
      'self.header.kind != "equal-rgb"', "True", "equal-rgb"),
)  # fmt: skip

OF_RECONSTRUCTIONS = tuple(
    Misreading(*row) for row in (*CHAIN, *RECONSTRUCTIONS, *DESCENT, *SOLVER, *LEAST_ERROR, *PIXELS)
)
