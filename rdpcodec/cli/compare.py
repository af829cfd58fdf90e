"""`rdpcodec compare`: how far two pictures are apart, each an image file or an .rdp picture."""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rdpcodec.cli.messages import naming, say
from rdpcodec.cli.options import Device, Force, Precision, PriorSource, Quiet, Rho, Threads
from rdpcodec.cli.overwriting import check_overwriting, rdp
from rdpcodec.cli.progress import progress
from rdpcodec.cli.streams import (
    check_destination,
    check_one_stdin,
    is_stdout,
    print_text,
    read_input,
    write_output,
)
from rdpcodec.container import KIND_RDP, kind_of, parse
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.options import DecodeOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rdpcodec.images import Picture

DIFFERENCE_GAIN = 4
_GREY = 128


@dataclass(frozen=True)
class _Side:
    """One of the two files."""

    name: str
    data: bytes

    @property
    def is_rdp(self) -> bool:
        return kind_of(self.data) == KIND_RDP


def compare(  # noqa: PLR0913 - one parameter per option
    a: Annotated[str, typer.Argument(metavar="A", help="An image or an .rdp picture, or -.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other, of the same size.")],
    *,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIFF.png",
            help=f"Draw B less A, {DIFFERENCE_GAIN} times as large, around a grey of {_GREY}.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as in spec/compare.schema.json.")
    ] = False,
    rho: Rho = None,
    prior: PriorSource = None,
    device: Device = "cpu",
    precision: Precision = "float32",
    threads: Threads = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Measure how far two pictures are apart: PSNR, and with the extra bench MS-SSIM, LPIPS, more.

    Example: rdpcodec compare photo.png photo.rdp --rho 0 -o difference.png
    """
    options = DecodeOptions(
        rho=rho, prior=prior, device=device, precision=precision, threads=threads
    )
    check_one_stdin({"A": a, "B": b})
    if out is not None:
        _check_out(out, a, b, force=force)
    first, second = (_read(name) for name in (a, b))
    if rho is not None and not (first.is_rdp or second.is_rdp):
        message = f"--rho is for .rdp pictures, and neither {a} nor {b} is one"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    pictures = _pictures((first, second), options, quiet=quiet)
    facts = _facts((a, b), *pictures, quiet=quiet)
    if out is not None:
        _draw(out, *pictures)
    print_text(f"{json.dumps(facts, indent=2)}\n" if as_json else _lines(facts))


def _check_out(out: str, a: str, b: str, *, force: bool) -> None:
    from rdpcodec.images import check_suffix  # noqa: PLC0415 - loads numpy

    if is_stdout(out):
        message = "standard output is for the numbers, expected the name of a file after -o"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    check_suffix(Path(out).suffix)
    check_destination(out)
    check_overwriting(out, inputs={"A": a, "B": b}, keep=rdp, force=force)


def _read(name: str) -> _Side:
    from rdpcodec.images import source_limits  # noqa: PLC0415 - loads numpy

    with naming(name):
        return _Side(name, read_input(name, source_limits()))


def _pictures(
    sides: tuple[_Side, _Side], options: DecodeOptions, *, quiet: bool
) -> "list[Picture]":
    """Return both pictures; nothing is decoded where headers say that the sizes differ."""
    images = [None if side.is_rdp else _image(side, quiet=quiet) for side in sides]
    sizes = [_size(*each) for each in zip(sides, images, strict=True)]
    if sizes[0] != sizes[1]:
        first, second = (f"{width} x {height}" for width, height in sizes)
        message = (
            f"{sides[0].name} has {first} pixels and {sides[1].name} {second}, expected one size"
        )
        raise UsageError(ISSUE.INVALID_OPTION, message)
    return [
        image or _decoded(side, options, quiet=quiet)
        for side, image in zip(sides, images, strict=True)
    ]


def _size(side: _Side, image: "Picture | None") -> tuple[int, int]:
    if image is not None:
        return image.width, image.height
    with naming(side.name):
        header = parse(side.data).header
    return header.width, header.height


def _image(side: _Side, *, quiet: bool) -> "Picture":
    from rdpcodec.images import read_picture  # noqa: PLC0415 - loads numpy

    with naming(side.name):
        picture, notes = read_picture(side.data)
    for note in () if quiet else notes:
        say(f"note: {side.name}: {note}")
    return picture


def _decoded(side: _Side, options: DecodeOptions, *, quiet: bool) -> "Picture":
    with naming(side.name), progress("loading the prior", quiet=quiet) as shown:
        from rdpcodec import codec  # noqa: PLC0415 - loads the codec

        return codec.open_as(side.data, replace(options, progress=shown)).at()


def _facts(
    names: tuple[str, str], first: "Picture", second: "Picture", *, quiet: bool
) -> dict[str, Any]:
    """Return what the two have apart, in the types of JSON."""
    import numpy as np  # noqa: PLC0415 - the command line starts without it

    from rdpcodec.bench.measures import Scorer  # noqa: PLC0415 - loads numpy

    if first.icc != second.icc and not quiet:
        say("note: the colour profiles differ, what is compared are the samples as they are")
    if (first.alpha is not None or second.alpha is not None) and not quiet:
        say("note: transparency is not compared, and the colours of invisible pixels count")
    a, b = _rgb(first), _rgb(second)
    scorer = Scorer(lambda sentence: None if quiet else say(f"note: {sentence}"))
    scores = scorer.scores(a, b)
    return {
        "a": names[0],
        "b": names[1],
        "width": first.width,
        "height": first.height,
        "equal": bool(np.array_equal(a, b)),
        "largest_difference": int(np.abs(a.astype(np.int16) - b).max()),
        **{name: score if _is_number(score) else None for name, score in scores.items()},
    }


def _is_number(score: float | None) -> bool:
    """Say whether a score can stand in JSON, which has no infinity."""
    return score is not None and math.isfinite(score)


def _rgb(picture: "Picture") -> "NDArray[np.uint8]":
    """Return (H, W, 3) uint8; a grey picture has three equal channels."""
    import numpy as np  # noqa: PLC0415 - the command line starts without it

    from rdpcodec.images import at_depth  # noqa: PLC0415 - the same

    pixels = at_depth(picture.pixels, 8)
    return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels


def _draw(out: str, first: "Picture", second: "Picture") -> None:
    """Write the picture of the difference."""
    import numpy as np  # noqa: PLC0415 - the command line starts without it

    from rdpcodec.images import Picture, encode_picture  # noqa: PLC0415 - loads numpy

    difference = _rgb(second).astype(np.int16) - _rgb(first)
    drawn = (_GREY + DIFFERENCE_GAIN * difference).clip(0, 255).astype(np.uint8)
    write_output(out, encode_picture(Picture(drawn), Path(out).suffix))


def _lines(facts: dict[str, Any]) -> str:
    """Return what a person reads: a line for each measure that there is."""
    from rdpcodec.bench.measures import MEASURES  # noqa: PLC0415 - loads numpy

    rows = [
        ("pixels", f"{facts['width']} x {facts['height']}{', equal' * facts['equal']}"),
        ("largest difference", f"{facts['largest_difference']} of 255"),
    ]
    for measure in MEASURES:
        if facts[measure.name] is not None:
            digits = 2 if measure.name in ("psnr", "ssimulacra2") else 4
            better = "higher" if measure.higher else "lower"
            rows.append((measure.label, f"{facts[measure.name]:.{digits}f} ({better} is better)"))
    return "".join(f"{name:<20}{value}\n" for name, value in rows)
