"""`rdpcodec inspect`: what a header says, without a network; imports neither torch nor numpy."""

import json
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from rdpcodec.cli.listing import list_files
from rdpcodec.cli.messages import naming
from rdpcodec.cli.options import AllowPartial, Quiet
from rdpcodec.cli.streams import print_rich, print_text, read_input
from rdpcodec.container import (
    Chunk,
    RdpFile,
    describe,
    parse,
    unpack_alpha,
    unpack_icc,
    unpack_metadata,
    unpack_private,
    unpack_rho,
)
from rdpcodec.container.exif import tells_place
from rdpcodec.container.layout import ALPHA, EXIF, ICC_PROFILE, PRIVATE, RHO_HINT, XMP

_LAYER_NOTE = (
    "Coarse to fine: each layer takes the noise from the level before down to sigma (pixels in "
    "[-1, 1]).\nA file cut after any layer is a coarser picture."
)


_KINDS = {"grey": "grey", "rgb": "RGB", "equal-rgb": "RGB, all channels equal"}


def inspect(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="An .rdp picture, or -. Several are listed."),
    ],
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON, as in spec/inspect.schema.json; of several files one object a line.",
        ),
    ] = False,
    allow_partial: AllowPartial = False,
    quiet: Quiet = False,  # noqa: ARG001 - accepted everywhere
) -> None:
    """Explain the header of an .rdp file, or list several.

    Example: rdpcodec inspect photo.rdp
    """
    if len(files) > 1:
        list_files(files, as_json=as_json, allow_partial=allow_partial)
        return
    (file,) = files
    with naming(file):
        data = read_input(file)
        parsed = parse(data, allow_partial=allow_partial)
        facts = describe(parsed, len(data))
        extras = "" if as_json else _extras(parsed)
    if as_json:
        print_text(f"{json.dumps(facts, indent=2)}\n")
    else:
        print_rich(_header_table(facts, extras), _layer_table(facts), _LAYER_NOTE)


def _header_table(facts: dict[str, Any], extras: str) -> Table:
    table = Table("field", "value", "meaning", title="Header")
    for name, value, meaning in header_rows(facts):
        table.add_row(name, escape(value), meaning)
    if extras:
        table.add_row("extras", extras, "ancillary chunks, not needed to decode")
    return table


def header_rows(facts: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Return the fields of a header: name, value, meaning.

    Args:
        facts: As `container.describe` gives them.
    """
    return (*_picture_rows(facts), *_coding_rows(facts), *_size_rows(facts))


def _picture_rows(facts: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    channels, rows, columns = facts["state"]
    state = f"{channels} x {rows} x {columns}"
    kind = f"{_KINDS[facts['kind']]}, {facts['depth']} bits"
    return (
        ("format", facts["format_version"], "version of the file format"),
        (
            "picture",
            f"{facts['width']} x {facts['height']} {kind}",
            "width, height, channels, bits of a sample",
        ),
        ("state", state, "channels, rows and columns of what is coded"),
    )


def _coding_rows(facts: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    prior = facts["prior"]
    coder = f"{facts['coder']} {facts['coder_parameter']}"
    return (
        ("prior", prior["id"], "the denoiser that reads the file"),
        ("digest", prior["digest"], "of the prior; another one is refused"),
        *_prompt_row(facts["prompt"]),
        ("seed", str(facts["seed"]), "of the randomness both sides share"),
        ("t", str(facts["t"]), "noise level the file stops at"),
        ("coder", coder, "channel coder and its parameter"),
    )


def _prompt_row(prompt: str | None) -> tuple[tuple[str, str, str], ...]:
    if prompt is None:
        return ()
    # Whoever wrote the file chose the text, which neither draws nor hides anything here.
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in prompt)
    return (("prompt", shown, "what the prior was told of the picture"),)


def _size_rows(facts: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    size, bpp = facts["bytes"], facts["bpp"]
    total, whole = len(facts["layers"]), facts["layers_whole"]
    layers = str(total) if whole == total else f"{whole} whole of {total}"
    return (
        ("layers", layers, "steps of the picture, listed below"),
        ("file", f"{size['file']} bytes", f"{bpp['file']:.4f} bits per pixel"),
        ("payload", f"{size['payload']} bytes", f"{bpp['payload']:.4f} bits per pixel"),
        ("container", f"{size['container']} bytes", "all that is not picture data"),
    )


def _extras(parsed: RdpFile) -> str:
    rho, icc = unpack_rho(parsed.ancillary), unpack_icc(parsed.ancillary)
    known = {
        RHO_HINT: "" if rho is None else f"r: rho hint {rho:.2f}",
        ALPHA: _alpha(parsed),
        EXIF: _exif(parsed),
        XMP: _xmp(parsed),
        ICC_PROFILE: "" if icc is None else f"i: ICC profile, {len(icc)} bytes",
    }
    return "\n".join(known.get(chunk.type) or _other(chunk) for chunk in parsed.ancillary)


def _exif(parsed: RdpFile) -> str:
    exif = unpack_metadata(parsed.ancillary, EXIF)
    if exif is None:
        return ""
    place = ", and where it was taken (GPS)" if tells_place(exif) else ""
    return f"{EXIF}: EXIF, {len(exif)} bytes{place}"


def _xmp(parsed: RdpFile) -> str:
    xmp = unpack_metadata(parsed.ancillary, XMP)
    return "" if xmp is None else f"{XMP}: XMP, {len(xmp)} bytes"


def _alpha(parsed: RdpFile) -> str:
    stored = unpack_alpha(parsed.ancillary, parsed.header)
    if stored is None:
        return ""
    if stored.form == "constant":
        return f"{ALPHA}: alpha, {stored.data[0]} of 255 everywhere"
    return f"{ALPHA}: alpha, lossless, {len(stored.body)} bytes"


def _other(chunk: Chunk) -> str:
    if chunk.type == PRIVATE:
        name, data = unpack_private(chunk)
        return f"p: private to {name}, {len(data)} bytes"
    return f"{chunk.type}: unknown, {len(chunk.body)} bytes"


def _layer_table(facts: dict[str, Any]) -> Table:
    table = Table(title="Layers")
    for heading in ("layer", "t", "sigma", "bits", "stage size", "stages"):
        table.add_column(heading, justify="right")
    for layer in facts["layers"]:
        missing = "" if layer["index"] < facts["layers_whole"] else " cut"
        table.add_row(
            f"{layer['index']}{missing}",
            str(layer["t"]),
            f"{layer['sigma']:.4f}",
            str(layer["bits"]),
            str(layer["stage_size"]),
            str(layer["stages"]),
        )
    return table
