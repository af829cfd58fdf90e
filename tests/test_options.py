"""Options are checked once, before any work, and take numbers of any library."""

from contextlib import suppress
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec import codec, options
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.options import (
    DecodeKeywords,
    DecodeOptions,
    EncodeKeywords,
    EncodeOptions,
    TrimKeywords,
    TrimOptions,
)

PIXELS = np.full((8, 6, 3), 77, np.uint8)
GAUSSIAN: dict[str, Any] = {"prior": "gaussian-1"}


def keys(keywords: type) -> set[str]:
    """Return the keys of a dictionary of keywords."""
    return set(keywords.__annotations__)


def test_keywords_and_fields_are_the_same() -> None:
    """Whoever adds a field is told that the keywords lack it."""
    assert keys(EncodeKeywords) == {field.name for field in fields(EncodeOptions)}
    assert keys(DecodeKeywords) == {field.name for field in fields(DecodeOptions)}
    assert keys(TrimKeywords) == {field.name for field in fields(TrimOptions)}


def test_every_field_is_documented_and_has_a_check() -> None:
    """The docstring of each dataclass names each field."""
    for kind in (EncodeOptions, DecodeOptions, TrimOptions):
        for field in fields(kind):
            assert f"        {field.name}: " in str(kind.__doc__)
            assert callable(field.metadata["check"])


def test_options_are_frozen() -> None:
    """Nothing changes an option after it was checked."""
    with pytest.raises(AttributeError):
        EncodeOptions().t = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    "t", [2300, 2300.0, np.int64(2300), np.float32(2300), Fraction(2300), torch.tensor(2300)]
)
def test_integers_of_any_kind_are_taken(t: Any) -> None:
    """A level that is integral is that level, and the file is the same to the byte."""
    assert EncodeOptions(t=t).t == 2300
    assert type(EncodeOptions(t=t).t) is int
    assert codec.encode(PIXELS, t=t, **GAUSSIAN) == codec.encode(PIXELS, t=2300, **GAUSSIAN)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"t": 2300.5}, "t is 2300.5, expected 0..4095"),
        ({"t": True}, "t is True, expected 0..4095"),
        ({"t": "2300"}, "t is '2300', expected 0..4095"),
        ({"t": 4096}, "t is 4096, expected 0..4095"),
        ({"t": float("nan")}, "t is nan, expected 0..4095"),
        ({"t": 10**5000}, "t is an integer of 16610 bits, expected 0..4095"),
        ({"seed": -1}, "seed is -1, expected 0..18446744073709551615"),
        ({"seed": None}, "seed is None"),
        ({"bpp": 1e308}, "bpp is 1e+308, expected more than 0"),
        ({"bpp": 0}, "bpp is 0"),
        ({"bpp": float("inf")}, "bpp is inf"),
        ({"bpp": "1"}, "bpp is '1'"),
        ({"target_bytes": 0}, "target_bytes is 0, expected 1 or more bytes"),
        ({"rho_hint": 1.5}, "rho_hint is 1.5, expected 0 (least distortion)"),
        ({"rdo": float("nan")}, "rdo is nan"),
        ({"coder": "zip"}, "coder is zip, expected pfr or trellis"),
        ({"coder_parameter": 3}, "coder_parameter is 3, expected 4..16"),
        ({"precision": "float8"}, "precision is float8"),
        ({"prior": 7}, "prior is 7"),
        ({"limits": 5}, "limits is 5"),
        ({"progress": 5}, "progress is 5"),
        ({"allow_damaged": 1}, "allow_damaged is 1, expected True or False"),
        ({"psnr": 0}, "psnr is 0, expected more than 0 dB, at most 100"),
        ({"psnr": float("inf")}, "psnr is inf"),
        ({"t": 5, "bpp": 1.0}, "exclude each other"),
        ({"target_bytes": 500, "psnr": 30}, "exclude each other"),
    ],
)
def test_wrong_values_of_encode_are_one_sentence(given: dict[str, Any], said: str) -> None:
    """RDP-701 names the option, what was found and what was expected, before any work."""
    with pytest.raises(UsageError) as caught:
        codec.encode(None, **given)
    assert caught.value.issue == ISSUE.INVALID_OPTION
    assert said in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rho": -0.1}, "rho is -0.1"),
        ({"rho": "0.5"}, "rho is '0.5'"),
        ({"rho": np.full((2, 2), 1.5)}, "rho is a map with values out of range"),
        ({"rho": np.zeros((2, 2), np.int32)}, "rho is a map of int32"),
        ({"reconstruction": "sde"}, "reconstruction is sde, expected ode or geodesic"),
        ({"layers": 0}, "layers is 0"),
        ({"evaluations": 1001}, "evaluations is 1001, expected 1..1000"),
        ({"allow_partial": "yes"}, "allow_partial is 'yes'"),
    ],
)
def test_wrong_values_of_decode_are_one_sentence(given: dict[str, Any], said: str) -> None:
    """They are found before the bytes are looked at."""
    with pytest.raises(UsageError) as caught:
        codec.decode(b"not even a file", **given)
    assert said in caught.value.message


@pytest.mark.parametrize("rho", [0.25, np.float32(0.25), Decimal("0.25"), torch.tensor(0.25)])
def test_reals_of_any_kind_are_taken(rho: Any) -> None:
    """A rho of another library is that number."""
    assert DecodeOptions(rho=rho).rho == 0.25


@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.booleans(), st.binary()))
def test_any_value_is_taken_or_refused_by_a_sentence(value: object) -> None:
    """No value of any option raises anything but a UsageError."""
    for kind in (EncodeOptions, DecodeOptions):
        for name in get_type_hints(
            kind, vars(options) | {"Prior": object, "Rho": object, "Map": object}
        ):
            with suppress(UsageError):
                kind(**{name: value})
