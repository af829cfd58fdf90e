"""Whole pipelines of every kind, tiny and random, saved as their own library saves them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from priors import tiny_networks

diffusers: Any = pytest.importorskip("diffusers", exc_type=ImportError)
transformers: Any = pytest.importorskip("transformers", exc_type=ImportError)
safetensors_torch: Any = pytest.importorskip("safetensors.torch", exc_type=ImportError)

WORDS = {"<|startoftext|>": 0, "<|endoftext|>": 1, "!</w>": 2, "a</w>": 3, "b</w>": 4}
STABLE: dict[str, Any] = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
}


def _seeded(make: Callable[[], Any], seed: int) -> Any:
    torch.manual_seed(seed)
    return make().eval()


def clip(*, projected: bool = False, seed: int = 11) -> Any:
    """Return a text encoder of CLIP, of 8 numbers a token."""
    config = transformers.CLIPTextConfig(
        bos_token_id=0,
        eos_token_id=1,
        hidden_size=8,
        intermediate_size=16,
        num_attention_heads=2,
        num_hidden_layers=2,
        pad_token_id=1,
        projection_dim=8,
        vocab_size=len(WORDS),
    )
    kind = "CLIPTextModelWithProjection" if projected else "CLIPTextModel"
    return _seeded(lambda: getattr(transformers, kind)(config), seed)


def t5(width: int) -> Any:
    """Return a text encoder of T5."""
    config = transformers.T5Config(
        d_ff=16, d_kv=4, d_model=width, num_heads=2, num_layers=1, vocab_size=8
    )
    return _seeded(lambda: transformers.T5EncoderModel(config), 12)


def clip_tokenizer() -> Any:
    """Return a tokenizer of two words."""
    return transformers.CLIPTokenizer(vocab=WORDS, merges=[], model_max_length=77)


def t5_tokenizer() -> Any:
    """Return a tokenizer of two words."""
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -1.0), ("a", -1.5)]
    return transformers.T5Tokenizer(vocab=vocabulary, extra_ids=0)


def pixels() -> Any:
    """Return a pipeline of pixels."""
    return diffusers.DDPMPipeline(
        unet=tiny_networks.made(tiny_networks.unet), scheduler=diffusers.DDPMScheduler()
    )


def ldm() -> Any:
    """Return an unconditional pipeline of latents, quantised by its autoencoder."""
    scheduler = diffusers.DDIMScheduler(clip_sample=False, **STABLE)
    network = tiny_networks.made(tiny_networks.unet)
    return diffusers.LDMPipeline(vqvae=tiny_networks.vq(), unet=network, scheduler=scheduler)


def stable(**scheduler: Any) -> Any:
    """Return a pipeline as Stable Diffusion 1.5."""
    return diffusers.StableDiffusionPipeline(
        vae=tiny_networks.vae(),
        text_encoder=clip(),
        tokenizer=clip_tokenizer(),
        unet=tiny_networks.made(tiny_networks.stable_unet),
        scheduler=diffusers.PNDMScheduler(
            skip_prk_steps=True, steps_offset=1, **STABLE, **scheduler
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def taesd() -> Any:
    """Return a pipeline as Stable Diffusion 2.1, with the small autoencoder."""
    pipeline = stable(prediction_type="v_prediction")
    width = (4,) * 4
    pipeline.register_modules(
        vae=_seeded(
            lambda: diffusers.AutoencoderTiny(
                decoder_block_out_channels=width, encoder_block_out_channels=width
            ),
            13,
        )
    )
    return pipeline


def xl() -> Any:
    """Return a pipeline as SDXL."""
    return diffusers.StableDiffusionXLPipeline(
        vae=tiny_networks.vae(scaling_factor=0.13025),
        text_encoder=clip(),
        text_encoder_2=clip(projected=True, seed=14),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=tiny_networks.made(tiny_networks.xl_unet),
        scheduler=diffusers.EulerDiscreteScheduler(**STABLE),
        add_watermarker=False,
    )


def sd3(*, third: bool = True) -> Any:
    """Return a pipeline as Stable Diffusion 3, with or without T5."""
    return diffusers.StableDiffusion3Pipeline(
        vae=tiny_networks.wide_vae(),
        text_encoder=clip(projected=True),
        text_encoder_2=clip(projected=True, seed=14),
        text_encoder_3=t5(32) if third else None,
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        tokenizer_3=t5_tokenizer() if third else None,
        transformer=tiny_networks.made(tiny_networks.sd3),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


def flux(*, guidance: bool = True) -> Any:
    """Return a pipeline as FLUX.1 dev, or as schnell."""
    return diffusers.FluxPipeline(
        vae=tiny_networks.wide_vae(),
        text_encoder=clip(),
        text_encoder_2=t5(8),
        tokenizer=clip_tokenizer(),
        tokenizer_2=t5_tokenizer(),
        transformer=tiny_networks.made(lambda: tiny_networks.flux(guidance=guidance)),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


PIPELINES: dict[str, Callable[[], Any]] = {
    "pixels": pixels,
    "LDM": ldm,
    "SD": stable,
    "SD with TAESD": taesd,
    "SDXL": xl,
    "SD3": sd3,
    "SD3 without T5": lambda: sd3(third=False),
    "FLUX dev": flux,
    "FLUX schnell": lambda: flux(guidance=False),
}


def edit(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def drop(path: Path, *keys: str) -> None:
    """Take keys out of a JSON file."""
    kept = {key: value for key, value in json.loads(path.read_text()).items() if key not in keys}
    path.write_text(json.dumps(kept))


def shard(weights: Path, parts: int = 2, variant: str = "") -> None:
    """Split a file of weights into shards with an index, as large networks are saved."""
    tensors = safetensors_torch.load_file(weights)
    names, mark = sorted(tensors), f".{variant}" if variant else ""
    stem, weight_map = weights.name.removesuffix(".safetensors"), {}
    for k in range(parts):
        file = f"{stem}{mark}-{k + 1:05d}-of-{parts:05d}.safetensors"
        mine = {name: tensors[name] for name in names[k::parts]}
        safetensors_torch.save_file(mine, weights.parent / file)
        weight_map |= dict.fromkeys(mine, file)
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    (weights.parent / f"{stem}.safetensors.index{mark}.json").write_text(json.dumps(index))
    weights.unlink()


def flatten(directory: Path, goal: Path) -> Path:
    """Return a copy with all files in the root, as the oldest pipelines have them."""
    goal.mkdir()
    for file in (*directory.glob("*.json"), *directory.glob("*/*")):
        shutil.copy(file, goal / file.name)
    return goal
