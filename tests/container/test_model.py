"""Tests of the parsed file: what it may hold, its layers, its cuts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from rdpcodec.container import Chunk, Header, RdpFile, build, join_layers, parse
from rdpcodec.layers import ChannelStep, Layer, StateShape

MakeHeader = Callable[..., Header]
MakeFile = Callable[..., RdpFile]


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"height": 0},
        {"kind": "alpha"},
        {"depth": 10},
        {"coder": "none"},
        {"coder_parameter": 3},
        {"prior_id": "Upper"},
        {"prior_id": ""},
        {"prior_id": "#1"},
        {"prior_digest": b"sho"},
        {"seed": -1},
        {"minor": 16},
        {"state": StateShape(3)},
        {"layers": ()},
        {"layers": (Layer(5, 0, 378), Layer(5, 0, 378))},
        {"layers": (Layer(5, 0, 377),)},
        {"coder": "pfr", "layers": (Layer(5, 0, 377),)},
    ],
)
def test_headers_hold_only_what_the_format_can_carry(
    change: dict[str, object], make_header: MakeHeader
) -> None:
    """A header with an impossible value cannot be made."""
    with pytest.raises(ValueError, match=r".+"):
        replace(make_header(), **change)


@pytest.mark.parametrize(
    ("kind", "channels", "shape"),
    [("grey", 1, (1, 7, 9)), ("rgb", 3, (3, 7, 9)), ("equal-rgb", 3, (1, 7, 9))],
)
def test_a_kind_has_its_channels_and_its_state(
    kind: str, channels: int, shape: tuple[int, int, int], make_header: MakeHeader
) -> None:
    """Equal channels are shown as three and coded as one."""
    header = make_header(kind=kind)
    assert (header.channels, header.state_shape) == (channels, shape)
    assert header.dim == shape[0] * 63


def test_a_stated_state_is_padded_and_divided(make_header: MakeHeader) -> None:
    """Both sides go up to the multiple and are then divided by the stride."""
    header = make_header(state=StateShape(4, 8, 16), width=33, height=16)
    assert header.state_shape == (4, 2, 6)
    assert header.dim == 48
    for wrong in ((0, 1, 1), (1, 0, 1), (1, 3, 8), (256, 1, 1)):
        with pytest.raises(ValueError, match=r"state|stride"):
            StateShape(*wrong)


def test_files_hold_only_a_payload_that_fits(make_file: MakeFile) -> None:
    """A payload of the wrong length or with set padding bits cannot be made."""
    file = make_file()
    bad = file.payload[:-1] + bytes([file.payload[-1] | 1])
    for payload in (file.payload + b"\0", bad):
        with pytest.raises(ValueError, match="payload"):
            replace(file, payload=payload)
    for kind in ("Z", "zz", "", "1"):
        with pytest.raises(ValueError, match="ancillary"):
            Chunk(kind, b"")


@pytest.mark.parametrize("k", [1, 2, 3])
def test_truncated_files_are_files(k: int, make_file: MakeFile) -> None:
    """The first k layers are a file of their own, with the same bits."""
    file = make_file()
    short = parse(build(file.truncated(k)))
    assert short.header.layers == file.header.layers[:k]
    assert [short.layer_bits(i) for i in range(k)] == [file.layer_bits(i) for i in range(k)]
    assert short.header.t == file.header.layers[k - 1].t


def test_the_walk_gives_each_whole_layer_its_integers_and_bits(
    make_header: MakeHeader, make_file: MakeFile
) -> None:
    """A cut file is walked through as far as it is whole."""
    file = make_file(header=make_header(seed=7))
    cut = parse(build(file)[:-6], allow_partial=True)
    assert [layer for layer, _, _ in file.steps()] == list(file.header.layers)
    assert list(cut.steps()) == list(file.steps())[: cut.layers_whole]
    _, (_, step, bits), *_ = file.steps()
    assert step == ChannelStep(seed=7, layer=1, dim=189, q=25)
    assert bits == file.layer_bits(1)


def test_layers_out_of_range_are_bugs_of_the_caller(make_file: MakeFile) -> None:
    """Asking for a layer that is not there is refused."""
    file = make_file()
    for k in (0, 4):
        with pytest.raises(ValueError, match="k is"):
            file.truncated(k)
    for k in (-1, 3):
        with pytest.raises(IndexError, match="layer"):
            file.layer_bits(k)
    pieces = [file.layer_bits(k) for k in range(3)]
    for wrong in ([b"", *pieces[1:]], pieces[:2], [*pieces, b""]):
        with pytest.raises(ValueError, match=r"are not all|argument"):
            join_layers(file.header, wrong)


def test_a_partial_file_must_be_truncated_before_it_is_built(make_file: MakeFile) -> None:
    """A file whose layers are missing cannot be written as it is."""
    partial = parse(build(make_file())[:-6], allow_partial=True)
    assert partial.layers_missing
    with pytest.raises(ValueError, match="missing"):
        build(partial)
