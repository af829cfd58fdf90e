"""The valid cases: which there are, and how each is made."""

import json
import math
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from fixture_parts.pictures import (
    GREY,
    RGB,
    deep_alpha,
    deep_scene,
    disc_alpha,
    grey_profile,
    rgb_profile,
    scene,
)
from fixture_parts.writing import Files, as_json, sha256

from rdpcodec import container
from rdpcodec.channel import ChannelStep, load_coder
from rdpcodec.codec import decode, encode
from rdpcodec.conformance.case import PEAK_MAX, RMS_MAX
from rdpcodec.conformance.own import describe_header, unpack_symbols
from rdpcodec.container import Chunk, Header, RdpFile
from rdpcodec.images import Picture, png_bytes
from rdpcodec.images.alpha import decode_alpha
from rdpcodec.layers import Layer
from rdpcodec.priors import load_prior

_OF_PICTURE = ("icc", "equal", "alpha", "exif", "xmp", "depth")
# A TIFF structure whose only entry, GPS, leads to an empty directory.
GPS_EXIF = b"MM\0*\0\0\0\x08\0\1\x88\x25\0\4\0\0\0\1\0\0\0\x1a\0\0\0\0" + bytes(6)
LICENCE = "Apache-2.0"
DRAWN = "Synthetic picture drawn by tools/make_fixtures.py: power-law noise, a gradient, a disc."
INVENTED = "No picture: coded symbols drawn at random by tools/make_fixtures.py."
ROUNDING_FLIPS = 4  # samples that may round to the other side in a picture of any size
TOLERANCES = {"gaussian-1": (0.1, 1), "photo-1": (0.2, 2), "latents-1": (0.1, 1)}
# Where no rounding hides what is off.
DEEP_TOLERANCES = {"gaussian-1": (0.01, 0.1), "photo-1": (0.02, 0.2)}


@dataclass(frozen=True)
class View:
    """One way to read a file."""

    rho: float
    reconstruction: str = "geodesic"
    layers: int | None = None
    evaluations: int = 10

    def file(self) -> str:
        """Return the name of its picture."""
        name = f"expected_rho{self.rho:g}_{self.reconstruction}"
        name += "" if self.layers is None else f"_layers{self.layers}"
        return name + ("" if self.evaluations == 10 else f"_evaluations{self.evaluations}") + ".png"


ALL_VIEWS = tuple(
    View(rho, reconstruction) for reconstruction in ("geodesic", "ode") for rho in (0, 0.3, 1)
)
VIEWS = (View(0), View(1), View(0.3, "ode"))
PREFIXES = tuple(View(rho, layers=layers) for layers in (1, 4, 11) for rho in (0, 1))


@dataclass(frozen=True)
class Recipe:
    """How to make a valid case."""

    name: str
    description: str
    sections: str
    make: Callable[[str], bytes]
    views: Sequence[View] = VIEWS
    origin: str = DRAWN
    allow_partial: bool = False


def coded(width: int, height: int, channels: int, **options: Any) -> Callable[[str], bytes]:
    """Return what encodes the scene of a case."""

    def make(name: str) -> bytes:
        given = {key: value for key, value in options.items() if key not in _OF_PICTURE}
        draw = deep_scene if options.get("depth") == 16 else scene
        pixels = draw(name, width, height, channels)
        if options.get("equal"):
            pixels = np.repeat(pixels[:, :, None], 3, axis=2)
        beside = {key: options.get(key) for key in ("icc", "alpha", "exif", "xmp")}
        picture = Picture(pixels, **beside)
        return encode(
            picture, **({"prior": "gaussian-1", "t": 1984, "seed": 1, "rdo": 0.0} | given)
        )

    return make


def edited(
    make: Callable[[str], bytes], edit: Callable[[RdpFile], RdpFile]
) -> Callable[[str], bytes]:
    """Return what encodes a scene and changes the file before it is built again."""
    return lambda name: container.build(edit(container.parse(make(name))))


def cut(make: Callable[[str], bytes], layers: int) -> Callable[[str], bytes]:
    """Return what encodes a scene and cuts the file three bytes after a layer."""

    def cut_after(name: str) -> bytes:
        data = make(name)
        header = container.parse(data).header
        if layers >= len(header.layers):
            raise RuntimeError(f"{name} has {len(header.layers)} layers")
        return data[: len(data) - 4 - header.payload_bytes() + header.payload_bytes(layers) + 3]

    return cut_after


def invented(
    size: tuple[int, int, int], coder: str, parameter: int, levels: Sequence[tuple[int, int]]
) -> Callable[[str], bytes]:
    """Return what makes a file of random symbols with the layers (t, q)."""

    def make(name: str) -> bytes:
        width, height, channels = size
        dim, channel = math.prod(size), load_coder(coder, parameter)
        drawn, seed = random.Random(name), 12345  # noqa: S311 - symbols, not a secret
        layers, pieces = [], []
        for k, (t, q) in enumerate(levels):
            step = ChannelStep(seed, k, dim, q)
            largest = 3 if coder == "trellis" else 2**16 - 1
            symbols = [drawn.randrange(largest + 1) for _ in range(step.stages)]
            symbols[0] = largest
            piece, bits = channel.pack(np.array(symbols, dtype=np.int64), step)
            layers.append(Layer(t, q, bits))
            pieces.append(piece)
        prior = load_prior("gaussian-1")
        header = Header(
            width=width,
            height=height,
            kind="grey" if channels == GREY else "rgb",
            coder=coder,
            coder_parameter=parameter,
            prior_id=prior.id,
            prior_digest=prior.digest,
            seed=seed,
            layers=tuple(layers),
        )
        payload = container.join_layers(header, pieces)
        return container.build(RdpFile(header=header, payload=payload))

    return make


def _with_unknown(file: RdpFile) -> RdpFile:
    mine = container.pack_private("org.example.notes", b"note")
    extra = (Chunk("z", b"?"), Chunk("a", b""), mine, *file.ancillary, mine, Chunk("z", bytes(200)))
    return replace(file, ancillary=extra)


def _minor_7(file: RdpFile) -> RdpFile:
    return replace(file, header=replace(file.header, minor=7))


def _deflated(file: RdpFile) -> RdpFile:
    """Return the file with its alpha deflated, which WebP nearly always undercuts."""
    stored, header = container.unpack_alpha(file.ancillary, file.header), file.header
    if stored is None:
        raise RuntimeError("the file has no alpha")
    alpha = decode_alpha(stored.form, stored.data, header.width, header.height)
    stream = zlib.compressobj(9, wbits=-15)
    data = stream.compress(alpha.tobytes()) + stream.flush()
    return replace(file, ancillary=(container.pack_alpha("deflate", data),))


CAPTION = "a disc before a gradient, and noise before the disc, and the gradient before the noise"
EXTREME_LEVELS = [(3900, 255), (3880, 88), (3300, 80), (3299, 64), (3190, 8), (3116, 0), (3059, 24)]
STAIRS = [(2800 - k - (k // 50) * 7, 20 + (3 * k) % 11) for k in range(256)]

RECIPES = (
    Recipe("trellis-gaussian-rgb", "The conformance model, every view.", "4 5 6 8 9.1 9.2 10 11",
           coded(48, 32, RGB), ALL_VIEWS),
    Recipe("trellis-photo-rgb", "The default coder and prior, every view.", "4 5 6 8 9.2 10 11",
           coded(48, 32, RGB, prior="photo-1"), ALL_VIEWS),
    Recipe("trellis-photo-grey", "The default prior evaluated for grey.", "4 9.2 10",
           coded(40, 24, GREY, prior="photo-1")),
    Recipe("trellis-photo-octaves", "Layers at 1/1 and 1/2 of an odd picture.", "9.2 10.4",
           coded(93, 67, RGB, prior="photo-1", t=2100), (View(1),)),
    Recipe("trellis-photo-tiles", "Wider than a tile of the default prior.", "9.2 10.4",
           coded(1061, 20, RGB, prior="photo-1", t=2200), (View(0),)),
    Recipe("one-pixel-photo", "1 by 1, RGB, the default prior.", "4 5 9.2 10",
           coded(1, 1, RGB, prior="photo-1")),
    Recipe("trellis-gaussian-grey-odd", "Grey, both sides odd.", "4 9.2 10 11",
           coded(33, 17, GREY), ALL_VIEWS),
    Recipe("pfr-gaussian-rgb", "The paper's coder.", "5 9.1 9.3 10",
           coded(40, 24, RGB, coder="pfr"), ALL_VIEWS),
    Recipe("pfr-gaussian-grey-odd", "The paper's coder, grey, both sides odd.", "5 9.3",
           coded(25, 19, GREY, coder="pfr")),
    Recipe("one-pixel-grey", "1 by 1, grey.", "4 5 9.2", coded(1, 1, GREY), ALL_VIEWS),
    Recipe("one-pixel-pfr", "1 by 1, the paper's coder.", "4 5 9.3",
           coded(1, 1, GREY, coder="pfr")),
    Recipe("one-column", "1 wide, a network as the prior.", "4 9.2 10",
           coded(1, 48, RGB, prior="photo-1")),
    Recipe("one-layer", "A single layer.", "5 6", coded(24, 16, GREY, t=2200)),
    Recipe("many-layers", "The finest level, t = 0.", "5 6", coded(24, 16, RGB, t=0)),
    Recipe("max-layers", "256 layers, steps and stage sizes that no prediction meets.", "5 6 9.2",
           invented((8, 8, GREY), "trellis", 10, STAIRS), origin=INVENTED),
    Recipe("extreme-stages", "Stages of 1 to 2^31 coordinates, several lanes.", "5 9.1 9.2",
           invented((64, 48, RGB), "trellis", 12, EXTREME_LEVELS), origin=INVENTED),
    Recipe("extreme-stages-pfr", "The same stages with the paper's coder.", "5 9.1 9.3",
           invented((32, 24, RGB), "pfr", 12, EXTREME_LEVELS), origin=INVENTED),
    Recipe("trellis-nu4", "The fewest states.", "9.2", coded(32, 24, RGB, coder_parameter=4)),
    Recipe("trellis-nu8", "256 states.", "9.2", coded(32, 24, RGB, coder_parameter=8)),
    Recipe("trellis-nu9", "An odd number of state bits.", "9.2",
           coded(32, 24, RGB, coder_parameter=9)),
    Recipe("trellis-nu16", "The most states.", "9.2", coded(24, 16, GREY, coder_parameter=16)),
    Recipe("pfr-8-bits", "Another coder parameter.", "9.3",
           coded(32, 24, RGB, coder="pfr", coder_parameter=8)),
    Recipe("large-seed", "The largest seed, 2^64 - 1.", "4 8", coded(24, 16, RGB, seed=2**64 - 1)),
    Recipe("default-form", "Seed 0 and nu = 14, which the header does not state.", "4",
           coded(24, 16, RGB, seed=0)),
    Recipe("default-form-pfr", "Seed 0 and 12 bits, which the header does not state.", "4 9.3",
           coded(24, 16, GREY, seed=0, coder="pfr")),
    Recipe("default-seed", "Seed 0 is stated, since the parameter is.", "4",
           coded(24, 16, GREY, seed=0, coder_parameter=9)),
    Recipe("equal-rgb", "RGB whose channels are equal: one is coded, three are shown.", "4",
           coded(24, 16, GREY, seed=0, equal=True)),
    Recipe("equal-rgb-profile", "The same with an RGB profile, the default prior.", "4 7",
           coded(24, 16, GREY, prior="photo-1", equal=True, icc=rgb_profile(1.8))),
    Recipe("rho-hint", "A rho hint; it never changes what is decoded.", "7",
           coded(24, 16, GREY, rho_hint=0.7)),
    Recipe("icc-profile", "An ICC profile.", "7", coded(24, 16, GREY, icc=grey_profile(1.8))),
    Recipe("alpha-constant", "The same alpha everywhere.", "7.3",
           coded(24, 16, GREY, alpha=np.full((16, 24), 100, np.uint8)), (View(0),)),
    Recipe("alpha-deflate", "Alpha of a few pixels, deflated.", "7.3",
           edited(coded(24, 16, GREY, alpha=disc_alpha(24, 16)[:, ::-1] // 255 * 255), _deflated),
           (View(0),)),
    Recipe("alpha-webp", "A soft edge as WebP has it, a profile and a hint.", "7.1 7.3",
           coded(48, 32, RGB, alpha=disc_alpha(48, 32), icc=rgb_profile(1.8), rho_hint=0.3)),
    Recipe("alpha-truncated", "Alpha is whole where the picture is cut.", "3.4 7.3",
           cut(coded(48, 32, RGB, alpha=disc_alpha(48, 32), t=1600), 5), (View(1),),
           allow_partial=True),
    Recipe("metadata", "EXIF and XMP.", "7.1",
           coded(24, 16, GREY, exif=GPS_EXIF, xmp=b"<x:xmpmeta/>"), (View(0),)),
    Recipe("depth-16-grey", "Samples of 16 bits.", "4.1 10 11.4",
           coded(24, 16, GREY, depth=16, t=1500)),
    Recipe("depth-16-rgb", "Samples of 16 bits in colour, the default prior.", "4.1 11.4",
           coded(24, 16, RGB, depth=16, prior="photo-1")),
    Recipe("depth-16-equal-rgb", "Three equal channels of 16 bits, coded as one.", "4.1 11.4",
           coded(24, 16, GREY, depth=16, equal=True), (View(0),)),
    Recipe("depth-16-alpha", "Alpha of 16 bits, and a profile.", "4.1 7.1 7.3",
           coded(24, 16, GREY, depth=16, alpha=deep_alpha(24, 16), icc=grey_profile(1.8)),
           (View(0),)),
    Recipe("depth-16-alpha-constant", "A number of 8 bits stands for 257 times as much.", "7.3",
           coded(12, 9, RGB, depth=16, alpha=np.full((9, 12), 257 * 100, np.uint16)), (View(0),)),
    Recipe("unknown-ancillary", "Unknown and private chunks, some twice, are kept.", "3.2 7",
           edited(coded(24, 16, GREY, rho_hint=0.2), _with_unknown)),
    Recipe("unknown-minor", "Minor version 7 is read like version 0.", "4",
           edited(coded(24, 16, GREY), _minor_7)),
    Recipe("truncated", "Cut inside a layer; the whole layers decode.", "3.4 6",
           cut(coded(32, 24, RGB, t=1600), 7), allow_partial=True),
    Recipe("truncated-pfr", "Cut inside a layer of the paper's coder.", "3.4 6 9.3",
           cut(coded(24, 16, GREY, coder="pfr", t=1600), 5), allow_partial=True),
    Recipe("prefixes", "Every prefix that ends at a layer is a coarser picture.", "6 11",
           coded(32, 24, RGB, t=1400), PREFIXES),
    Recipe("latents-rgb", "Latents of the conformance model, every view.", "4.2 10.6 10.7 11",
           coded(48, 32, RGB, prior="latents-1"), ALL_VIEWS),
    Recipe("latents-grey-odd", "Latents of a grey picture, both sides padded.", "4.2 10.6 10.7",
           coded(33, 17, GREY, prior="latents-1")),
    Recipe("latents-one-pixel", "Latents of 1 by 1.", "4.2 10.6",
           coded(1, 1, RGB, prior="latents-1", t=1500)),
    Recipe("latents-closed-form", "A single layer above the range of the prior.", "10.2 10.6 11.3",
           coded(12, 10, RGB, prior="latents-1", t=3640)),
    Recipe("prompt", "A prompt, as plain text, before another chunk.", "7.2 10.7",
           coded(24, 16, RGB, prior="latents-1", prompt="a caf\u00e9", rho_hint=0.5)),
    Recipe("prompt-deflated", "A prompt that is deflated, equal channels.", "7.2 10.7",
           coded(24, 16, GREY, prior="latents-1", equal=True, prompt=CAPTION)),
    Recipe("evaluations", "One evaluation, two, and more than by default.", "11",
           coded(24, 16, RGB),
           [View(rho, reconstruction, evaluations=n) for rho, reconstruction, n in
            ((1, "geodesic", 1), (0, "ode", 1), (0.5, "ode", 2), (1, "geodesic", 25))]),
)  # fmt: skip


def valid_case(recipe: Recipe, stream: bytes | None = None) -> Files:
    """Return the files of a valid case, of a stream that is there already or of a new one."""
    data = recipe.make(recipe.name) if stream is None else stream
    file = container.parse(data, allow_partial=recipe.allow_partial)
    files = {"stream.rdp": data, "symbols.json": _symbols_json(file)}
    pictures = [_picture(recipe, view, data, file, files) for view in recipe.views]
    case = {
        "description": recipe.description,
        "spec_sections": recipe.sections.split(),
        "origin": recipe.origin,
        "licence": LICENCE,
        "allow_partial": recipe.allow_partial,
        "header": describe_header(file),
        "pictures": pictures,
        "files": {name: sha256(content) for name, content in files.items()},
    }
    return {"case.json": as_json(case), **files}


def _picture(
    recipe: Recipe, view: View, data: bytes, file: RdpFile, files: Files
) -> dict[str, object]:
    """Decode, add the PNG to the files and return what case.json says of it."""
    layers = view.layers or file.layers_whole
    options = {
        "rho": view.rho,
        "reconstruction": view.reconstruction,
        "evaluations": view.evaluations,
    }
    picture = decode(data, layers=layers, allow_partial=recipe.allow_partial, **options)
    files[view.file()] = png_bytes(picture)
    rms, peak = _tolerance(file.header)
    tolerance = {"rms_error": rms, "peak_error": peak}
    return {"file": view.file(), **options, "layers": layers, **tolerance}


def _tolerance(header: Header) -> tuple[float, float]:
    """Return rms and peak; a small picture has room for a few pixels that round otherwise."""
    if header.depth == 16:
        return DEEP_TOLERANCES[header.prior_id]
    rms, peak = TOLERANCES[header.prior_id]
    flips = math.ceil(1000 * math.sqrt(ROUNDING_FLIPS / header.dim)) / 1000
    return min(RMS_MAX, max(rms, flips)), min(PEAK_MAX, peak)


def _symbols_json(file: RdpFile) -> bytes:
    lines = ",\n".join(
        json.dumps(layer.tolist(), separators=(",", ":")) for layer in unpack_symbols(file)
    )
    return f'{{"layers": [\n{lines}\n]}}\n'.encode()


def rebuilt(files: Files) -> bytes:
    """Return the stream that follows from the header in case.json and the stored symbols."""
    case = json.loads(files["case.json"])
    described, symbols = case["header"], json.loads(files["symbols.json"])["layers"]
    stored = container.parse(files["stream.rdp"], allow_partial=case["allow_partial"])
    layers = tuple(Layer(**layer) for layer in described["layers"][: described["layers_whole"]])
    header = replace(stored.header, layers=layers, minor=described["minor"])
    coder = load_coder(header.coder, header.coder_parameter)
    pieces = [
        coder.pack(np.array(indices, dtype=np.int64), step)[0]
        for indices, (_, step, _) in zip(symbols, stored.steps(), strict=True)
    ]
    payload = container.join_layers(header, pieces)
    if case["allow_partial"]:  # the cut left the whole layers, and a part of the next
        return files["stream.rdp"] if payload == stored.payload else b""
    return container.build(replace(stored, header=header, payload=payload))
