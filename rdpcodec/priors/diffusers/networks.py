"""The networks of pipelines, called as their own pipelines call them (spec 10.5).

One adapter for each class: what it is told besides its input, in which units of time, and where it
needs other shapes than those of a state. The network computes in the precision that it is loaded
in; the time is told in float32, and what comes back is the caller's to convert.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rdpcodec.priors.diffusers.conditioning import Conditioning
from rdpcodec.priors.diffusers.source import unavailable
from rdpcodec.transforms.sizes import pad_to_multiple

Widths = tuple[int | None, int | None]


class Network(Protocol):
    """A network of latents.

    Attributes:
        patch: How many latents of a side it takes together.
        side_max: The most latents that a side may have, or None.
        widths: Those of the `Conditioning` that it reads.
        parameters: How many it has.
    """

    patch: int
    side_max: int | None
    widths: Widths
    parameters: int

    def __call__(self, x: Tensor, time: float, told: Conditioning) -> Tensor:
        """Return the network's output.

        Args:
            x: (B, C, h, w) float32. Its input; both sides are multiples of `patch`.
            time: What it is told, in the units of its scheduler.
            told: The prompt.

        Returns:
            (B, C, h, w) in the precision of the network.
        """


class _Adapter:
    """What all of them have."""

    patch = 1
    side_max: int | None = None
    widths: Widths = (None, None)

    def __init__(self, module: nn.Module) -> None:
        self._module: Any = module
        self._config: Any = module.config
        self.parameters = sum(each.numel() for each in module.parameters())

    def _give(self, x: Tensor) -> Tensor:
        """Return numbers as the network takes them."""
        return x.to(next(self._module.parameters()).dtype)

    def _told(self, vectors: Tensor | None, x: Tensor) -> Tensor:
        """Return what a prompt says, once for each state."""
        if vectors is None:
            raise ValueError(f"{type(self._module).__name__} is not called without a prompt")
        return self._give(vectors.to(x.device)).expand(len(x), *vectors.shape[1:])

    def _time(self, time: float, x: Tensor) -> Tensor:
        return torch.full((len(x),), time, dtype=torch.float32, device=x.device)


class _UNet(_Adapter):
    """A network that halves its maps again and again.

    Group norm has nothing to compare in a single value, so the smallest map is kept at 2 x 2 by
    repeating the edges of the input.
    """

    multiple = 1  # of what both sides are made

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self._factor = 2 ** (len(self._config["block_out_channels"]) - 1)

    def _padded(self, x: Tensor) -> Tensor:
        return self._give(pad_to_multiple(x, self.multiple, least=2 * self._factor))

    def _cropped(self, output: Tensor, x: Tensor) -> Tensor:
        """Return what belongs to the state; a learned variance comes behind."""
        _, channels, height, width = x.shape
        return output[:, :channels, :height, :width]


class UNet(_UNet):
    """`UNet2DModel`, of `LDMPipeline`: told the time alone."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self.multiple = self._factor

    def __call__(self, x: Tensor, time: float, told: Conditioning) -> Tensor:  # noqa: ARG002
        """Return the output; see `Network`. A Python number would be cut to an integer."""
        given = self._padded(x)
        return self._cropped(self._module(given, self._time(time, x), return_dict=False)[0], x)


class StableDiffusion(_UNet):
    """`UNet2DConditionModel`, of Stable Diffusion 1 and 2: told the time and the prompt.

    It takes any size, as it is; sides that it cannot halve it rounds up within.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self.widths = (int(self._config["cross_attention_dim"]), None)

    def __call__(self, x: Tensor, time: float, told: Conditioning) -> Tensor:
        """Return the output; see `Network`."""
        output = self._module(
            self._padded(x),
            self._time(time, x),
            encoder_hidden_states=self._told(told.states, x),
            added_cond_kwargs=self._added(x, told),
            return_dict=False,
        )[0]
        return self._cropped(output, x)

    def _added(self, x: Tensor, told: Conditioning) -> dict[str, Tensor] | None:  # noqa: ARG002
        return None


class StableDiffusionXL(StableDiffusion):
    """`UNet2DConditionModel` with `text_time`: told the size of the picture as well.

    Nothing was cut off or enlarged: the picture's own size is the original and the target. The
    sizes are those of the padded picture, in float32, since bfloat16 has not all of them.
    """

    SIZES = 6

    def __init__(self, module: nn.Module, stride: int) -> None:
        super().__init__(module)
        self._stride = stride
        added = int(self._config["projection_class_embeddings_input_dim"])
        pooled = added - self.SIZES * int(self._config["addition_time_embed_dim"])
        self.widths = (self.widths[0], pooled)

    def _added(self, x: Tensor, told: Conditioning) -> dict[str, Tensor]:
        height, width = (self._stride * side for side in x.shape[2:])
        sizes = x.new_tensor([[height, width, 0, 0, height, width]])
        return {
            "text_embeds": self._told(told.pooled, x),
            "time_ids": sizes.expand(len(x), self.SIZES),
        }


class StableDiffusion3(_Adapter):
    """`SD3Transformer2DModel`: patches of 2 x 2, and a table of positions that ends somewhere."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self.patch = int(self._config["patch_size"])
        self.widths = _transformer_widths(self._config)
        most = self._config.get("pos_embed_max_size")
        self.side_max = self.patch * int(most) if most else None

    def __call__(self, x: Tensor, time: float, told: Conditioning) -> Tensor:
        """Return the output; see `Network`."""
        output: Tensor = self._module(
            hidden_states=self._give(x),
            timestep=self._time(time, x),
            encoder_hidden_states=self._told(told.states, x),
            pooled_projections=self._told(told.pooled, x),
            return_dict=False,
        )[0]
        return output


class Flux(_Adapter):
    """`FluxTransformer2DModel`: packed patches of 2 x 2, positions, a scale of guidance.

    It is told time / 1000 and multiplies that by 1000 in its own precision: bfloat16 would leave
    500 of 1000 times, up to three steps off. So its embedding of the time is handed the float32
    number in place of that. Positions are in float32 for the same reason. The guidance of 1 is
    the one that changes nothing: E[z_0 | y], and not what is beyond it.
    """

    patch = 2
    UNIT = 1000

    def __init__(self, module: nn.Module) -> None:
        super().__init__(module)
        self.widths = _transformer_widths(self._config)

    def __call__(self, x: Tensor, time: float, told: Conditioning) -> Tensor:
        """Return the output; see `Network`."""
        height, width = x.shape[2:]
        states, exact = self._told(told.states, x), self._time(time, x)
        hook = self._module.time_text_embed.register_forward_pre_hook(
            lambda _, given: (exact, *given[1:])
        )
        try:
            output = self._module(
                hidden_states=self._give(packed(x)),
                timestep=exact / self.UNIT,
                guidance=self._time(1.0, x) if self._config["guidance_embeds"] else None,
                encoder_hidden_states=states,
                pooled_projections=self._told(told.pooled, x),
                txt_ids=x.new_zeros((states.shape[1], 3)),
                img_ids=positions(height, width, x),
                return_dict=False,
            )[0]
        finally:
            hook.remove()
        return unpacked(output, height, width)


def packed(x: Tensor) -> Tensor:
    """Return (B, h/2 w/2, 4 C): each square of 2 x 2 as one vector, row by row."""
    b, c, h, w = x.shape
    squares = x.reshape(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return squares.reshape(b, (h // 2) * (w // 2), 4 * c)


def unpacked(vectors: Tensor, height: int, width: int) -> Tensor:
    """Return the (B, C, h, w) of which `packed` made vectors."""
    b, _, c = vectors.shape
    squares = vectors.reshape(b, height // 2, width // 2, c // 4, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return squares.reshape(b, c // 4, height, width)


def positions(height: int, width: int, like: Tensor) -> Tensor:
    """Return the row and the column of each vector of `packed`, behind a 0, (N, 3)."""
    found = like.new_zeros((height // 2, width // 2, 3))
    found[..., 1] = torch.arange(height // 2, device=like.device)[:, None]
    found[..., 2] = torch.arange(width // 2, device=like.device)
    return found.reshape(-1, 3)


def adapt(name: str, module: nn.Module, stride: int) -> Network:
    """Return the adapter of a network of latents.

    Args:
        name: The pipeline, for sentences.
        module: Of diffusers, on its device and in its precision.
        stride: Pixels of a side for each latent.

    Raises:
        PriorUnavailableError: If there is none for its class.
    """
    kind, config = type(module).__name__, getattr(module, "config", {})
    if kind == "UNet2DConditionModel" and config["addition_embed_type"] == "text_time":
        return StableDiffusionXL(module, stride)
    if kind not in ADAPTERS:
        raise unavailable(
            f"the network of the pipeline {name} is a {kind}, expected {', '.join(ADAPTERS)}"
        )
    return ADAPTERS[kind](module)


def _transformer_widths(config: Any) -> Widths:
    return int(config["joint_attention_dim"]), int(config["pooled_projection_dim"])


ADAPTERS: dict[str, type[UNet | StableDiffusion | StableDiffusion3 | Flux]] = {
    "FluxTransformer2DModel": Flux,
    "SD3Transformer2DModel": StableDiffusion3,
    "UNet2DConditionModel": StableDiffusion,
    "UNet2DModel": UNet,
}
