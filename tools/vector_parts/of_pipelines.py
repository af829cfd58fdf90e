"""Vectors of section 10.5: noise levels, predictions, and what networks of latents are given."""

from typing import Any

import torch
from torch import nn
from vector_parts.standins import pattern
from vector_parts.writing import Rows, row

from rdpcodec.arrays import place
from rdpcodec.priors.diffusers.conditioning import Conditioning
from rdpcodec.priors.diffusers.networks import StableDiffusionXL, packed, positions
from rdpcodec.priors.diffusers.noise_levels import noise_levels
from rdpcodec.priors.diffusers.parameterisation import prediction

SIGMAS = (0.001, 0.1, 1.0, 10.0)
BETAS: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012}
SCHEDULERS: dict[str, dict[str, Any]] = {
    "scaled_linear": {**BETAS, "beta_schedule": "scaled_linear", "_class_name": "PNDMScheduler"},
    "sigmoid": {**BETAS, "beta_schedule": "sigmoid", "_class_name": "DDPMScheduler"},
    "squaredcos_cap_v2": {"beta_schedule": "squaredcos_cap_v2", "_class_name": "DDPMScheduler"},
    "zero terminal SNR": {"rescale_betas_zero_snr": True, "_class_name": "DDIMScheduler"},
    "DDPM": {"_class_name": "DDPMScheduler", "timesteps": 500},
    "Heun": {"_class_name": "HeunDiscreteScheduler"},
    "flow": {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0},
    "EDM": {"_class_name": "EDMEulerScheduler"},
}
PREDICTIONS: dict[str, dict[str, Any]] = {
    "epsilon": {"_class_name": "DDPMScheduler"},
    "v_prediction": {"_class_name": "DDPMScheduler", "prediction_type": "v_prediction"},
    "sample": {"_class_name": "DDPMScheduler", "predict_epsilon": False},
    "flow_prediction": SCHEDULERS["flow"],
    "edm_epsilon": SCHEDULERS["EDM"],
    "edm_v_prediction": {**SCHEDULERS["EDM"], "prediction_type": "v_prediction"},
}


def levels() -> Rows:
    """Times and multiples."""
    found: Rows = {}
    for name, config in SCHEDULERS.items():
        of = noise_levels("x", config)
        found[f"{name}, time at sigma = 0.001, 0.1, 1, 10"] = row([of.time(s) for s in SIGMAS])
        found[f"{name}, multiple at sigma = 0.001, 0.1, 1, 10"] = row([of.scale(s) for s in SIGMAS])
        if of.sigma_max < float("inf"):
            found[f"{name}, sigma_max"] = row(of.sigma_max)
    return found


def predictions() -> Rows:
    """Estimates of outputs."""
    y, output = (place(pattern(n, 3, 3, 9), "cpu") for n in (0, 1))
    found: Rows = {}
    for name, config in PREDICTIONS.items():
        x0_hat = prediction("x", config).x0_hat(output, y, 0.75)
        found[f"{name}, channel 1, row 1"] = row(x0_hat[0, 1, 1])
    return found


def networks() -> Rows:
    """What networks are given beside input and time."""
    latents = place(pattern(0, 4, 4, 6), "cpu")
    network = StableDiffusionXL(_Sized(), 8)
    told = network._added(latents, Conditioning(None, torch.zeros(1, 2)))
    return {
        "FLUX, vector of i = 1, j = 2": row(packed(latents)[0, 5]),
        "FLUX, positions": row(positions(4, 6, latents)),
        "text_time, sizes": row(told["time_ids"]),
    }


class _Sized(nn.Module):
    """The configuration of a network that is told sizes."""

    config = {  # noqa: RUF012 - as diffusers has it
        "addition_time_embed_dim": 1,
        "block_out_channels": (1,),
        "cross_attention_dim": 1,
        "projection_class_embeddings_input_dim": 8,
    }

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1), requires_grad=False)
