"""Tiles: the same picture as in one piece, whatever its size."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from rdpcodec.transforms.tiles import Tiling, in_tiles

Floats = NDArray[np.float32]
TILING = Tiling(size=32, overlap=16)


def picture(height: int, width: int) -> Floats:
    """Return noise, so that every pixel is told from every other."""
    rng = np.random.default_rng(1)
    return rng.standard_normal((2, 3, height, width), dtype=np.float32)


def convolution() -> Callable[[Floats], Floats]:
    """Return a convolution of 33 x 33."""
    torch.manual_seed(1)
    layer = nn.Conv2d(3, 3, 33, padding=16).requires_grad_(requires_grad=False)
    return lambda tile: layer(torch.from_numpy(tile)).numpy()


@pytest.mark.parametrize("size", [(32, 32), (16, 48), (80, 112), (96, 64), (33, 31)])
def test_tiles_of_a_network_that_sees_no_further_than_the_overlap_equal_the_whole(
    size: tuple[int, int],
) -> None:
    """A convolution of 33 x 33 gives the whole picture's values at every pixel."""
    network, y = convolution(), picture(*size)
    np.testing.assert_allclose(in_tiles(network, y, TILING), network(y), rtol=1e-5, atol=1e-5)


def test_without_the_overlap_the_seams_differ() -> None:
    """The test above can fail: tiles that see nothing of their neighbours are wrong."""
    network, y = convolution(), picture(64, 64)
    blind = in_tiles(network, y, Tiling(size=32, overlap=0))
    assert np.abs(blind - network(y)).max() > 0.1


def test_no_window_is_larger_than_a_tile_and_its_overlaps() -> None:
    """Memory is bounded: the network never sees more than size + 2 overlap on a side."""
    seen: list[tuple[int, int]] = []

    def network(tile: Floats) -> Floats:
        seen.append((tile.shape[2], tile.shape[3]))
        return tile

    y = picture(112, 80)
    assert np.array_equal(in_tiles(network, y, TILING), y)
    assert len(seen) == 4 * 3
    assert max(max(window) for window in seen) == 64
    assert seen[0] == (48, 48)


def test_a_small_picture_is_one_call() -> None:
    """A picture no larger than a tile goes through the network whole."""
    calls: list[Floats] = []
    y = picture(32, 20)
    assert in_tiles(lambda tile: calls.append(tile) or tile, y, TILING) is y
    assert len(calls) == 1
