"""Train the network of four scales of `photo-1`.

    python tools/train_prior/train.py PHOTOS VALIDATION RUN_FOLDER

A new run starts from nothing, or from the shipped weights; otherwise it goes on from the
checkpoint in its folder. Every setting is in config.toml; `--set section.name=value` changes one.
"""

import argparse
import copy
import json
import time
import tomllib
from pathlib import Path
from typing import Any

import checkpoint
import torch
from data import Batch, Batches, read_pictures
from export import TRAINED, WEIGHTS
from safetensors.torch import load_file
from torch import Tensor, nn
from validate import validate

from rdpcodec.engines.graph import Layers
from rdpcodec.engines.torch_network import TorchNetwork
from rdpcodec.priors.photo_1 import four_scales

CONFIG = Path(__file__).with_name("config.toml")


def main() -> None:
    """Train until the configured minutes of training time are spent."""
    arguments = parse_arguments()
    settings = read_settings(arguments.set)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(settings["seed"])
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = True
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    run = Run(settings, arguments.run, device)
    # A resumed run goes on with batches that it has not seen.
    seed = settings["seed"] + run.progress.step
    torch.manual_seed(seed)
    pictures = read_pictures(arguments.photos)
    print(f"{len(pictures)} pictures", flush=True)
    batches = Batches(pictures, settings, seed, device)
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
        choice = settings["optimiser"]
        network = new_network()
        if settings["network"]["start"] == "photo-1":
            network.load_state_dict(shipped_weights())
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), betas=tuple(choice["betas"]), fused=device.type == "cuda"
        )
        self.progress = checkpoint.load(folder, self.network, self.average, self.optimiser)
        self.half = choice["precision"] == "float16" and device.type == "cuda"
        self.scaler = torch.amp.GradScaler(device.type, init_scale=2.0**10, enabled=self.half)
        self.layers: Layers = self.network
        if settings["network"]["compile"]:
            self.layers = torch.compile(self.network, dynamic=False)

    def train(self, batches: Batches, validation: list[Any]) -> None:
        """Train until the run's minutes are spent, with checkpoints and validation."""
        timing = self.settings["run"]
        progress, saved, validated = self.progress, self.progress.seconds, self.progress.seconds
        self._step(batches.draw(), rate=0.0)  # compiles
        loss = torch.zeros((), device=self.device)
        while progress.seconds < 60 * timing["minutes"]:
            started = self._clock()
            for _ in range(timing["steps_between_looks"]):
                loss.lerp_(self._step(batches.draw()), 0.01)
                progress.step += 1
            value = float(loss)  # waits for the device
            progress.seconds += self._clock() - started
            print(
                f"{progress.seconds / 60:6.2f} min  step {progress.step}  {value:.5f}"
                f"  scale {self.scaler.get_scale():.0f}",
                flush=True,
            )
            if progress.seconds - validated > 60 * timing["validate_minutes"]:
                validated = progress.seconds
                self._validate(validation)
            if progress.seconds - saved > 60 * timing["checkpoint_minutes"]:
                saved = progress.seconds
                self._save()
        self._save()
        self._validate(validation)
        self._save()

    def _clock(self) -> float:
        """Return seconds that other work on the machine, or a pause, hardly changes."""
        if self.device.type == "cpu":
            return time.process_time() / torch.get_num_threads()
        return time.perf_counter()

    def _step(self, batch: Batch, *, rate: float = 1.0) -> Tensor:
        """Take one step, at a factor of the learning rate, and return the loss."""
        self._set_rate(rate)
        loss = self._loss(batch)
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimiser)
        choice = self.settings["optimiser"]
        nn.utils.clip_grad_norm_(self.network.parameters(), choice["clip_norm"])
        self.scaler.step(self.optimiser)
        self.scaler.update()
        decay = min(choice["ema"], 1 - 1 / (self.progress.step + 2))
        with torch.no_grad():
            means = list(self.average.parameters())
            torch._foreach_lerp_(means, list(self.network.parameters()), 1 - decay)
        return loss.detach()

    def _set_rate(self, factor: float) -> None:
        """Set the learning rate: a warm-up, then a straight fall to zero over the minutes."""
        choice, progress = self.settings["optimiser"], self.progress
        left = max(0.0, 1 - progress.seconds / (60 * self.settings["run"]["minutes"]))
        warm = min(1.0, (progress.step + 1) / choice["warmup_steps"])
        for group in self.optimiser.param_groups:
            group["lr"] = factor * choice["rate"] * warm * left

    def _loss(self, batch: Batch) -> Tensor:
        """Return the squared error of the estimates, over what is usual at their noise."""
        sigma, s = batch.sigma, batch.sigma.view(-1, 1, 1, 1)
        noisy = torch.addcmul(batch.clean, torch.randn_like(batch.clean), s)
        with torch.autocast(self.device.type, dtype=torch.float16, enabled=self.half):
            estimate = four_scales.estimate(self.layers, noisy, s)
        error = (estimate.float() - batch.clean).square().mean(dim=(1, 2, 3))
        return (error / usual_error(sigma)).mean()

    def _validate(self, pictures: list[Any]) -> None:
        row = validate(self.average, pictures, self.device)
        self.progress.history.append(
            {"step": self.progress.step, "minutes": self.progress.seconds / 60, "psnr": row}
        )
        print(json.dumps(self.progress.history[-1]), flush=True)

    def _save(self) -> None:
        checkpoint.save(self.folder, self.network, self.average, self.optimiser, self.progress)


def new_network() -> TorchNetwork:
    """Return the network of four scales untrained; each of its blocks adds nothing yet."""
    network = TorchNetwork(four_scales.graph())
    for name, values in network.named_parameters():
        if ".second." in name:
            nn.init.zeros_(values)
    return network


def shipped_weights() -> dict[str, Tensor]:
    """Return the weights of the network of four scales that the package holds."""
    stored = load_file(WEIGHTS).items()
    return {k.removeprefix(TRAINED): v.float() for k, v in stored if k.startswith(TRAINED)}


def usual_error(sigma: Tensor) -> Tensor:
    """Return about the mean squared error of a good denoiser of photos at this noise."""
    return sigma.square() / (1 + (255 / 1.35 * sigma) ** 0.9)


if __name__ == "__main__":
    main()
