"""The settings of every class of component that change what it computes (spec 10.5).

Named here and not taken from a library, whose next version may know more: the digest of the same
pipeline must not change with the version of a library. A setting of the library that is not named
here is refused where a pipeline uses it, so that no digest overlooks it.
"""

import inspect
from collections.abc import Iterator
from typing import Any

from rdpcodec.priors.diffusers.noise_levels import Config
from rdpcodec.priors.diffusers.source import unavailable

INTEGER_MAX = 262_144
ITEMS_MAX = 256
TEXT_MAX = 100
LAYERS_MAX = 256  # of whatever a setting counts whose name says so

UNET_2D = (
    "act_fn",
    "add_attention",
    "attention_head_dim",
    "attn_norm_num_groups",
    "block_out_channels",
    "center_input_sample",
    "down_block_types",
    "downsample_padding",
    "downsample_type",
    "flip_sin_to_cos",
    "freq_shift",
    "in_channels",
    "layers_per_block",
    "mid_block_scale_factor",
    "mid_block_type",
    "norm_eps",
    "norm_num_groups",
    "out_channels",
    "resnet_time_scale_shift",
    "time_embedding_dim",
    "time_embedding_type",
    "up_block_types",
    "upsample_type",
)
UNET_2D_CONDITION = (
    "act_fn",
    "addition_embed_type",
    "addition_embed_type_num_heads",
    "addition_time_embed_dim",
    "attention_head_dim",
    "attention_type",
    "block_out_channels",
    "center_input_sample",
    "class_embed_type",
    "class_embeddings_concat",
    "conv_in_kernel",
    "conv_out_kernel",
    "cross_attention_dim",
    "cross_attention_norm",
    "down_block_types",
    "downsample_padding",
    "dual_cross_attention",
    "encoder_hid_dim",
    "encoder_hid_dim_type",
    "flip_sin_to_cos",
    "freq_shift",
    "in_channels",
    "layers_per_block",
    "mid_block_only_cross_attention",
    "mid_block_scale_factor",
    "mid_block_type",
    "norm_eps",
    "norm_num_groups",
    "num_attention_heads",
    "num_class_embeds",
    "only_cross_attention",
    "out_channels",
    "projection_class_embeddings_input_dim",
    "resnet_out_scale_factor",
    "resnet_skip_time_act",
    "resnet_time_scale_shift",
    "reverse_transformer_layers_per_block",
    "time_cond_proj_dim",
    "time_embedding_act_fn",
    "time_embedding_dim",
    "time_embedding_type",
    "timestep_post_act",
    "transformer_layers_per_block",
    "up_block_types",
    "upcast_attention",
    "use_linear_projection",
)
SD3_TRANSFORMER = (
    "attention_head_dim",
    "caption_projection_dim",
    "dual_attention_layers",
    "in_channels",
    "joint_attention_dim",
    "num_attention_heads",
    "num_layers",
    "out_channels",
    "patch_size",
    "pooled_projection_dim",
    "pos_embed_max_size",
    "qk_norm",
    "sample_size",  # the scale of positions
)
FLUX_TRANSFORMER = (
    "attention_head_dim",
    "axes_dims_rope",
    "guidance_embeds",
    "in_channels",
    "joint_attention_dim",
    "num_attention_heads",
    "num_layers",
    "num_single_layers",
    "out_channels",
    "patch_size",
    "pooled_projection_dim",
)
AUTOENCODER_KL = (
    "act_fn",
    "block_out_channels",
    "down_block_types",
    "in_channels",
    "latent_channels",
    "latents_mean",
    "latents_std",
    "layers_per_block",
    "mid_block_add_attention",
    "norm_num_groups",
    "out_channels",
    "scaling_factor",
    "shift_factor",
    "up_block_types",
    "use_post_quant_conv",
    "use_quant_conv",
)
AUTOENCODER_TINY = (
    "act_fn",
    "decoder_block_out_channels",
    "encoder_block_out_channels",
    "in_channels",
    "latent_channels",
    "latent_magnitude",
    "latent_shift",
    "num_decoder_blocks",
    "num_encoder_blocks",
    "out_channels",
    "scaling_factor",
    "shift_factor",
    "upsample_fn",
    "upsampling_scaling_factor",
)
VQ_MODEL = (
    "act_fn",
    "block_out_channels",
    "down_block_types",
    "in_channels",
    "latent_channels",
    "layers_per_block",
    "lookup_from_codebook",
    "mid_block_add_attention",
    "norm_num_groups",
    "norm_type",
    "num_vq_embeddings",
    "out_channels",
    "scaling_factor",
    "up_block_types",
    "vq_embed_dim",
)
CLIP_TEXT = (
    "eos_token_id",  # where the whole prompt is read off
    "hidden_act",
    "hidden_size",
    "intermediate_size",
    "layer_norm_eps",
    "max_position_embeddings",
    "num_attention_heads",
    "num_hidden_layers",
    "projection_dim",
    "vocab_size",
)
T5_ENCODER = (
    "d_ff",
    "d_kv",
    "d_model",
    "feed_forward_proj",
    "layer_norm_epsilon",
    "num_heads",
    "num_layers",
    "relative_attention_max_distance",
    "relative_attention_num_buckets",
    "vocab_size",
)

KEYS: dict[str, tuple[str, ...]] = {
    "AutoencoderKL": AUTOENCODER_KL,
    "AutoencoderTiny": AUTOENCODER_TINY,
    "CLIPTextModel": CLIP_TEXT,
    "CLIPTextModelWithProjection": CLIP_TEXT,
    "FluxTransformer2DModel": FLUX_TRANSFORMER,
    "SD3Transformer2DModel": SD3_TRANSFORMER,
    "T5EncoderModel": T5_ENCODER,
    "UNet2DConditionModel": UNET_2D_CONDITION,
    "UNet2DModel": UNET_2D,
    "VQModel": VQ_MODEL,
}
# Of training, of sampling, or of how a library goes about it; they change nothing here.
IDLE = ("dropout", "force_upcast", "num_train_timesteps", "sample_size")


def known_settings(class_name: str, config: Config, where: str) -> Config:
    """Return the settings of a configuration that its class is built with.

    Args:
        class_name: A key of `KEYS`.
        config: What `config.json` holds.
        where: Whose it is, for sentences.

    Raises:
        PriorUnavailableError: If a value is beyond all limits, or the weights are quantised.
    """
    if config.get("quantization_config"):
        method = _method(config["quantization_config"])
        raise unavailable(f"{where} is quantised{method}, expected plain weights")
    known = {key: config[key] for key in KEYS[class_name] if key in config}
    for key, value in known.items():
        for each in _leaves(key, value, where):
            _require_bounded(key, each, where)
    return known


def require_no_others(class_name: str, cls: type, config: Config, where: str) -> None:
    """Refuse settings that this version of a class knows and the digest does not.

    Raises:
        PriorUnavailableError: If there is one and it is not at its default.
    """
    for key, parameter in inspect.signature(cls.__init__).parameters.items():  # type: ignore[misc]
        if key in KEYS[class_name] or key in IDLE or key not in config:
            continue
        if _plain(config[key]) != _plain(parameter.default):
            raise unavailable(f"{where} has the setting {key}, which is not supported")


def settings_of(class_name: str, built: Any) -> Config:
    """Return what the digest holds of a component: its settings, defaults filled in."""
    found = built if isinstance(built, dict) else {key: built.get(key) for key in KEYS[class_name]}
    return {key: _plain(found.get(key)) for key in KEYS[class_name]}


def _method(quantization: Any) -> str:
    method = quantization.get("quant_method") if isinstance(quantization, dict) else None
    kind = quantization.get("bnb_4bit_quant_type") if isinstance(quantization, dict) else None
    names = [str(each)[:TEXT_MAX] for each in (method, kind) if each]
    return f" ({', '.join(names)})" if names else ""


def _leaves(key: str, value: Any, where: str) -> Iterator[Any]:
    """Yield the numbers and texts of a setting; lists may hold lists, once."""
    items = value if isinstance(value, list) else [value]
    if len(items) > ITEMS_MAX:
        raise unavailable(f"{where} has {len(items)} values of {key}, above {ITEMS_MAX}")
    for each in items:
        if isinstance(each, list):
            yield from each[: ITEMS_MAX + 1]
        else:
            yield each


def _require_bounded(key: str, value: Any, where: str) -> None:
    most = LAYERS_MAX if "layers" in key or "blocks" in key else INTEGER_MAX
    if isinstance(value, str):
        bad = len(value) > TEXT_MAX
    elif isinstance(value, int):
        bad = abs(value) > most
    else:
        bad = not (value is None or isinstance(value, float))
    if bad:
        raise unavailable(f"{where} has {key} = {str(value)[:TEXT_MAX]}, which is out of all range")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value
