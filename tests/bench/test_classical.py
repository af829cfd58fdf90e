"""The usual formats at matched rates."""

from collections.abc import Callable

import pytest

from rdpcodec.bench import classical
from rdpcodec.bench.base import Pixels
from rdpcodec.bench.classical import FORMATS, ClassicalCodec, largest_within
from rdpcodec.bench.measures import MEASURES

MakePhoto = Callable[..., Pixels]
PSNR = MEASURES[0]


@pytest.mark.parametrize("target", [1, 9, 10, 11, 500, 777, 9_999, 10**7])
@pytest.mark.parametrize("power", [0.3, 1.0, 3.0])
def test_matching_finds_the_largest_file_that_fits(target: int, power: float) -> None:
    """The bisection hits the best setting in few encodes, or the lowest if none fits."""
    sizes = [10 + int(10_000 * (q / 100) ** power) for q in range(101)]
    asked: list[int] = []

    def size_at(quality: int) -> int:
        asked.append(quality)
        return sizes[quality]

    found = largest_within(size_at, range(101), target)
    fitting = [q for q in range(101) if sizes[q] <= target]
    assert found == (fitting[-1] if fitting else 0)
    assert len(asked) <= 12


@pytest.mark.parametrize("name", list(FORMATS))
def test_each_format_meets_a_size_and_decodes(name: str, photo: MakePhoto) -> None:
    """The file of every format is within the target, its next setting is not, and it decodes."""
    for module in ("pillow_jxl",) * (name == "jxl") + ("pillow_heif",) * (name == "heic"):
        pytest.importorskip(module)
    pixels, target = photo(64, 48), 1200
    under_test = ClassicalCodec(name)
    coded = under_test.encode(pixels, target)
    assert len(coded.data) <= target
    assert coded.spent is not None
    sizes = {q: len(data) for q, (data, _) in under_test._files.items()}
    assert len(coded.data) == max(size for size in sizes.values() if size <= target)
    assert len(under_test.encode(pixels, 1).data) == len(
        classical.encode(pixels, FORMATS[name], FORMATS[name].qualities.start)
    )
    (reading,) = under_test.decode(coded.data, under_test.readings(["rho=0"]))
    assert reading.name == ""
    assert PSNR.load()(pixels, reading.pixels) > 20
    assert FORMATS[name].package in under_test.version
