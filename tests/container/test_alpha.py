"""The chunk of alpha: what is checked as it is read."""

import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from rdpcodec.container import (
    Chunk,
    Header,
    RdpFile,
    build,
    describe,
    pack_alpha,
    parse,
    unpack_alpha,
)
from rdpcodec.errors import ISSUE, MalformedError

MakeFile = Callable[..., RdpFile]
MakeHeader = Callable[..., Header]
PIXELS = 9 * 7


def deflated(plain: bytes) -> bytes:
    """Return one raw DEFLATE stream."""
    stream = zlib.compressobj(9, wbits=-15)
    return stream.compress(plain) + stream.flush()


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("constant", b"\0"),
        ("deflate", deflated(bytes(PIXELS))),
        ("webp", b"\0" + bytes(PIXELS)),
        ("webp", b"\1?"),
    ],
)
def test_each_form_is_kept(form: str, data: bytes, make_file: MakeFile) -> None:
    """What was written is read, and named."""
    file = parse(build(make_file(pack_alpha(form, data))))
    found = unpack_alpha(file.ancillary, file.header)
    assert found is not None
    assert (found.form, found.data) == (form, data)
    named = {"type": "o", "name": "alpha", "bytes": 1 + len(data)}
    assert describe(file, 1000)["ancillary"] == [named]


def test_the_form_of_16_bits_is_kept_in_a_deep_file_alone(
    make_file: MakeFile, make_header: MakeHeader
) -> None:
    """Two bytes a pixel, where the header says 16 bits; elsewhere there is no such form."""
    chunk = pack_alpha("deflate-16", deflated(bytes(2 * PIXELS)))
    file = parse(build(make_file(chunk, header=make_header(depth=16))))
    found = unpack_alpha(file.ancillary, file.header)
    assert found is not None
    assert (found.form, found.body) == ("deflate-16", chunk.body)
    with pytest.raises(MalformedError, match="form 3, expected 0 to 2"):
        build(make_file(chunk))


@pytest.mark.parametrize(
    "body",
    [
        b"\3", b"\3" + deflated(bytes(2 * PIXELS - 1)), b"\3" + deflated(bytes(2 * PIXELS + 1)),
        b"\3" + deflated(bytes(2 * PIXELS)) + b"a", b"\4a", b"\1" + deflated(bytes(2 * PIXELS)),
    ],
)  # fmt: skip
def test_other_bodies_of_16_bits_are_refused(
    body: bytes, make_file: MakeFile, make_header: MakeHeader
) -> None:
    """The rules of spec 7.3 hold in a deep file, each form with its own size."""
    with pytest.raises(MalformedError):
        build(make_file(Chunk("o", body), header=make_header(depth=16)))


def test_an_opaque_file_has_none(make_file: MakeFile) -> None:
    """No chunk, no alpha."""
    assert unpack_alpha((), make_file().header) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\3a", b"\0", b"\0\xff", b"\0aa", b"\1", b"\1" + deflated(bytes(PIXELS - 1)),
        b"\1" + deflated(bytes(PIXELS + 1)), b"\1" + deflated(bytes(PIXELS))[:-1],
        b"\1" + deflated(bytes(PIXELS)) + b"a", b"\2", b"\2\1", b"\2\x81a", b"\2\2a", b"\2\x21a",
        b"\2\0" + bytes(PIXELS + 1),
    ],
)  # fmt: skip
def test_other_bodies_are_refused(body: bytes, make_file: MakeFile) -> None:
    """Each rule of spec 7.3 holds for whoever writes, and for whoever reads."""
    file = make_file(Chunk("o", body))
    for call in (lambda: build(file), lambda: unpack_alpha(file.ancillary, file.header)):
        with pytest.raises(MalformedError) as caught:
            call()
        assert caught.value.issue == ISSUE.BAD_ANCILLARY


def test_inflating_stops_at_the_size_of_the_picture(make_file: MakeFile) -> None:
    """A bomb costs no memory."""
    bomb = make_file(Chunk("o", b"\1" + deflated(bytes(100 << 20))))
    tracemalloc.start()
    with pytest.raises(MalformedError, match="more"):
        build(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_webp_is_not_for_longer_sides(
    make_file: MakeFile, make_header: Callable[..., object]
) -> None:
    """The 16384th column is beyond what WebP holds."""
    file = make_file(Chunk("o", b"\2\1a"), header=make_header(width=16_384, height=1))
    with pytest.raises(MalformedError, match="16383"):
        build(file)
