"""Misreadings of what section 10.5 says of noise levels, predictions and networks of latents."""

from specification.misreading import Misreading

NOISE = "priors.diffusers.noise_levels"
X0_HAT = "priors.diffusers.parameterisation:Prediction.x0_hat"
PREDICTION = "priors.diffusers.parameterisation:prediction"
NETWORKS = "priors.diffusers.networks"
LEVELS, FORMULAS, GIVEN = (
    f"vector {name}" for name in ("noise levels", "predictions", "networks of latents")
)

PIPELINES = (
    ("10.5", "scaled_linear is linear", f"{NOISE}:_betas",
      "np.linspace(math.sqrt(first), math.sqrt(last), steps) ** 2",
      "np.linspace(first, last, steps)", LEVELS),
    ("10.5", "all schedulers have the betas of DDPM", f"{NOISE}:_variance_preserving",
      'BETA_SCHEDULERS[config["_class_name"]]', "USUAL_BETAS", LEVELS),
    ("10.5", "timesteps is unknown", f"{NOISE}:_steps",
      'config.get("timesteps", 1000)', "1000", LEVELS),
    ("10.5", "the terminal SNR stays", f"{NOISE}:_variance_preserving",
      'known["rescale_betas_zero_snr"]', "False", LEVELS),
    ("10.5", "tau is sigma", f"{NOISE}:Flow.time", "sigma / (1 + sigma)", "sigma", LEVELS),
    ("10.5", "tau is shifted", f"{NOISE}:Flow.time",
      "sigma / (1 + sigma)", "3 * sigma / (1 + 3 * sigma)", LEVELS),
    ("10.5", "flows see y", f"{NOISE}:Flow.scale", "1 / (1 + sigma)", "1.0", LEVELS),
    ("10.5", "flows see unit variance", f"{NOISE}:Flow.scale",
      "1 / (1 + sigma)", "1 / math.hypot(1, sigma)", LEVELS),
    ("10.5", "EDM is told ln sigma", f"{NOISE}:Edm.time", "0.25 * ", "", LEVELS),
    ("10.5", "EDM goes on below sigma_min", f"{NOISE}:Edm.time",
      "max(sigma, self.sigma_min)", "sigma", LEVELS),
    ("10.5", "EDM sees unit data", f"{NOISE}:Edm.scale", "self.sigma_data", "1", LEVELS),
    ("10.5", "predict_epsilon is unknown", PREDICTION,
      'config.get("predict_epsilon") is False', "False", FORMULAS),
    ("10.5", "a flow from the noise to the picture", X0_HAT,
      "(y - sigma * found) / (1 + sigma)", "(y + sigma * found) / (1 + sigma)", FORMULAS),
    ("10.5", "a flow of y", X0_HAT,
      "(y - sigma * found) / (1 + sigma)", "y - sigma / (1 + sigma) * found", FORMULAS),
    ("10.5", "EDM's skip has the noise's share", X0_HAT,
      "skip = self.spread**2 /", "skip = sigma**2 /", FORMULAS),
    ("10.5", "EDM's gain is sigma", X0_HAT,
      "gain = sigma * self.spread / math.hypot(sigma, self.spread)", "gain = sigma", FORMULAS),
    ("10.5", "EDM's predictions have one sign", X0_HAT,
      'if self.name == "edm_epsilon"', "if True", FORMULAS),
    ("10.5", "channels last in a vector", f"{NETWORKS}:packed",
      "permute(0, 2, 4, 1, 3, 5)", "permute(0, 2, 4, 3, 5, 1)", GIVEN),
    ("10.5", "columns before rows in a vector", f"{NETWORKS}:packed",
      "permute(0, 2, 4, 1, 3, 5)", "permute(0, 2, 4, 1, 5, 3)", GIVEN),
    ("10.5", "positions are column and row", f"{NETWORKS}:positions", "found[..., 1] =",
      "found[..., 2] = torch.arange(width // 2)\n    return found[..., [0, 2, 1]].reshape(-1, 3)\n"
      "    found[..., 1] =", GIVEN),
    ("10.5", "sizes are width and height", f"{NETWORKS}:StableDiffusionXL._added",
      "[[height, width, 0, 0, height, width]]", "[[width, height, 0, 0, width, height]]", GIVEN),
    ("10.5", "sizes are those of the latents", f"{NETWORKS}:StableDiffusionXL._added",
      "self._stride * side", "side", GIVEN),
)  # fmt: skip

OF_PIPELINES = tuple(Misreading(*row) for row in PIPELINES)
