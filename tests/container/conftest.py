"""A small header and a small file that the tests of the container share."""

import math
import random
from collections.abc import Callable

import pytest

from rdpcodec.container import Chunk, Header, RdpFile, join_layers
from rdpcodec.container.bits import cut_bits
from rdpcodec.layers import Layer, StateShape, trellis_bits

LEVELS = ((2400, 30), (2300, 25), (2290, 20))
MakeHeader = Callable[..., Header]
MakeFile = Callable[..., RdpFile]


def _header(levels: tuple[tuple[int, int], ...] = LEVELS, **changes: object) -> Header:
    """Return a header of RGB pixels, 9 by 7, coded with the trellis."""
    fields = {"width": 9, "height": 7, "kind": "rgb", "state": None} | changes
    shape = fields["state"] or StateShape(3 if fields["kind"] == "rgb" else 1)
    dim = math.prod(shape.of(fields["width"], fields["height"]))  # type: ignore[attr-defined]
    fields["layers"] = tuple(Layer(t, q, trellis_bits(dim, q)) for t, q in levels)
    rest = {
        "coder": "trellis",
        "coder_parameter": 14,
        "prior_id": "gaussian-1",
        "prior_digest": bytes(range(8)),
        "seed": 0,
    }
    return Header(**(rest | fields))  # type: ignore[arg-type]


def _file(*ancillary: Chunk, header: Header | None = None) -> RdpFile:
    """Return a file with coded bits drawn at random."""
    header = header or _header()
    pieces = [
        cut_bits(random.Random(k).randbytes(-(-layer.bits // 8)), 0, layer.bits)  # noqa: S311
        for k, layer in enumerate(header.layers)
    ]
    return RdpFile(header=header, payload=join_layers(header, pieces), ancillary=ancillary)


@pytest.fixture(scope="session")
def make_header() -> MakeHeader:
    """Return what makes a header from levels (t, q) and other fields."""
    return _header


@pytest.fixture(scope="session")
def make_file() -> MakeFile:
    """Return what makes a file from ancillary chunks and a header."""
    return _file
