"""The page: pictures, facts and the program that shows them, in one file."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from itertools import accumulate

import numpy as np

from rdpcodec.browser.ends import Ends, lossless, pack
from rdpcodec.decoder.received import Received
from rdpcodec.images import Picture, at_depth, encode_picture, for_screen, png_bytes

# Where the layer slider stops, in shares of the file's bits.
SHARES = (1 / 8, 1 / 4, 1 / 2, 1)
# A page has at most so many times the bytes of its two ends as PNG, the original left aside:
# coarser stops are left out, the largest first.
SIZE_RATIO_MAX = 3.0

Row = tuple[str, str, str]


@dataclass(frozen=True)
class _Stop:
    """What the page shows after some layers, and the bytes of its ends as PNG."""

    layers: int
    bits: int
    ends: Ends
    png_bytes: int


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a page shows besides the decoded picture.

    Attributes:
        title: What the picture is called.
        rho: Where the slider stands at first.
        icc: The profile of the decoded pixels, None for sRGB.
        rows: Fields of the header: name, value, meaning.
        original: What the picture was made of, of the same size; None where it is not there.
    """

    title: str
    rho: float
    icc: bytes | None
    rows: Sequence[Row]
    original: Picture | None = None


def page_of(
    received: Received,
    subject: Subject,
    *,
    evaluations: int | None = None,
    symmetries: int | None = None,
) -> str:
    """Return a page of HTML that needs no server, no network and nothing beside it.

    Args:
        received: The picture, with the layers that the page is to end at.
        subject: What else is shown.
        evaluations: As in `Received.at`.
        symmetries: As in `Received.at`.

    Returns:
        The page. Its picture at a rho is that of `Received.at` within 1 of 255.

    Raises:
        RdpError: As `Received.at`.
    """
    icc = subject.icc
    *coarse, last = _stops(received, icc, evaluations, symmetries)
    room = SIZE_RATIO_MAX * last.png_bytes
    while coarse and len(_filled(received, subject, [*coarse, last], None)) > room:
        coarse.remove(max(coarse, key=lambda stop: stop.ends.size))
    beside = None if subject.original is None else _original(subject.original)
    return _filled(received, subject, [*coarse, last], beside)


def _stops(
    received: Received, icc: bytes | None, evaluations: int | None, symmetries: int | None
) -> Iterator[_Stop]:
    """Yield the pictures after some layers, from coarse to fine."""
    for layers, bits in _places(received):
        ends = received.layers(layers).endpoints(evaluations, symmetries=symmetries)
        size = sum(len(png_bytes(Picture(received.shown(end, 8), icc))) for end in ends)
        yield _Stop(layers, bits, pack(*ends, icc), size)


def _places(received: Received) -> list[tuple[int, int]]:
    """Return how many layers each stop has, and their bits."""
    count = received.layer_count
    sums = list(accumulate(layer.bits for layer in received.header.layers[:count]))
    found = {}
    for share in SHARES:
        layers = min(range(count), key=lambda k: abs(sums[k] - share * sums[-1])) + 1
        found[layers] = sums[layers - 1]
    return sorted({**found, count: sums[-1]}.items())


def _json(stop: _Stop) -> dict[str, object]:
    ends = stop.ends
    return {
        "layers": stop.layers,
        "bits": stop.bits,
        "low": _url(ends.low, ends.mime),
        "high": _url(ends.high, ends.mime),
        "offset": ends.offset,
        "scale": ends.scale,
    }


def _mask(received: Received) -> str | None:
    """Return a picture whose alpha is that of the file, None if it is opaque."""
    alpha = received.alpha
    if alpha is None:
        return None
    alpha = at_depth(alpha, 8)
    return _url(png_bytes(Picture(np.zeros_like(alpha), alpha=alpha)), "image/png")


def _original(picture: Picture) -> str:
    """Return the pixels alone, in sRGB: no metadata of the original gets into a page."""
    seen = Picture(for_screen(picture, picture.width))
    suffix, mime = lossless(max(picture.width, picture.height))
    return _url(encode_picture(seen, suffix), mime)


def _url(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{b64encode(data).decode('ascii')}"


def _filled(
    received: Received, subject: Subject, stops: Sequence[_Stop], original: str | None
) -> str:
    data = {
        "width": received.header.width,
        "height": received.header.height,
        "rho": subject.rho,
        "layers": len(received.header.layers),
        "stops": [_json(stop) for stop in stops],
        "original": original,
        "profile": subject.icc is not None,
        "alpha": _mask(received),
    }
    parts = {
        "TITLE": escape(subject.title),
        "STYLE": _resource("page.css"),
        "ROWS": "\n".join(_row(row) for row in subject.rows),
        "DATA": json.dumps(data).replace("<", "\\u003c"),
        "PROGRAM": _resource("page.js"),
    }
    page = _resource("page.html")
    pieces = []
    for name, text in parts.items():  # in the order of the page, each place once
        before, page = page.split(f"{{{{{name}}}}}", 1)
        pieces += [before, text]
    return "".join([*pieces, page])


def _row(row: Row) -> str:
    name, value, meaning = (escape(each) for each in row)
    return f'<tr><th scope="row">{name}</th><td>{value}</td><td>{meaning}</td></tr>'


def _resource(name: str) -> str:
    return resources.files("rdpcodec.browser").joinpath(name).read_text(encoding="utf-8")
