"""The baselines are real codecs: bytes that decode, of the size asked for, or a clean refusal."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.bench.baselines.base import (
    BaselineCodec,
    Envelope,
    seal,
    unseal,
)
from rdpcodec.bench.baselines.ddcm import DdcmCodec
from rdpcodec.bench.baselines.dithered import DitheredCodec
from rdpcodec.bench.baselines.turbo_ddcm import TurboDdcmCodec
from rdpcodec.metrics import psnr
from rdpcodec.priors import load_prior

MakeCodec = Callable[..., BaselineCodec]
MakePhoto = Callable[..., NDArray[np.uint8]]
CODECS = (DdcmCodec, TurboDdcmCodec, DitheredCodec)
TARGETS = {DdcmCodec: (60, 160), TurboDdcmCodec: (150, 900), DitheredCodec: (250, 1100)}

pytestmark = pytest.mark.usefixtures("one_thread")


def make(codec: MakeCodec) -> BaselineCodec:
    """Return a fresh codec with the closed-form prior."""
    return codec(load_prior("gaussian-1"))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(64, 48), (37, 51)])
@pytest.mark.parametrize("codec", CODECS)
def test_a_fresh_codec_decodes_and_more_bytes_are_better(
    codec: MakeCodec, size: tuple[int, int], photo: MakePhoto
) -> None:
    """A file keeps to its target, fills most of it, and decodes in a codec that knows no more."""
    picture = photo(*size)
    quality = []
    for target in TARGETS[codec]:
        data = make(codec).encode(picture, target)
        assert 0.9 * target <= len(data) <= target
        decoded = make(codec).decode(data)
        assert decoded.shape == picture.shape
        assert decoded.dtype == np.uint8
        quality.append(psnr(picture, decoded))
    assert quality[1] > quality[0] + 0.3
    assert quality[0] > psnr(picture, np.full_like(picture, 128))


@pytest.mark.parametrize("codec", CODECS)
def test_rho_changes_the_picture_and_encoding_repeats(codec: MakeCodec, photo: MakePhoto) -> None:
    """The same picture gives the same bytes, and one file reads differently at either end."""
    picture, target = photo(64, 48), TARGETS[codec][0]
    data = make(codec).encode(picture, target)
    assert data == make(codec).encode(picture, target)
    assert (make(codec).decode(data, 1.0) != make(codec).decode(data, 0.0)).any()


@pytest.mark.parametrize("codec", CODECS)
def test_an_impossible_target_gives_the_smallest_file(codec: MakeCodec, photo: MakePhoto) -> None:
    """With no room at all there is still a file, a small one."""
    picture = photo(24, 17)
    data = make(codec).encode(picture, 0)
    assert len(data) <= 40
    assert make(codec).decode(data).shape == picture.shape


@pytest.mark.parametrize("codec", CODECS)
def test_damage_is_refused(codec: MakeCodec, photo: MakePhoto) -> None:
    """Any flipped bit, any missing end and another codec's file are a ValueError."""
    data = make(codec).encode(photo(24, 17), 80)
    for length in range(len(data)):
        with pytest.raises(ValueError, match="file"):
            make(codec).decode(data[:length])
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        with pytest.raises(ValueError, match="file"):
            make(codec).decode(bytes(damaged))
    other = CODECS[(CODECS.index(codec) + 1) % 3]
    with pytest.raises(ValueError, match="not a file of kind"):
        make(other).decode(data)


@pytest.mark.parametrize("codec", CODECS)
def test_hostile_bodies_are_values_or_refusals(codec: MakeCodec) -> None:
    """A body of any bytes under a right checksum decodes or is a ValueError."""
    drawn = np.random.default_rng(5)
    for length in (0, 1, 3, 5, 9, 30, 60):
        body = drawn.integers(0, 256, length, dtype=np.uint8).tobytes()
        data = seal(Envelope(codec.kind, 9, 10, b"\x08" + body[1:]))
        try:
            assert make(codec).decode(data).shape == (9, 10, 3)
        except ValueError:
            continue


def test_grey_pictures_and_huge_sides_are_refused() -> None:
    """A baseline takes RGB, and sides that its header can hold."""
    with pytest.raises(ValueError, match="shape"):
        make(DitheredCodec).encode(np.zeros((8, 8), dtype=np.uint8), 100)
    with pytest.raises(ValueError, match="65535"):
        seal(Envelope(1, 2**16, 1, b""))
    with pytest.raises(ValueError, match="kind"):
        unseal(seal(Envelope(1, 0, 1, b"")), 1)
