"""`trim`: the file of an encoder that had stopped earlier, made from a finer one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rdpcodec
from rdpcodec.container import Chunk, RdpFile, build, pack_private, parse
from rdpcodec.errors import ISSUE, LimitError, RdpError, TruncatedError, UsageError
from rdpcodec.limits import Limits

MakePhoto = Callable[..., NDArray[np.uint8]]
FIXTURES = Path(__file__).parents[2] / "fixtures" / "valid"


@pytest.fixture(scope="module", params=["trellis", "pfr"])
def coder(request: pytest.FixtureRequest) -> str:
    """Both channel coders; `pfr` has byte counts in its table."""
    return str(request.param)


@pytest.fixture(scope="module")
def master(photo: MakePhoto, coder: str) -> bytes:
    """A fine file of a small photo."""
    return rdpcodec.encode(photo(20, 14), t=1500, prior="gaussian-1", coder=coder)


def changed(data: bytes, *, minor: int = 0, chunks: tuple[Chunk, ...] = ()) -> bytes:
    """Return a file with another minor version and other ancillary chunks."""
    file = parse(data)
    return build(replace(file, header=replace(file.header, minor=minor), ancillary=chunks))


def test_a_trimmed_file_is_the_one_that_the_encoder_would_have_written(
    photo: MakePhoto, coder: str, master: bytes
) -> None:
    """Compressing to the level of any layer, and trimming the finer file to it, are one file."""
    levels = [layer.t for layer in parse(master).header.layers]
    for count in (1, 2, len(levels) // 2, len(levels) - 1):
        goal = levels[count - 1]
        written = rdpcodec.encode(photo(20, 14), t=goal, prior="gaussian-1", coder=coder)
        assert rdpcodec.trim(master, layers=count) == written


def test_a_trimmed_file_shows_what_its_layers_show(master: bytes) -> None:
    """At every rho the picture is the one that `layers` of the whole file gives."""
    count = 9
    trimmed, whole = rdpcodec.open(rdpcodec.trim(master, layers=count)), rdpcodec.open(master)
    for rho in (0, 0.5, 1):
        assert np.array_equal(trimmed.at(rho).pixels, whole.layers(count).at(rho).pixels)


def test_trimming_twice_is_trimming_once(master: bytes) -> None:
    """By whatever way, a number of layers is one file; all of them are the file itself."""
    count = len(parse(master).header.layers)
    assert rdpcodec.trim(master, layers=count) == master
    for k in range(1, count):
        once = rdpcodec.trim(master, layers=k)
        assert once == rdpcodec.trim(rdpcodec.trim(master, layers=k + 1), layers=k)
        assert len(parse(once).header.layers) == k


def test_a_size_is_met_with_as_many_layers_as_fit(master: bytes) -> None:
    """One byte less than a file has costs it its last layer; `bpp` counts the same bytes."""
    sizes = [len(rdpcodec.trim(master, layers=k)) for k in range(1, 12)]
    for k, size in enumerate(sizes, start=1):
        fitting = rdpcodec.trim(master, target_bytes=size)
        assert fitting == rdpcodec.trim(master, layers=k)
        assert fitting == rdpcodec.trim(master, bpp=8 * size / (20 * 14) + 1e-9)
        if k > 1:
            assert len(rdpcodec.trim(master, target_bytes=size - 1)) == sizes[k - 2]
    assert rdpcodec.trim(master, target_bytes=10**6) == master


def test_what_is_smaller_than_one_layer_is_refused_with_the_smallest_size(master: bytes) -> None:
    """RDP-702 names the size that can be had."""
    smallest = len(rdpcodec.trim(master, layers=1))
    for goal in ({"target_bytes": smallest - 1}, {"bpp": 0.001}):
        with pytest.raises(UsageError) as caught:
            rdpcodec.trim(master, **goal)  # type: ignore[arg-type]
        assert caught.value.issue == ISSUE.TARGET_TOO_SMALL
        assert f"which has {smallest} bytes with its coarsest layer alone" in caught.value.message


def test_all_that_an_editor_must_keep_is_kept(master: bytes) -> None:
    """Unknown and private chunks, their order and the minor version are those of the file."""
    chunks = (Chunk("z", b"\x00new"), pack_private("org.example", b"x"), Chunk("b", b""))
    data = changed(master, minor=7, chunks=chunks)
    trimmed = rdpcodec.trim(data, layers=4)
    assert trimmed == changed(rdpcodec.trim(master, layers=4), minor=7, chunks=chunks)
    file = parse(trimmed)
    assert (file.header.version, file.ancillary) == ("1.7", chunks)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/stream.rdp")), ids=lambda p: p.parent.name)
def test_every_fixture_is_trimmed_to_a_file_that_is_itself_again(path: Path) -> None:
    """Whatever a file holds, a prompt or a prior by name, the trimmed one is conforming."""
    try:
        whole = parse(path.read_bytes(), allow_partial=True)
    except RdpError:
        pytest.skip("this decoder declines the file")
    trimmed = rdpcodec.trim(path.read_bytes(), layers=1, allow_partial=True)
    file = parse(trimmed)
    assert build(file) == trimmed
    assert file.chunks == whole.chunks
    assert replace(file.header, layers=whole.header.layers) == whole.header
    assert file.layer_bits(0) == whole.layer_bits(0)


def cut(data: bytes) -> tuple[bytes, RdpFile]:
    """Return a file without its last third, and what is whole of it."""
    part = data[: 2 * len(data) // 3]
    return part, parse(part, allow_partial=True)


def test_a_truncated_file_is_refused_by_name_or_made_whole(master: bytes) -> None:
    """Without `allow_partial` it is RDP-202; with it the whole layers are a file of their own."""
    part, partly = cut(master)
    with pytest.raises(TruncatedError) as caught:
        rdpcodec.trim(part, layers=1)
    assert (caught.value.issue, caught.value.layers_whole) == ("RDP-202", partly.layers_whole)
    whole = rdpcodec.trim(part, allow_partial=True)
    assert whole == rdpcodec.trim(master, layers=partly.layers_whole)
    assert rdpcodec.trim(part, layers=2, allow_partial=True) == rdpcodec.trim(master, layers=2)
    with pytest.raises(UsageError) as refused:
        rdpcodec.trim(part, layers=partly.layers_whole + 1, allow_partial=True)
    assert f"expected 1..{partly.layers_whole}" in refused.value.message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "give one of layers, bpp and target_bytes to trim a file, found 0"),
        ({"layers": 1, "bpp": 1}, "found 2"),
        ({"layers": 0}, "layers is 0, expected 1 or more"),
        ({"layers": 500}, "layers is 500, expected 1.."),
        ({"layers": True}, "layers is True"),
        ({"bpp": 0}, "bpp is 0"),
        ({"target_bytes": 0}, "target_bytes is 0, expected 1 or more bytes"),
    ],
)
def test_goals_that_make_no_sense_are_refused(
    master: bytes, options: dict[str, Any], said: str
) -> None:
    """RDP-701 says what was found and what was expected."""
    with pytest.raises(UsageError) as caught:
        rdpcodec.trim(master, **options)
    assert caught.value.issue == ISSUE.INVALID_OPTION
    assert said in caught.value.message


def test_limits_hold(master: bytes) -> None:
    """A file above a limit is refused as everywhere."""
    with pytest.raises(LimitError):
        rdpcodec.trim(master, layers=1, limits=Limits(side=10))
