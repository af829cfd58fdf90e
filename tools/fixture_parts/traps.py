"""Cases that the checker itself must fail, each made of a case that passes."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from fixture_parts.invalid import invalid_index
from fixture_parts.parts import Refused, flipped
from fixture_parts.writing import Files, as_json, sha256
from numpy.typing import NDArray

from rdpcodec.images import Picture, png_bytes, read_picture


@dataclass(frozen=True)
class Trap:
    """A case that a checker must fail: why, at which check and with which words."""

    name: str
    why: str
    check: str
    reason: str
    files: Files


def _case_with(files: Files, /, **changes: Any) -> Files:
    """Return the case with members of case.json replaced; None takes one out."""
    case = {k: v for k, v in (json.loads(files["case.json"]) | changes).items() if v is not None}
    return files | {"case.json": as_json(case)}


def _file_with(files: Files, name: str, content: bytes) -> Files:
    """Return the case with a file replaced and its digest to match."""
    digests = json.loads(files["case.json"])["files"] | {name: sha256(content)}
    return _case_with(files | {name: content}, files=digests)


def _picture_with(files: Files, /, **changes: Any) -> Files:
    first, *rest = json.loads(files["case.json"])["pictures"]
    return _case_with(files, pictures=[first | changes, *rest])


def traps(files: Files) -> list[Trap]:
    """Return all traps, made of one valid case."""
    return [*_stream_traps(files), *_picture_traps(files), *_description_traps(files),
            *_index_traps(files["stream.rdp"])]  # fmt: skip


def _stream_traps(files: Files) -> Iterator[Trap]:
    case, symbols = (json.loads(files[name]) for name in ("case.json", "symbols.json"))
    layers = symbols["layers"]
    layers[0][5] ^= 1
    wrong = _file_with(files, "symbols.json", as_json(symbols))
    yield Trap("wrong-symbol", "One symbol is another.", "symbols", "layer 0: symbol 5", wrong)
    fewer = _file_with(files, "symbols.json", as_json({"layers": [layers[0][:-1]]}))
    yield Trap(
        "missing-symbol", "The last symbol is missing.", "symbols", "symbols, expected", fewer
    )
    none = _file_with(files, "symbols.json", as_json({"layers": []}))
    yield Trap("missing-layer", "A layer is missing.", "symbols", "1 layers, expected 0", none)
    header = case["header"]
    other = _case_with(files, header=header | {"seed": header["seed"] + 1})
    yield Trap("wrong-header", "The seed is another.", "header", "seed is", other)
    unknown = _case_with(files, header=header | {"gamma": 1})
    yield Trap("unknown-header-key", "The header has a key more.", "case", "gamma", unknown)
    damaged = _file_with(files, "stream.rdp", flipped(files["stream.rdp"], 9))
    yield Trap(
        "refused-stream", "A valid case whose file is damaged.", "header", "RDP-203", damaged
    )
    whole = _case_with(files, allow_partial=True)
    yield Trap("not-cut", "A file is said to be cut and is whole.", "header", "RDP-202", whole)
    digests = case["files"] | {"stream.rdp": sha256(b"")}
    digest = _case_with(files, files=digests)
    yield Trap("wrong-sha256", "A digest is wrong.", "files", "stream.rdp has the SHA-256", digest)
    extra = files | {"stray.png": b""}
    yield Trap("unlisted-file", "A file is not listed.", "files", "stray.png is not listed", extra)
    for name in ("stream.rdp", "symbols.json", case["pictures"][0]["file"]):
        left = {k: v for k, v in files.items() if k != name}
        label = f"missing-{name.split('.')[0].replace('_', '-')}"
        yield Trap(label, f"There is no {name}.", "files", f"{name} is missing", left)


def _picture_traps(files: Files) -> Iterator[Trap]:
    name = json.loads(files["case.json"])["pictures"][0]["file"]
    pixels = _pixels(files[name])
    one, many = pixels.copy(), pixels.copy()
    one[3, 3] += 4 if one[3, 3] < 128 else -4
    wrong = _file_with(files, name, png_bytes(Picture(one)))
    wrong = _picture_with(wrong, rms_error=1.0)
    yield Trap("wrong-pixel", "One pixel is off by 4 levels.", "pictures", "peak error 4", wrong)
    many += np.where(many < 128, 1, -1).astype(np.int8).view(np.uint8)
    off = _file_with(files, name, png_bytes(Picture(many)))
    why = "Every pixel is off by one level, which the peak alone would allow."
    yield Trap("rms-exceeded", why, "pictures", "rms error 1.000", off)
    turned = _file_with(files, name, png_bytes(Picture(np.ascontiguousarray(pixels.T))))
    yield Trap(
        "wrong-size", "Rows and columns are swapped.", "pictures", "expected (24, 16)", turned
    )
    colour = _file_with(files, name, png_bytes(Picture(np.stack([pixels] * 3, axis=-1))))
    yield Trap(
        "wrong-channels", "The picture is RGB, the file grey.", "pictures", "16, 24, 3", colour
    )
    broken = _file_with(files, name, files[name][:-30])
    yield Trap("damaged-picture", "The PNG is cut.", "pictures", "RDP-601", broken)


def _description_traps(files: Files) -> Iterator[Trap]:
    case = json.loads(files["case.json"])
    yield Trap("unknown-key", "A key is not in the schema.", "case", "unknown key notes",
               _case_with(files, notes="?"))  # fmt: skip
    yield Trap("missing-key", "There is no licence.", "case", "no licence",
               _case_with(files, licence=None))  # fmt: skip
    yield Trap("no-pictures", "No picture is checked.", "case", "pictures is empty",
               _case_with(files, pictures=[]))  # fmt: skip
    yield Trap("loose-tolerance", "A tolerance lets everything pass.", "case", "peak_error",
               _picture_with(files, peak_error=255))  # fmt: skip
    yield Trap("nan-tolerance", "No error is above NaN.", "case", "NaN",
               _picture_with(files, rms_error=math.nan))  # fmt: skip
    yield Trap("wrong-rho", "rho is above 1.", "case", "rho of", _picture_with(files, rho=1.5))
    yield Trap("wrong-reconstruction", "There is no such one.", "case", "the reconstruction",
               _picture_with(files, reconstruction="magic"))  # fmt: skip
    yield Trap("wrong-layers", "There are not so many layers.", "case", "layers of",
               _picture_with(files, layers=2))  # fmt: skip
    outside = case["files"] | {"../stream.rdp": sha256(b"")}
    yield Trap("path-outside", "A name leaves the directory.", "case", "plain file name",
               _case_with(files, files=outside))  # fmt: skip
    text = files["case.json"].replace(b'"licence"', b'"licence": "none",\n "licence"')
    yield Trap("duplicate-key", "A key occurs twice, and the last would win.", "case", "twice",
               files | {"case.json": text})  # fmt: skip
    yield Trap("no-json", "case.json is cut.", "case", "cannot be read",
               files | {"case.json": files["case.json"][:-5]})  # fmt: skip


def _index_traps(stream: bytes) -> Iterator[Trap]:
    refused = Refused("RDP-207_one-byte.rdp", "A byte follows D.", stream + b"\0")
    accepted = Refused("RDP-207_valid.rdp", "Nothing is wrong with it.", stream)
    index = json.loads(invalid_index([refused]))
    case = index["cases"][0]
    files = {refused.name: refused.data, "cases.json": as_json(index)}
    yield Trap("invalid-decodes", accepted.why, "refusal", "decoded, expected RDP-207",
               {accepted.name: stream, "cases.json": invalid_index([accepted])})  # fmt: skip
    for name, why, check, reason, changes in (
        ("issue", "It is refused for another reason.", "refusal", "RDP-207", {"issue": "RDP-203"}),
        ("exit-code", "The exit code is another.", "refusal", "exit code 2", {"exit_code": 4}),
        ("sha256", "The digest is wrong.", "files", "SHA-256", {"sha256": sha256(b"")}),
        ("key", "A key is not in the schema.", "case", "unknown key", {"notes": ""}),
        ("limit", "There is no such limit.", "case", "unknown key", {"limits": {"bytes": 1}}),
        ("file", "The file is missing.", "files", "is missing", {"file": "RDP-207_missing.rdp"}),
    ):
        changed = {"cases.json": as_json({"cases": [case | changes]})}
        kept = {} if name == "file" else files
        yield Trap(f"invalid-wrong-{name}", why, check, reason, kept | changed)
    yield Trap("invalid-unlisted", "A file is not in cases.json.", "files", "is not listed",
               files | {"RDP-101_stray.rdp": b""})  # fmt: skip
    yield Trap("invalid-no-cases", "cases.json lists nothing.", "case", "cases is empty",
               {"cases.json": as_json({"cases": []})})  # fmt: skip


def _pixels(png: bytes) -> NDArray[np.uint8]:
    return read_picture(png)[0].pixels
