"""Autoencoders of diffusers, built tiny and random: scale, mode, shapes, tiles."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from rdpcodec.domains import LatentDomain
from rdpcodec.errors import ISSUE, PriorError, UsageError
from rdpcodec.priors.diffusers.vae import DiffusersVae, LatentScale

diffusers = pytest.importorskip("diffusers")
pytestmark = pytest.mark.usefixtures("one_thread")


def kl(**settings: Any) -> nn.Module:
    """Return an `AutoencoderKL` of stride 8."""
    torch.manual_seed(1)
    blocks: dict[str, Any] = {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": (4,) * 4,
        "norm_num_groups": 2,
        "sample_size": 32,
    }
    return diffusers.AutoencoderKL(**(blocks | settings))


def vq(**settings: Any) -> nn.Module:
    """Return a `VQModel` of stride 2 with eight code words."""
    torch.manual_seed(2)
    return diffusers.VQModel(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(4, 4),
        norm_num_groups=2,
        num_vq_embeddings=8,
        **settings,
    )


def tiny() -> nn.Module:
    """Return an `AutoencoderTiny` of stride 8."""
    torch.manual_seed(3)
    width = (4,) * 4
    return diffusers.AutoencoderTiny(
        encoder_block_out_channels=width, decoder_block_out_channels=width
    )


def picture(height: int = 16, width: int = 24) -> torch.Tensor:
    """Return pixels in [-1, 1]."""
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(4)) * 2 - 1


def test_the_state_is_the_scaled_mode() -> None:
    """z_0 = (mode - shift) factor, the same whenever it is asked for, and no sample."""
    module = kl(scaling_factor=1.5305, shift_factor=0.0609, latent_channels=16)
    vae = DiffusersVae(module, "cpu")
    found = vae.encode(picture())
    with torch.no_grad():
        mode = module.encode(picture()).latent_dist.mode()  # type: ignore[operator]
    torch.testing.assert_close(found, (mode - 0.0609) * 1.5305)
    assert torch.equal(found, vae.encode(picture()))
    assert (vae.channels, vae.stride, found.dtype) == (16, 8, torch.float32)
    assert not found.requires_grad


def test_decoding_undoes_the_scale_as_the_pipeline_does() -> None:
    """The decoder is given latents / factor + shift."""
    module = kl(scaling_factor=0.3611, shift_factor=0.1159)
    latents = torch.randn(1, 4, 2, 3, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        expected = module.decode(latents / 0.3611 + 0.1159).sample  # type: ignore[operator]
    torch.testing.assert_close(DiffusersVae(module, "cpu").decode(latents), expected)


def test_means_and_spreads_count_per_channel() -> None:
    """With latents_mean and latents_std: latents * std / factor + mean, and back."""
    mean, std = [-1.6, 1.1, 3.2, -1.6], [8.4, 6.0, 7.3, 5.6]
    scale = LatentScale.of({"scaling_factor": 0.5, "latents_mean": mean, "latents_std": std})
    latents = torch.randn(1, 4, 3, 3, generator=torch.Generator().manual_seed(6))
    as_lists = (torch.tensor(values).view(1, 4, 1, 1) for values in (mean, std))
    centre, spread = as_lists
    torch.testing.assert_close(scale.unscaled(latents), latents * spread / 0.5 + centre)
    torch.testing.assert_close(scale.scaled(scale.unscaled(latents)), latents)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, LatentScale()),
        ({"scaling_factor": 0.18215, "shift_factor": None}, LatentScale(0.18215)),
        ({"scaling_factor": 1, "latents_mean": None}, LatentScale(1.0)),
    ],
)
def test_a_scale_that_is_not_given_changes_nothing(
    config: dict[str, Any], expected: LatentScale
) -> None:
    """What is absent or null has no part."""
    assert LatentScale.of(config) == expected


def test_the_latents_of_the_tiny_autoencoder_are_scaled_already() -> None:
    """They are multiplied by nothing."""
    module = tiny()
    vae = DiffusersVae(module, "cpu")
    with torch.no_grad():
        expected = module.encode(picture()).latents  # type: ignore[operator]
    assert vae.scale == LatentScale()
    assert torch.equal(vae.encode(picture()), expected)
    assert vae.decode(expected).shape == (1, 3, 16, 24)


def test_a_vq_model_quantises_when_it_decodes_only() -> None:
    """Its states are not quantised; near ones decode to one picture, as in its pipeline."""
    module = vq(scaling_factor=0.5)
    vae = DiffusersVae(module, "cpu")
    latents = vae.encode(picture())
    with torch.no_grad():
        assert torch.equal(latents, 0.5 * module.encode(picture()).latents)  # type: ignore[operator]
    codes = 0.5 * module.quantize.embedding.weight  # type: ignore[union-attr]
    at_codes = codes[torch.arange(96) % 8].T.reshape(1, 3, 8, 12)
    with torch.no_grad():
        expected = module.decode(at_codes / 0.5).sample  # type: ignore[operator]
    nudged = at_codes + 1e-3 * torch.randn(
        at_codes.shape, generator=torch.Generator().manual_seed(7)
    )
    torch.testing.assert_close(vae.decode(nudged), expected)
    assert (vae.channels, vae.stride) == (3, 2)


@pytest.mark.parametrize("make", [kl, tiny, vq])
@pytest.mark.parametrize("size", [(1, 1), (33, 47), (8, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_any_size_have_states(make: Any, size: tuple[int, int], channels: int) -> None:
    """Each kind gives latents of the shape in the header, and pictures of the size asked for."""
    domain = LatentDomain(DiffusersVae(make(), "cpu"), channels, *size, multiple=16)
    shape = size if channels == 1 else (*size, 3)
    pixels = np.random.default_rng(8).integers(0, 256, shape, dtype=np.uint8)
    state = domain.to_state(pixels)
    assert state.shape == (1, *domain.shape)
    assert domain.to_pixels(torch.from_numpy(state)).shape == shape


def test_weights_of_half_precision_are_used_in_float32() -> None:
    """A module that was loaded in float16 computes in float32."""
    vae = DiffusersVae(kl().half(), "cpu")
    assert vae.encode(picture()).dtype == torch.float32


def test_tiles_change_the_reader_alone() -> None:
    """A picture above the size of a tile is decoded otherwise, and encoded as before."""
    plain = DiffusersVae(kl(), "cpu")
    tiled, large = plain.tiled(), picture(64, 64)
    latents = plain.encode(large)
    assert torch.equal(tiled.encode(large), latents)
    whole, in_tiles = plain.decode(latents), tiled.decode(latents)
    assert in_tiles.shape == whole.shape
    assert not torch.equal(in_tiles, whole)
    assert torch.equal(plain.decode(latents), whole)


@pytest.mark.parametrize("make", [tiny, vq])
def test_what_has_no_tiles_refuses_them(make: Any) -> None:
    """Only `AutoencoderKL` decodes in tiles here."""
    with pytest.raises(UsageError, match="cannot be decoded in tiles"):
        DiffusersVae(make(), "cpu").tiled()


def test_other_modules_are_refused_by_name() -> None:
    """The list of kinds is one of those that are known to work."""
    with pytest.raises(PriorError, match="is a Linear, expected AutoencoderKL") as caught:
        DiffusersVae(nn.Linear(2, 2), "cpu")
    assert caught.value.issue == ISSUE.PRIOR_INVALID


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"scaling_factor": 0.0}, "factors above 0"),
        ({"scaling_factor": float("nan")}, "finite numbers"),
        ({"latents_mean": [0.0]}, "expected both or none"),
        ({"latents_mean": [0.0], "latents_std": [-1.0]}, "factors above 0"),
    ],
)
def test_impossible_scales_are_refused(config: dict[str, Any], sentence: str) -> None:
    """A scale that cannot be undone is the pipeline's fault, in one sentence."""
    with pytest.raises(PriorError, match=sentence):
        LatentScale.of(config)


def test_a_scale_of_other_channels_is_refused() -> None:
    """As many means as the autoencoder has channels."""
    scale = LatentScale(mean=(0.0,) * 3, std=(1.0,) * 3)
    with pytest.raises(PriorError, match="another number of means"):
        DiffusersVae(kl(), "cpu", scale=scale)
