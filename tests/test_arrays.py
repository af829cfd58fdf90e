"""Arrays of torch: the same formulas, on its `cpu`, and so the same files and pictures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rdpcodec import arrays, codec
from rdpcodec.chain import Chain, Estimator
from rdpcodec.domains import pixel_domain
from rdpcodec.encoder.allocation import weigh
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
PRIORS = ["gaussian-1", pytest.param("photo-1", marks=pytest.mark.weights)]
GOALS: list[dict[str, Any]] = [
    {"t": 2100}, {"bpp": 1.0}, {"t": 2300, "coder": "pfr"}, {"t": 2000, "rdo": 0.0},
]  # fmt: skip


def noise(*shape: int) -> NDArray[np.float32]:
    """Return standard normal noise."""
    return np.random.default_rng(1).standard_normal(shape, dtype=np.float32)


def both(name: str) -> tuple[Prior, Prior]:
    """Return a prior on numpy's arrays, and the same one on torch's."""
    priors = load_prior(name), load_prior(name, engine="torch")
    assert [prior.device for prior in priors] == [None, "cpu"]
    return priors


def largest_step(found: Pixels, expected: Pixels) -> int:
    """Return how far pixels are apart at most."""
    return int(np.abs(found.astype(int) - expected).max())


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("goal", GOALS, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_files_are_the_same(
    photo: MakePhoto, name: str, goal: dict[str, Any], channels: int, one_thread: None
) -> None:
    """Levels, sizes and indices of all layers: bytes that differ nowhere."""
    del one_thread
    picture = photo(40, 27, channels)
    ours, other = (codec.encode(picture, prior=prior, **goal) for prior in both(name))
    assert ours == other


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_apart_by_one_step_at_most(
    photo: MakePhoto, name: str, channels: int, one_thread: None
) -> None:
    """At both ends, along the `ode`, with a map of rho, and of a few layers."""
    del one_thread
    ours, other = both(name)
    data = codec.encode(photo(40, 27, channels), prior=ours, t=2000)
    opened = [codec.open(data, prior=prior) for prior in (ours, other)]
    chosen = np.linspace(0, 1, 27 * 40, dtype=np.float32).reshape(27, 40)
    for options in ({"rho": 0.0}, {"rho": 1.0}, {"rho": chosen}, {"reconstruction": "ode"}):
        found, expected = (received.at(**options).pixels for received in opened)
        assert largest_step(found, expected) <= 1
    found, expected = (received.layers(3).at(0.5).pixels for received in opened)
    assert largest_step(found, expected) <= 1


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("channels", [1, 3])
def test_states_and_estimates_agree_on_the_way(name: str, channels: int) -> None:
    """At every level to 1e-4, evaluated or moved, and nothing leaves its kind or its precision."""
    chains = [Chain(Estimator(p, pixel_domain(channels, 33, 48))) for p in both(name)]
    z = 1.3 * noise(channels, 33, 48)
    for t in range(2900, 1900, -40):
        for chain in chains:
            chain.advance(t, z.copy())
        ours, other = chains
        assert other.x0_hat().dtype == other.y.dtype == torch.float32
        assert ours.x0_hat().dtype == ours.y.dtype == np.float32
        np.testing.assert_allclose(other.y, ours.y, rtol=0, atol=1e-4)
        np.testing.assert_allclose(other.x0_hat(), ours.x0_hat(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (5, 70), (64, 48)])
@pytest.mark.parametrize("layer", [0, 1])
def test_residuals_are_weighed_alike(size: tuple[int, int], layer: int) -> None:
    """What an encoder spends its bits on is the same, to rounding."""
    residual, basis = noise(1, 3, *size), pixel_domain(3, *size).basis
    other = weigh(torch.from_numpy(residual), basis, 0.5, layer, 2.0)
    np.testing.assert_allclose(other, weigh(residual, basis, 0.5, layer, 2.0), rtol=0, atol=1e-5)


def test_the_few_things_that_differ() -> None:
    """Each function gives the same of both kinds, and keeps the kind."""
    x = np.abs(noise(2, 3, 4)) + 1
    for like in (x, torch.from_numpy(x)):
        kind = type(like)
        assert arrays.is_tensor(like) == (kind is torch.Tensor)
        assert np.array_equal(arrays.host(like), x)
        made = arrays.empty((5, 2), like), arrays.full((5, 2), 0.5, like)
        assert [(type(m), tuple(m.shape), m.dtype) for m in made] == 2 * [
            (kind, (5, 2), like.dtype)
        ]
        assert np.array_equal(arrays.host(made[1]), np.full((5, 2), 0.5))
        np.testing.assert_allclose(arrays.log(like), np.log(x), rtol=1e-6)
        assert arrays.energy(like) == pytest.approx(float(np.square(x).sum()), rel=1e-5)
        assert arrays.finish(like) is like
        copied = arrays.copy(like)
        copied += 1
        assert np.array_equal(arrays.host(like), x)


def test_values_are_put_where_they_are_wanted() -> None:
    """On the host they stay what they are; a device is told from a tensor."""
    x = noise(2, 3)
    assert arrays.place(x, None) is x
    assert arrays.device_of(x) is None
    placed = arrays.place(x, "cpu")
    assert torch.equal(placed, torch.from_numpy(x))
    assert arrays.device_of(placed) == "cpu"
