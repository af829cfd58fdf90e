"""Train `photo-1`: `python tools/train_prior/train.py PHOTOS VALIDATION RUN_FOLDER`.

A new run starts from the shipped weights, or from their trunk, which is FFDNet's; otherwise it
goes on from the checkpoints in its folder. Every setting is in config.toml; `--set
section.name=value` changes one.
"""

import argparse
import copy
import json
import math
import time
import tomllib
from pathlib import Path
from typing import Any

import checkpoint
import torch
from data import Batch, Batches, read_pictures
from export import WEIGHTS
from safetensors.torch import load_file
from torch import Tensor, nn
from validate import validate

from rdpcodec.priors.photo_1.network import PhotoNetwork

CONFIG = Path(__file__).with_name("config.toml")


def main() -> None:
    """Train until the configured minutes of training time are spent."""
    arguments = parse_arguments()
    settings = read_settings(arguments.set)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings["seed"])
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    run = Run(settings, arguments.run, device)
    # A resumed run goes on with batches that it has not seen.
    batches = Batches(
        read_pictures(arguments.photos), settings, settings["seed"] + run.progress.step
    )
    run.train(batches, read_pictures(arguments.validation))


def parse_arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="folder of training pictures")
    parser.add_argument("validation", type=Path, help="folder of validation pictures")
    parser.add_argument("run", type=Path, help="folder of checkpoints, made or resumed")
    parser.add_argument("--threads", type=int, help="CPU threads; all by default")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.NAME=VALUE")
    return parser.parse_args()


def read_settings(changes: list[str]) -> dict[str, Any]:
    """Return config.toml with the changes of the command line, values written as in TOML."""
    settings = tomllib.loads(CONFIG.read_text())
    for change in changes:
        path, value = change.split("=", 1)
        section, name = path.split(".")
        if name not in settings[section]:
            raise SystemExit(f"config.toml has no setting {path}.")
        settings[section][name] = tomllib.loads(f"v = {value}")["v"]
    return settings


class Run:
    """A network in training, with its average, its optimiser and its progress."""

    def __init__(self, settings: dict[str, Any], folder: Path, device: torch.device) -> None:
        self.settings, self.folder, self.device = settings, folder, device
        network = PhotoNetwork(tuple(settings["network"]["widths"]))
        start_from(network, settings["network"]["start"])
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        choice = settings["optimiser"]
        self.optimiser = torch.optim.Adam(
            [
                {"params": list(self.network.trunk.parameters()), "base": choice["rate_trunk"]},
                {"params": list(self.network.context.parameters()), "base": choice["rate_context"]},
            ],
            betas=tuple(choice["betas"]),
        )
        self.progress = checkpoint.load(folder, self.network, self.average, self.optimiser)

    def train(self, batches: Batches, validation: list[Any]) -> None:
        """Train until the run's minutes are spent, with checkpoints and validation."""
        timing = self.settings["run"]
        progress, saved, validated = self.progress, self.progress.seconds, self.progress.seconds
        loss_mean = math.nan
        source = iter(batches)
        while progress.seconds < 60 * timing["minutes"]:
            started = self._clock()
            loss = self._step(next(source))
            progress.seconds += self._clock() - started
            progress.step += 1
            loss_mean = loss if math.isnan(loss_mean) else 0.99 * loss_mean + 0.01 * loss
            if progress.step % 100 == 0:
                print(
                    f"{progress.seconds / 60:6.1f} min  step {progress.step}  {loss_mean:.5f}",
                    flush=True,
                )
            if progress.seconds - validated > 60 * timing["validate_minutes"]:
                validated = progress.seconds
                self._validate(validation)
            if progress.seconds - saved > 60 * timing["checkpoint_minutes"]:
                saved = progress.seconds
                self._save()
        self._validate(validation)
        self._save()

    def _clock(self) -> float:
        """Return seconds that other work on the machine, or a pause, hardly changes."""
        if self.device.type == "cpu":
            return time.process_time() / torch.get_num_threads()
        return time.perf_counter()

    def _step(self, batch: Batch) -> float:
        self._set_rates()
        clean, sigma = batch.clean.to(self.device), batch.sigma.to(self.device)
        loss = self._loss(clean, sigma, fine=batch.fine)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        choice = self.settings["optimiser"]
        nn.utils.clip_grad_norm_(self.network.parameters(), choice["clip_norm"])
        self.optimiser.step()
        decay = min(choice["ema"], 1 - 1 / (self.progress.step + 2))
        with torch.no_grad():
            for mean, value in zip(
                self.average.parameters(), self.network.parameters(), strict=True
            ):
                mean.lerp_(value, 1 - decay)
        return float(loss.detach())

    def _set_rates(self) -> None:
        """Set the learning rates: a warm-up, then half a cosine over the run's minutes."""
        choice, timing, progress = self.settings["optimiser"], self.settings["run"], self.progress
        minutes = progress.seconds / 60
        if progress.trunk_since is None and minutes >= timing["trunk_from_minute"]:
            progress.trunk_since = progress.step
        self.network.trunk.requires_grad_(progress.trunk_since is not None)
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, minutes / timing["minutes"])))
        starts = (progress.trunk_since or 0, 0)
        for group, start in zip(self.optimiser.param_groups, starts, strict=True):
            warm = min(1.0, (progress.step - start + 1) / choice["warmup_steps"])
            group["lr"] = group["base"] * warm * fall

    def _loss(self, clean: Tensor, sigma: Tensor, *, fine: bool) -> Tensor:
        """Return the weighted squared error of the estimate from a fresh noisy state."""
        noisy = clean + (sigma / 2).view(-1, 1, 1, 1) * torch.randn_like(clean)
        short = self.settings["optimiser"]["precision"] == "bfloat16" and not fine
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=short):
            estimate = self.network(noisy, sigma / 2)
        error = (estimate.float() - clean).square().mean(dim=(1, 2, 3))
        return (4 * error * sigma ** -self.settings["noise"]["weight_exponent"]).mean()

    def _validate(self, pictures: list[Any]) -> None:
        row = validate(self.average, pictures, self.device)
        self.progress.history.append(
            {"step": self.progress.step, "minutes": self.progress.seconds / 60, "psnr": row}
        )
        print(json.dumps(self.progress.history[-1]), flush=True)

    def _save(self) -> None:
        checkpoint.save(self.folder, self.network, self.average, self.optimiser, self.progress)


def start_from(network: PhotoNetwork, start: str) -> None:
    """Give the network the shipped weights of photo-1, or only its trunk, which is FFDNet's."""
    shipped = {name: value.float() for name, value in load_file(WEIGHTS).items()}
    if start == "trunk":
        shipped = {name: value for name, value in shipped.items() if name.startswith("trunk.")}
    network.load_state_dict(shipped, strict=start != "trunk")


if __name__ == "__main__":
    main()
