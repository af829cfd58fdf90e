"""Tests of the size as arithmetic, and of the byte budget."""

import math
import random
from collections.abc import Callable

import pytest

from rdpcodec.container import FileSize, Header, build, file_size, pack_rho
from rdpcodec.container.table import build_table
from rdpcodec.layers import STEP_PRIMER

MakeHeader = Callable[..., Header]


def test_a_size_without_layers_ignores_those_of_the_header(make_header: MakeHeader) -> None:
    """An encoder may start from any header, and add layer after layer."""
    header, extra = make_header(), (pack_rho(0.5),)
    size = FileSize.without_layers(make_header(((9, 200),)), extra)
    for layer in header.layers:
        size = size.plus(layer)
    assert size == file_size(header, extra)
    assert size.file_bytes - size.container_bytes == header.payload_bytes()


def test_the_length_of_the_header_grows_past_127_bytes(make_header: MakeHeader) -> None:
    """The size follows when the length of H takes a second byte."""
    levels = tuple((4095 - 13 * k - k * k % 11, (37 * k) % 256) for k in range(90))
    for count in range(40, 90):
        header = make_header(levels[:count])
        table = build_table(header.layers, "trellis")
        body = 10 + len(table)
        expected = 6 + 1 + (1 if body < 128 else 2) + body + 4 + 1 + 4
        assert file_size(header).container_bytes == expected


def _levels(count: int, rng: random.Random) -> tuple[tuple[int, int], ...]:
    """Return the layers of a realistic default file of a Kodak picture.

    The first layers carry equal bits, so that q stays; then steps of 32 make it fall by 1 or 2.
    The last layer has whatever step is left, and a stage size to match.
    """
    usual = [*STEP_PRIMER, *[32] * count][: max(0, count - 2)]
    falls = [rng.choice((0, 0, 0, 1)) for _ in STEP_PRIMER] + [rng.randint(1, 2)] * count
    levels = [(rng.randint(3600, 3800), rng.randint(95, 115))]
    for step, fall in zip(usual, falls, strict=False):
        levels.append((levels[-1][0] - step, levels[-1][1] - fall))
    last = rng.randint(8, 39)
    levels.append((levels[-1][0] - last, levels[-1][1] + round(8 * math.log2(32 / last))))
    return tuple(levels)


@pytest.mark.parametrize("count", [2, 8, 16, 17, 20, 32, 48])
def test_byte_budget(count: int, make_header: MakeHeader) -> None:
    """All that is not picture data is 29 bytes and the table, 44 at most up to 16 layers."""
    rng = random.Random(count)  # noqa: S311
    for _ in range(50):
        header = make_header(
            _levels(count, rng), width=768, height=512, prior_id="photo-1", prior_digest=bytes(8)
        )
        found = file_size(header).container_bytes
        assert found == 29 + len(build_table(header.layers, "trellis"))
        assert found <= 44 + max(0, count - 16)


@pytest.mark.parametrize(
    ("width", "height", "expected"), [(1, 127, 27), (128, 127, 28), (16383, 128, 29)]
)
def test_small_sides_save_bytes(
    width: int, height: int, expected: int, make_header: MakeHeader, make_file: object
) -> None:
    """Each side below 128 takes a byte less; the budget is that of whole files."""
    header = make_header(((2000, 240),), width=width, height=height)
    size = file_size(header)
    assert size.container_bytes == expected + len(build_table(header.layers, "trellis"))
    assert len(build(make_file(header=header))) == size.file_bytes  # type: ignore[operator]
