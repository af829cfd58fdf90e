"""Priors, limits, options and bytes that do not fit are refused by name."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rdpcodec import codec, container
from rdpcodec.codec import decode, encode
from rdpcodec.errors import (
    ISSUE,
    BitstreamError,
    LimitError,
    PriorMismatchError,
    PriorUnavailableError,
    RdpError,
    UsageError,
)
from rdpcodec.limits import Limits
from rdpcodec.priors.base import PriorIdentity
from rdpcodec.priors.gaussian import GaussianPrior

Pixels = NDArray[np.uint8]
MakePhoto = Callable[..., Pixels]
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}


@pytest.fixture(scope="module")
def small(gradient: MakePhoto) -> bytes:
    """Return a file of a few grey pixels."""
    return encode(gradient(9, 7, 1), t=2000, **GAUSSIAN)


def test_a_prior_instance_is_as_good_as_its_name(photo: MakePhoto) -> None:
    """A prior object with the file's digest reads the file, whatever its name is."""

    class Renamed(GaussianPrior):
        identity = PriorIdentity("my-gaussian", GaussianPrior.identity.manifest)

    data = encode(photo(9, 7), t=1900, prior=Renamed())
    assert container.parse(data).header.prior_id == "my-gaussian"
    expected = decode(encode(photo(9, 7), t=1900, **GAUSSIAN))
    assert np.array_equal(decode(data, prior=GaussianPrior()).pixels, expected.pixels)


def test_a_wrong_prior_is_refused_by_its_digest(file_of: bytes) -> None:
    """A prior with the right name and another configuration is RDP-502."""
    other = GaussianPrior()
    other.identity = PriorIdentity("gaussian-1", {**other.identity.manifest, "corner": 2e-3})
    assert other.id == "gaussian-1"
    with pytest.raises(PriorMismatchError, match=other.digest[:4].hex()) as caught:
        decode(file_of, prior=other)
    assert caught.value.issue == ISSUE.PRIOR_MISMATCH
    file = container.parse(file_of)
    renamed = replace(file, header=replace(file.header, prior_digest=bytes(8)))
    with pytest.raises(PriorMismatchError, match="digest 00000000,"):
        decode(container.build(renamed))


@pytest.mark.parametrize(
    "name", ["diffusers:google/ddpm-cat-256", "photo-9", "diffusers:tmp", "#9"]
)
def test_a_file_opens_no_prior_that_is_not_built_in(
    file_of: bytes, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file that names a directory or a hub model is refused before anything is looked for."""
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was used"))
    monkeypatch.setattr(codec, "load_prior", lambda _: pytest.fail("a prior was opened"))
    file = container.parse(file_of)
    data = container.build(
        replace(file, header=replace(file.header, prior_id=name, prior_digest=bytes(8)))
    )
    with pytest.raises(PriorUnavailableError, match="not built in") as caught:
        decode(data)
    assert caught.value.issue == ISSUE.PRIOR_UNAVAILABLE


@pytest.mark.parametrize(
    ("limits", "issue"),
    [
        (Limits(side=47), ISSUE.LIMIT_SIDE),
        (Limits(pixels=48 * 32 - 1), ISSUE.LIMIT_PIXELS),
        (Limits(layers=3), ISSUE.LIMIT_LAYERS),
        (Limits(file_bytes=40), ISSUE.LIMIT_FILE_BYTES),
        (Limits(chunks=2), ISSUE.LIMIT_CHUNKS),
    ],
)
def test_limits_hold_when_reading(file_of: bytes, limits: Limits, issue: ISSUE) -> None:
    """Each limit stops a file that is one above it, before any prior is loaded."""
    file = container.parse(file_of)
    chunk = container.pack_rho(0.5)
    data = container.build(replace(file, ancillary=(chunk,)))
    with pytest.raises(LimitError) as caught:
        decode(data, limits=limits)
    assert caught.value.issue == issue
    assert caught.value.value > caught.value.limit


@pytest.mark.parametrize("limits", [Limits(side=11), Limits(pixels=12 * 8 - 1)])
def test_limits_hold_when_writing(photo: MakePhoto, limits: Limits) -> None:
    """No file is written that the same limits would not read."""
    with pytest.raises(LimitError):
        encode(photo(12, 8), limits=limits, **GAUSSIAN)


@pytest.mark.parametrize(
    "options",
    [
        {"t": -1}, {"t": 4096}, {"bpp": 0.0}, {"bpp": math.nan}, {"bpp": math.inf},
        {"target_bytes": 0}, {"t": 5, "bpp": 1.0}, {"bpp": 1.0, "target_bytes": 900},
        {"seed": -1}, {"seed": 2**64}, {"coder": "zip"}, {"rho_hint": 1.5},
        {"rho_hint": math.nan},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused_when_writing(
    gradient: MakePhoto, options: dict[str, Any]
) -> None:
    """Each option has its range, outside of which it is RDP-701."""
    with pytest.raises(UsageError) as caught:
        encode(gradient(6, 5, 3), **options, **GAUSSIAN)
    assert caught.value.issue == ISSUE.INVALID_OPTION


@pytest.mark.parametrize("parameter", [-1, 3, 17])
@pytest.mark.parametrize("coder", ["trellis", "pfr"])
def test_coder_parameters_out_of_range_are_refused(
    gradient: MakePhoto, coder: str, parameter: int
) -> None:
    """The parameter of the coder is 4..16, outside of which it is RDP-701."""
    with pytest.raises(UsageError):
        encode(gradient(6, 5, 3), coder=coder, coder_parameter=parameter, **GAUSSIAN)


@pytest.mark.parametrize(
    "options",
    [
        {"rho": -0.1}, {"rho": 1.1}, {"rho": math.nan}, {"reconstruction": "sde"}, {"layers": 0},
        {"layers": 99}, {"evaluations": 0}, {"evaluations": 1001},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused_when_reading(
    file_of: bytes, options: dict[str, Any]
) -> None:
    """Each option has its range, outside of which it is RDP-701."""
    with pytest.raises(UsageError) as caught:
        decode(file_of, **options)
    assert caught.value.issue == ISSUE.INVALID_OPTION


def test_unknown_priors_are_named_with_the_known(photo: MakePhoto) -> None:
    """An unknown prior is RDP-501, and the sentence lists the built-in ones."""
    with pytest.raises(PriorUnavailableError, match="gaussian-1") as caught:
        encode(photo(4, 4), prior="gaussian-2")
    assert caught.value.issue == ISSUE.PRIOR_UNAVAILABLE


def test_damaged_indices_are_a_bitstream_error(photo: MakePhoto) -> None:
    """A payload of the paper's coder that no encoder writes is RDP-302, with its layer."""
    file = container.parse(encode(photo(12, 9), t=2000, coder="pfr", **GAUSSIAN))
    broken = replace(file, payload=b"\xff" * len(file.payload))
    with pytest.raises(BitstreamError, match="layer") as caught:
        decode(container.build(broken))
    assert caught.value.issue == ISSUE.BAD_BITSTREAM


@given(data=st.binary(max_size=64), at=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_any_payload_of_the_trellis_is_a_picture(small: bytes, data: bytes, at: int) -> None:
    """Every bit string of the right length decodes: the trellis has no invalid payloads."""
    file = container.parse(small)
    payload = bytearray(file.payload)
    for i, value in enumerate(data):
        payload[(at + i) % (len(payload) - 1)] ^= value
    found = decode(container.build(replace(file, payload=bytes(payload))), rho=0)
    assert found.pixels.shape == (7, 9)


def test_any_bytes_are_refused_by_name(small: bytes) -> None:
    """What is not a file of this format is an RdpError, never something else."""
    for data in (b"", b"\x89RDP", b"full address:s:example", small[:20], small + b"\0"):
        with pytest.raises(RdpError):
            decode(data)
