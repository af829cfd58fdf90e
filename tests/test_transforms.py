"""Tiles: the same picture as in one piece, whatever its size."""

import pytest
import torch
from torch import Tensor, nn

from rdpcodec.transforms import Tiling, in_tiles

TILING = Tiling(size=32, overlap=16)


def picture(height: int, width: int) -> Tensor:
    """Return noise, so that every pixel is told from every other."""
    return torch.randn((2, 3, height, width), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [(32, 32), (16, 48), (80, 112), (96, 64), (33, 31)])
def test_tiles_of_a_network_that_sees_no_further_than_the_overlap_equal_the_whole(
    size: tuple[int, int],
) -> None:
    """A convolution of 33 x 33 gives the whole picture's values at every pixel."""
    convolution = nn.Conv2d(3, 3, 33, padding=16).requires_grad_(requires_grad=False)
    y = picture(*size)
    torch.testing.assert_close(in_tiles(convolution, y, TILING), convolution(y))


def test_without_the_overlap_the_seams_differ() -> None:
    """The test above can fail: tiles that see nothing of their neighbours are wrong."""
    convolution = nn.Conv2d(3, 3, 33, padding=16).requires_grad_(requires_grad=False)
    y = picture(64, 64)
    blind = in_tiles(convolution, y, Tiling(size=32, overlap=0))
    assert float((blind - convolution(y)).abs().max()) > 0.1


def test_no_window_is_larger_than_a_tile_and_its_overlaps() -> None:
    """Memory is bounded: the network never sees more than size + 2 overlap on a side."""
    seen: list[tuple[int, int]] = []

    def network(tile: Tensor) -> Tensor:
        seen.append((tile.shape[2], tile.shape[3]))
        return tile

    y = picture(112, 80)
    assert torch.equal(in_tiles(network, y, TILING), y)
    assert len(seen) == 4 * 3
    assert max(max(window) for window in seen) == 64
    assert seen[0] == (48, 48)


def test_a_small_picture_is_one_call() -> None:
    """A picture no larger than a tile goes through the network whole."""
    calls: list[Tensor] = []
    y = picture(32, 20)
    assert in_tiles(lambda tile: calls.append(tile) or tile, y, TILING) is y
    assert len(calls) == 1
