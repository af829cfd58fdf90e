"""Train a small latent pipeline: an autoencoder and a denoiser of its latents.

    python tools/train_latents/train.py PHOTOS FOLDER

It is no prior to use: it is here to show that the path of latent pipelines makes pictures, from
training through `diffusers:FOLDER` to a view, where no pipeline of the hub can be had. The
autoencoder is trained first, on the absolute error and LPIPS; then the denoiser, to predict v
(Salimans and Ho 2022) of latents of unit variance. Both are saved as a `LDMPipeline` of
diffusers, unconditional; a finished autoencoder in the folder is taken as it is.
"""

import argparse
import copy
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, LDMPipeline, UNet2DModel
from torch import Tensor, nn
from torch.nn import functional

sys.path.append(str(Path(__file__).parents[1] / "train_prior"))

from data import Batches, read_pictures

from rdpcodec.metrics.features import load_network

CONFIG = Path(__file__).with_name("config.toml")
SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
GROUPS = 16
LPIPS_EPS = 1e-10
WARMUP_STEPS = 200
# Batches whose latents say what their mean and their spread are.
STATISTICS_BATCHES = 20


def main() -> None:
    """Train what the folder does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, nargs=2, metavar=("AUTOENCODER", "DENOISER"))
    options = parser.parse_args()
    settings = tomllib.loads(CONFIG.read_text())
    for stage, minutes in zip(("autoencoder", "denoiser"), options.minutes or (), strict=False):
        settings[stage]["minutes"] = minutes
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings["seed"])
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    batches = Batches(read_pictures(options.photos), settings, settings["seed"], device)
    stored = options.folder / "vqvae"
    if stored.exists():
        vae = AutoencoderKL.from_pretrained(stored).to(device)
    else:
        vae = train_autoencoder(batches, settings["autoencoder"], device)
        vae.save_pretrained(stored)
    unet = train_denoiser(vae, batches, settings["denoiser"], device)
    scheduler = DDIMScheduler(**SCHEDULE, prediction_type="v_prediction", clip_sample=False)
    LDMPipeline(vqvae=vae, unet=unet, scheduler=scheduler).save_pretrained(options.folder)


def steps(
    modules: nn.Module, choice: dict[str, Any], device: torch.device
) -> Iterator[torch.optim.Optimizer]:
    """Yield the optimiser for each step until the minutes are spent; its rate falls to zero."""
    optimiser = torch.optim.Adam(modules.parameters(), betas=(0.9, 0.98))
    started, step = time.monotonic(), 0
    while (spent := (time.monotonic() - started) / (60 * choice["minutes"])) < 1:
        rate = choice["rate"] * min(1.0, (step + 1) / WARMUP_STEPS) * (1 - spent)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            yield optimiser
        nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
        optimiser.step()
        step += 1


def train_autoencoder(batches: Batches, choice: dict[str, Any], device: torch.device) -> Any:
    """Return an autoencoder of which `latents_mean` and `latents_std` are known."""
    count = len(choice["widths"])
    vae: Any = AutoencoderKL(
        block_out_channels=tuple(choice["widths"]),
        down_block_types=("DownEncoderBlock2D",) * count,
        up_block_types=("UpDecoderBlock2D",) * count,
        layers_per_block=1,
        latent_channels=choice["channels"],
        norm_num_groups=GROUPS,
        mid_block_add_attention=False,
    ).to(device)
    distance = Distance(device)
    for step, _ in enumerate(steps(vae, choice, device)):
        x = 2 * batches.draw().clean - 1
        posterior = vae.encode(x).latent_dist
        decoded = vae.decode(posterior.sample()).sample.float()
        absolute = (decoded - x).abs().mean()
        seen = distance(decoded, x)
        loss = absolute + choice["lpips"] * seen + choice["kl"] * posterior.kl().mean()
        loss.backward()
        if step % 100 == 0:
            print(f"autoencoder {step}: {absolute.item():.4f} LPIPS {seen.item():.4f}", flush=True)
    vae.requires_grad_(requires_grad=False).eval()
    latents = torch.cat([modes(vae, batches) for _ in range(STATISTICS_BATCHES)])
    vae.register_to_config(
        scaling_factor=1.0,
        latents_mean=latents.mean(dim=(0, 2, 3)).tolist(),
        latents_std=latents.std(dim=(0, 2, 3)).tolist(),
    )
    return vae


class Distance:
    """LPIPS of batches in [-1, 1], with a gradient."""

    def __init__(self, device: torch.device) -> None:
        self._network = load_network("alexnet").to(device)

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the mean distance."""
        total = a.new_zeros(())
        groups = zip(self._network.features(a), self._network.features(b), strict=True)
        for (first, second), head in zip(groups, self._network.heads, strict=True):
            difference = (unit(first) - unit(second)).square()
            total = total + (difference * head.view(1, -1, 1, 1)).sum(dim=1).mean()
        return total


def unit(features: Tensor) -> Tensor:
    """Return features of length 1 at every place; the small number keeps the gradient finite."""
    return features / (features.square().sum(dim=1, keepdim=True) + LPIPS_EPS).sqrt()


@torch.no_grad()
def modes(vae: Any, batches: Batches) -> Tensor:
    """Return the latents of a batch, not scaled."""
    mode: Tensor = vae.encode(2 * batches.draw().clean - 1).latent_dist.mode()
    return mode.float()


def train_denoiser(
    vae: Any, batches: Batches, choice: dict[str, Any], device: torch.device
) -> nn.Module:
    """Return the running average of a network that predicts v."""
    count = len(choice["widths"])
    unet: Any = UNet2DModel(
        in_channels=vae.config.latent_channels,
        out_channels=vae.config.latent_channels,
        block_out_channels=tuple(choice["widths"]),
        down_block_types=("DownBlock2D",) * count,
        up_block_types=("UpBlock2D",) * count,
        layers_per_block=1,
        norm_num_groups=GROUPS,
        add_attention=False,
    ).to(device)
    average = copy.deepcopy(unet).requires_grad_(requires_grad=False)
    mean, std = (
        torch.tensor(vae.config[key], device=device).view(1, -1, 1, 1)
        for key in ("latents_mean", "latents_std")
    )
    alpha_bar = DDIMScheduler(**SCHEDULE).alphas_cumprod.to(device)
    shown = torch.zeros((), device=device)
    for step, _ in enumerate(steps(unet, choice, device)):
        z = (modes(vae, batches) - mean) / std
        t = torch.randint(len(alpha_bar), (len(z),), device=device)
        signal = alpha_bar[t].sqrt().view(-1, 1, 1, 1)
        noise, n = (1 - alpha_bar[t]).sqrt().view(-1, 1, 1, 1), torch.randn_like(z)
        output = unet(signal * z + noise * n, t).sample
        loss = functional.mse_loss(output.float(), signal * n - noise * z)
        loss.backward()
        shown.lerp_(loss.detach(), 0.01)
        with torch.no_grad():
            weight = 1 - min(choice["ema"], 1 - 1 / (step + 2))
            torch._foreach_lerp_(list(average.parameters()), list(unet.parameters()), weight)
        if step % 200 == 0:
            print(f"denoiser {step}: {shown.item():.4f}", flush=True)
    return average.eval()


if __name__ == "__main__":
    main()
