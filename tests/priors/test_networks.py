"""Adapters of networks, against what the pipelines of diffusers themselves call."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from priors.tiny_networks import KINDS, Kind, diffusers, flux, made, normal, sd3, stable_unet, told
from torch import Tensor, nn

from rdpcodec.errors import ISSUE, PriorUnavailableError
from rdpcodec.priors.diffusers.conditioning import Conditioning
from rdpcodec.priors.diffusers.networks import adapt, packed, positions, unpacked
from rdpcodec.priors.diffusers.noise_levels import noise_levels

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"),
]
Call = dict[str, Any]
NONE: dict[str, None] = {"text_encoder": None, "tokenizer": None}
BOTH: dict[str, None] = {**NONE, "text_encoder_2": None, "tokenizer_2": None}
HEIGHT, WIDTH = 80, 112
STEPS = 3


def record(network: nn.Module, work: Callable[[], object]) -> list[Call]:
    """Return the arguments of each call of a network, by name, and what it returned."""
    calls: list[Call] = []
    names = inspect.signature(type(network).forward)

    def keep(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        bound = names.bind(module, *args, **kwargs).arguments
        found = output[0] if isinstance(output, tuple) else output.sample
        calls.append({**bound, "output": found})

    handle = network.register_forward_hook(keep, with_kwargs=True)
    try:
        work()
    finally:
        handle.remove()
    return calls


def pipeline(kind: Kind, network: nn.Module) -> tuple[Any, dict[str, Any]]:
    """Return the pipeline of a kind, and what it is called with."""
    autoencoder, name = kind.vae().eval(), type(network).__name__
    scheduler = getattr(diffusers, kind.scheduler["_class_name"]).from_config(kind.scheduler)
    parts: dict[str, Any] = {"vae": autoencoder, "scheduler": scheduler}
    conditioning = told(kind).conditioning
    given: dict[str, Any] = {
        "prompt_embeds": conditioning.states,
        "height": HEIGHT,
        "width": WIDTH,
        "guidance_scale": 1.0,
    }
    pooled = {"pooled_prompt_embeds": conditioning.pooled}
    if name == "UNet2DModel":
        parts = {"vqvae": autoencoder, "scheduler": scheduler}
        return diffusers.LDMPipeline(unet=network, **parts), {"batch_size": 1, "eta": 0.0}
    if name == "SD3Transformer2DModel":
        three = {**BOTH, "text_encoder_3": None, "tokenizer_3": None}
        pipe = diffusers.StableDiffusion3Pipeline(transformer=network, **parts, **three)
        return pipe, {**given, **pooled}
    if name == "FluxTransformer2DModel":
        return diffusers.FluxPipeline(transformer=network, **parts, **BOTH), {**given, **pooled}
    if network.config["addition_embed_type"]:  # type: ignore[index]
        pipe = diffusers.StableDiffusionXLPipeline(unet=network, **parts, **BOTH)
        return pipe, {**given, **pooled}
    extra = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    return diffusers.StableDiffusionPipeline(unet=network, **parts, **NONE, **extra), given


def sigma_of(kind: Kind, scheduler: Any, k: int, time: float) -> float:
    """Return the level of step k of a pipeline, in units of our state."""
    if "FlowMatch" in kind.scheduler["_class_name"]:
        tau = min(scheduler.sigmas[k].item(), 1 - 1e-6)
        return tau / (1 - tau)
    if hasattr(scheduler, "sigmas"):
        return float(scheduler.sigmas[k])
    bar = scheduler.alphas_cumprod[round(time)].double().item()
    return math.sqrt((1 - bar) / bar)


def same(found: Any, expected: Any, path: str) -> None:
    """Fail if two arguments differ by more than the rounding of a level."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            same(found[key], expected[key], f"{path}.{key}")
    elif isinstance(expected, Tensor):
        pair = found.float().squeeze(), expected.float().squeeze()
        torch.testing.assert_close(*pair, rtol=1e-5, atol=1e-5, msg=lambda m: f"{path}: {m}")
    else:
        assert found == expected, path


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore")  # of what diffusers thinks of its own pipelines
def test_networks_are_given_what_their_pipelines_give(name: str) -> None:
    """Input, time, prompt, sizes, positions and guidance of each step, and so the output."""
    pytest.importorskip("transformers", exc_type=ImportError)
    kind = KINDS[name]
    network = made(kind.network)
    pipe, given = pipeline(kind, network)
    pipe.set_progress_bar_config(disable=True)
    torch.manual_seed(7)
    theirs = record(network, lambda: pipe(num_inference_steps=STEPS, **given))
    assert len(theirs) >= STEPS
    stride = 2 ** (len(kind.vae().config["block_out_channels"]) - 1)  # type: ignore[index, arg-type]
    adapter, levels = adapt("tiny", network, stride), noise_levels("tiny", kind.scheduler)
    for k, call in enumerate(theirs[:STEPS]):
        x = call.get("sample", call.get("hidden_states"))
        if name.startswith("FLUX"):
            x = unpacked(x, HEIGHT // 8, WIDTH // 8)
        time = float(call["timestep"])
        sigma = sigma_of(kind, pipe.scheduler, k, time)
        calls = record(network, lambda: adapter(x, levels.time(sigma), told(kind).conditioning))  # noqa: B023
        _compare(calls[0], call)


def _compare(ours: Call, theirs: Call) -> None:
    """Compare two calls; the level is known to some digits only."""
    time, output = "timestep", "output"
    assert float(ours[time]) == pytest.approx(float(theirs[time]), rel=1e-3, abs=1e-2)
    torch.testing.assert_close(ours[output], theirs[output], rtol=2e-3, atol=2e-3)
    for key, value in theirs.items():
        empty = value is None or value == {} if not isinstance(value, Tensor) else False
        if key in {"self", "return_dict", time, output} or (empty and ours.get(key) is None):
            continue
        same(ours[key], value, key)
    extra = (
        {key for key, value in ours.items() if value is not None} - theirs.keys() - {"return_dict"}
    )
    assert not extra


def test_packing_is_that_of_flux() -> None:
    """Squares become vectors and positions as in its pipeline, and vectors squares again."""
    latents = normal(2, 16, 6, 10)
    pipe = diffusers.FluxPipeline
    found = packed(latents)
    assert found.equal(pipe._pack_latents(latents, 2, 16, 6, 10))
    assert unpacked(found, 6, 10).equal(latents)
    assert pipe._unpack_latents(found, 48, 80, 8).equal(latents)
    expected = pipe._prepare_latent_image_ids(2, 3, 5, "cpu", torch.float32)
    assert positions(6, 10, latents).equal(expected)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("size", [(2, 2), (6, 10), (10, 2)])
def test_any_size_and_number_of_states(name: str, size: tuple[int, int]) -> None:
    """Of the size of a patch, and several at once: each is what it is alone."""
    kind = KINDS[name]
    adapter = adapt("tiny", made(kind.network), 8)
    channels = kind.vae().config["latent_channels"]  # type: ignore[index]
    x = normal(2, channels, *size)  # type: ignore[arg-type]
    found = adapter(x, 300.0, told(kind).conditioning)
    assert found.shape == x.shape
    alone = torch.cat([adapter(each[None], 300.0, told(kind).conditioning) for each in x])
    torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-4)


def test_odd_sizes_of_stable_diffusion() -> None:
    """It rounds odd maps up by itself; the smallest are kept at 2 x 2, without which it fails."""
    kind = KINDS["SD"]
    network = made(lambda: stable_unet(block_out_channels=(4, 4), norm_num_groups=4))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        network(normal(1, 4, 1, 1), 300, normal(1, 5, 8))
    adapter = adapt("tiny", network, 8)
    for size in ((1, 1), (7, 5)):
        x = normal(1, 4, *size)
        assert adapter(x, 300.0, told(kind).conditioning).shape == x.shape


@pytest.mark.parametrize("name", KINDS)
def test_times_are_fractions(name: str) -> None:
    """Half a step of time makes a difference, to `UNet2DModel` too."""
    kind = KINDS[name]
    adapter = adapt("tiny", made(kind.network), 8)
    channels = kind.vae().config["latent_channels"]  # type: ignore[index]
    x = normal(1, channels, 4, 4)  # type: ignore[arg-type]
    steps = [adapter(x, t, told(kind).conditioning) for t in (300.0, 300.5, 301.0)]
    assert not steps[0].equal(steps[1])
    assert not steps[1].equal(steps[2])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", [name for name in KINDS if name.startswith(("SD", "FLUX"))])
def test_the_time_is_exact_in_any_precision(name: str, dtype: torch.dtype) -> None:
    """What the network makes its embedding of is the float32 number; bfloat16 has no 301."""
    kind = KINDS[name]
    network = made(kind.network).to(dtype)
    seen: list[Tensor] = []
    projection = getattr(network, "time_proj", None) or network.time_text_embed.time_proj  # type: ignore[union-attr]
    projection.register_forward_pre_hook(lambda _, args: seen.append(args[0]))  # type: ignore[union-attr]
    channels = kind.vae().config["latent_channels"]  # type: ignore[index]
    x = normal(1, channels, 4, 4)  # type: ignore[arg-type]
    found = adapt("tiny", network, 8)(x, 301.1875, told(kind).conditioning)
    assert found.dtype == dtype
    assert seen[0].dtype == torch.float32
    assert seen[0].item() == 301.1875


def test_flux_is_left_as_it_was() -> None:
    """The hook on its embedding goes when the call ends, with an error too."""
    network = made(flux)
    adapter = adapt("tiny", network, 8)
    with pytest.raises(Exception, match="shape"):
        adapter(normal(1, 4, 4, 4), 1.0, told(KINDS["FLUX dev"]).conditioning)
    assert not network.time_text_embed._forward_pre_hooks  # type: ignore[union-attr]


def test_sides_and_widths() -> None:
    """What an adapter asks of states and prompts is in the configuration."""
    assert adapt("tiny", made(sd3), 8).side_max == 64
    for name, kind in KINDS.items():
        adapter = adapt("tiny", made(kind.network), 8)
        assert adapter.widths == kind.widths, name
        assert adapter.patch == (2 if name.startswith(("SD3", "FLUX")) else 1)
        assert adapter.parameters > 1000


def test_other_networks_are_refused_by_name() -> None:
    """Whatever has no adapter."""
    with pytest.raises(PriorUnavailableError, match="is a Linear, expected Flux") as caught:
        adapt("tiny", nn.Linear(2, 2), 8)
    assert caught.value.issue is ISSUE.PRIOR_UNAVAILABLE


def test_a_network_that_reads_a_prompt_is_not_called_without() -> None:
    """That would be a mistake of this project."""
    with pytest.raises(ValueError, match="without a prompt"):
        adapt("tiny", made(stable_unet), 8)(normal(1, 4, 4, 4), 1.0, Conditioning())
