"""Autoencoders of diffusers as `domains.Vae`: encoders to scaled latents and back (spec 10.6).

The latents of a network are those of its autoencoder, shifted and scaled to unit variance; the
numbers are part of a pipeline's configuration, never constants. Encoding takes the mode of the
posterior, in float32: a sample would add noise that costs bits and shows nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from torch import Tensor, nn

from rdpcodec.compute import neutral
from rdpcodec.errors import ISSUE, PriorError, UsageError
from rdpcodec.priors.diffusers.source import answering

_WHO = "the autoencoder of the pipeline"
KINDS = ("AutoencoderKL", "AutoencoderTiny", "VQModel")
TILED_KINDS = ("AutoencoderKL",)


@dataclass(frozen=True)
class LatentScale:
    """What a pipeline does to the latents of its autoencoder: z_0 = (z - centre) factor / spread.

    Attributes:
        factor: `scaling_factor`.
        shift: `shift_factor`, the centre of all channels; or
        mean: `latents_mean`, the centre of each channel, and
        std: `latents_std`, the spread of each channel.

    Raises:
        PriorError: If a number is not finite, a factor not positive, or one list is alone.
    """

    factor: float = 1.0
    shift: float = 0.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        numbers = (self.factor, self.shift, *(self.mean or ()), *(self.std or ()))
        if not all(map(math.isfinite, numbers)) or min(self.factor, *(self.std or (1.0,))) <= 0:
            raise _invalid(f"has the scale {numbers}, expected finite numbers, factors above 0")
        if (self.mean is None) != (self.std is None):
            raise _invalid("has one of latents_mean and latents_std, expected both or none")

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return the scale in the configuration of an autoencoder, its defaults filled in."""
        return cls(
            factor=_number(config.get("scaling_factor"), 1.0),
            shift=_number(config.get("shift_factor"), 0.0),
            mean=_numbers(config.get("latents_mean")),
            std=_numbers(config.get("latents_std")),
        )

    def scaled(self, z: Tensor) -> Tensor:
        """Return the network's latents of the autoencoder's, (1, C, h, w)."""
        centre, spread = self._per_channel(z)
        return (z - centre) * (self.factor / spread)

    def unscaled(self, latents: Tensor) -> Tensor:
        """Return the autoencoder's latents of the network's, (1, C, h, w)."""
        centre, spread = self._per_channel(latents)
        return latents * (spread / self.factor) + centre

    def _per_channel(self, like: Tensor) -> tuple[Tensor | float, Tensor | float]:
        if self.mean is None or self.std is None:
            return self.shift, 1.0
        centre, spread = (like.new_tensor(each).view(1, -1, 1, 1) for each in (self.mean, self.std))
        return centre, spread


class DiffusersVae:
    """An autoencoder of diffusers on a device; see `domains.Vae`.

    Attributes:
        channels: Planes of its latents.
        stride: Pixels of a side for each entry of a plane.
        device: Where it takes and returns tensors.
        scale: What comes after encoding and before decoding.
    """

    def __init__(self, module: nn.Module, device: str, *, scale: LatentScale | None = None) -> None:
        """Take the module over: it is moved to the device, in float32.

        Args:
            module: An `AutoencoderKL`, `AutoencoderTiny` or `VQModel`.
            device: Torch's name of the device.
            scale: That of its own configuration, when None.

        Raises:
            PriorError: If it is of another class, or its scale does not fit its channels.
        """
        self._kind, self._in_tiles = type(module).__name__, False
        if self._kind not in KINDS:
            raise _invalid(f"is a {self._kind}, expected {' or '.join(KINDS)}")
        config: Any = module.config
        self.scale = LatentScale.of(config) if scale is None else scale
        self.channels, self.stride = latent_channels(config), stride_of(config)
        self.device: str | None = device
        self._module: Any = module.requires_grad_(requires_grad=False).eval().float().to(device)
        lists = [each for each in (self.scale.mean, self.scale.std) if each is not None]
        if any(len(each) != self.channels for each in lists):
            raise _invalid(f"has {self.channels} channels, but another number of means or spreads")

    @neutral()
    def encode(self, pixels: Tensor) -> Tensor:
        """Return the scaled mode; see `domains.Vae.encode`."""
        with answering(_WHO):
            encoded = self._module.encode(pixels)
            z = encoded.latent_dist.mode() if self._kind == "AutoencoderKL" else encoded.latents
        return self._checked(self.scale.scaled(z), pixels, self.channels, 1 / self.stride)

    @neutral()
    def decode(self, latents: Tensor) -> Tensor:
        """Return the picture; a `VQModel` quantises the latents first, as its pipeline does."""
        with self._tiling(), answering(_WHO):
            picture = self._module.decode(self.scale.unscaled(latents)).sample
        return self._checked(picture, latents, 3, self.stride)

    def tiled(self) -> Self:
        """Return this autoencoder, decoding tile by tile, in less memory.

        The picture is another one: its normalisations see a tile each, and neighbours are blended.
        Encoding stays whole, so that no file depends on it.

        Raises:
            UsageError: If this kind of autoencoder has no tiles.
        """
        if self._kind not in TILED_KINDS:
            message = f"the autoencoder {self._kind} cannot be decoded in tiles"
            raise UsageError(ISSUE.INVALID_OPTION, message)
        tiled = copy(self)
        tiled._in_tiles = True  # noqa: SLF001 - its own
        return tiled

    @contextmanager
    def _tiling(self) -> Iterator[None]:
        """Have the module, which others share, work in tiles meanwhile if this does."""
        if not self._in_tiles:
            yield
            return
        self._module.enable_tiling()
        try:
            yield
        finally:
            self._module.disable_tiling()

    def _checked(self, found: Tensor, given: Tensor, channels: int, ratio: float) -> Tensor:
        expected = (len(given), channels, *(round(ratio * side) for side in given.shape[2:]))
        if tuple(found.shape) != expected:
            raise _invalid(f"returns the shape {tuple(found.shape)}, expected {expected}")
        return found


def latent_channels(config: Any) -> int:
    """Return the planes of the latents; a `VQModel` may embed them in another number."""
    return int(config.get("vq_embed_dim") or config["latent_channels"])


def stride_of(config: Any) -> int:
    """Return how many pixels of a side make one latent: every block but one halves it."""
    blocks = config.get("block_out_channels") or config["encoder_block_out_channels"]
    return int(2 ** (len(blocks) - 1))


def _number(value: Any, default: float) -> float:
    return default if value is None else float(value)


def _numbers(values: Sequence[Any] | None) -> tuple[float, ...] | None:
    return None if values is None else tuple(float(value) for value in values)


def _invalid(what: str) -> PriorError:
    return PriorError(ISSUE.PRIOR_INVALID, f"{_WHO} {what}")
