"""Tests of the registered ancillary chunks."""

import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.container import (
    Chunk,
    RdpFile,
    build,
    pack_icc,
    pack_private,
    pack_rho,
    parse,
    unpack_icc,
    unpack_private,
    unpack_rho,
)
from rdpcodec.errors import ISSUE, LimitError, MalformedError
from rdpcodec.limits import Limits

MakeFile = Callable[..., RdpFile]


@given(st.floats(0, 1))
def test_rho_hint_round_trip(rho: float) -> None:
    """A hint comes back within half a step."""
    found = unpack_rho([pack_rho(rho)])
    assert found is not None
    assert abs(found - rho) <= 0.5 / 255 + 1e-12


def test_a_file_without_hints_has_none() -> None:
    """Without the chunks there is neither rho nor profile."""
    assert unpack_rho(()) is None
    assert unpack_icc(()) is None
    with pytest.raises(ValueError, match="rho is"):
        pack_rho(1.1)


@given(st.binary(max_size=2000))
def test_icc_round_trip(profile: bytes) -> None:
    """A profile comes back."""
    assert unpack_icc([pack_icc(profile)]) == profile


def test_icc_inflation_is_bounded(make_file: MakeFile) -> None:
    """A small chunk that would inflate to 200 MB is refused with little memory, when parsed too."""
    bomb = Chunk("i", zlib.compress(bytes(200 << 20), 9))
    file = make_file(pack_icc(bytes(200)))
    tracemalloc.start()
    with pytest.raises(LimitError) as caught:
        unpack_icc([bomb])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.issue == ISSUE.LIMIT_ICC_BYTES
    assert peak < 8 << 20
    with pytest.raises(LimitError):
        pack_icc(bytes((1 << 20) + 1))
    with pytest.raises(LimitError, match="icc_bytes = 199"):
        parse(build(file), limits=Limits(icc_bytes=199))


@pytest.mark.parametrize(
    "body", [b"", b"junk", zlib.compress(b"x")[:-1], zlib.compress(b"") + b"x"]
)
def test_damaged_icc_is_refused(body: bytes, make_file: MakeFile) -> None:
    """A profile chunk is exactly one whole zlib stream, for whoever reads or writes it."""
    chunk = Chunk("i", body)
    for call in (lambda: unpack_icc([chunk]), lambda: build(make_file(chunk))):
        with pytest.raises(MalformedError) as caught:
            call()
        assert caught.value.issue == ISSUE.BAD_ANCILLARY


@given(st.from_regex(r"[a-z0-9][A-Za-z0-9._:/@-]{0,63}", fullmatch=True), st.binary(max_size=20))
def test_private_data_round_trip(name: str, data: bytes) -> None:
    """The owner's name and the data come back."""
    assert unpack_private(pack_private(name, data)) == (name, data)


def test_private_data_need_an_owner() -> None:
    """A name that cannot be written is a bug of the caller."""
    for name in ("", "Org.example", "org example", "o" * 65):
        with pytest.raises(ValueError, match="private name"):
            pack_private(name, b"")


def test_private_data_may_occur_often(make_file: MakeFile) -> None:
    """Chunks of one owner and of others are kept, in their order."""
    chunks = tuple(pack_private(name, b"x") for name in ("org.b", "org.a", "org.b"))
    assert parse(build(make_file(*chunks))).ancillary == chunks


def test_build_refuses_a_duplicate_hint(make_file: MakeFile) -> None:
    """The writer keeps the rules of the registered chunks too."""
    with pytest.raises(MalformedError, match="twice"):
        build(make_file(pack_rho(0.1), pack_rho(0.2)))
