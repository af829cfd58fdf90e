"""Tests of the JSON of `inspect` and of both schemas."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rdpcodec.container import Chunk, Header, RdpFile, build, container_bytes, describe, parse
from rdpcodec.container.ancillary import pack_metadata
from rdpcodec.container.layout import EXIF
from rdpcodec.layers import Layer, trellis_bits
from rdpcodec.limits import DEFAULT
from rdpcodec.schedule import sigma

SPEC = Path(__file__).parents[2] / "spec"


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SPEC / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def _sample(kind: str = "rgb", prior_id: str = "gaussian-1", depth: int = 8) -> RdpFile:
    dim = 33 * 17 * (3 if kind == "rgb" else 1)
    levels = ((2400, 60), (2300, 50), (2280, 33))
    layers = tuple(Layer(t, q, trellis_bits(dim, q)) for t, q in levels)
    header = Header(
        width=33,
        height=17,
        kind=kind,
        depth=depth,
        coder="trellis",
        coder_parameter=12,
        prior_id=prior_id,
        prior_digest=bytes(range(8)),
        seed=7,
        layers=layers,
    )
    payload = bytes(header.payload_bytes())
    return RdpFile(header=header, payload=payload, ancillary=(Chunk("z", b"abc"),))


def test_metadata_are_described_within_the_limits_of_the_parser() -> None:
    """What raised limits have let in is looked into by the same limits."""
    limits = replace(DEFAULT, ancillary_bytes=2 * DEFAULT.ancillary_bytes)
    exif = pack_metadata(EXIF, bytes(DEFAULT.ancillary_bytes + 1), limits=limits)
    (found,) = describe(replace(_sample(), ancillary=(exif,)), 1000, limits)["ancillary"]
    assert found == {"type": EXIF, "name": "EXIF", "bytes": len(exif.body), "place": False}


@pytest.mark.parametrize("kind", ["grey", "rgb", "equal-rgb"])
@pytest.mark.parametrize("prior_id", ["gaussian-1", "mine", "#200"])
@pytest.mark.parametrize("depth", [8, 16])
def test_description_follows_the_schema(kind: str, prior_id: str, depth: int) -> None:
    """What describe returns validates and survives JSON."""
    file = _sample(kind, prior_id, depth)
    found = describe(file, len(build(file)))
    assert found["depth"] == depth
    jsonschema.validate(found, _schema("inspect"))
    assert json.loads(json.dumps(found)) == found


def test_description_holds_the_header() -> None:
    """The values are those of the file."""
    file = _sample()
    found = describe(file, len(build(file)))
    assert found["format_version"] == "1.0"
    assert (found["width"], found["height"], found["kind"]) == (33, 17, "rgb")
    assert found["state"] == [3, 17, 33]
    assert found["prior"] == {"id": "gaussian-1", "digest": "00010203"}
    assert (found["seed"], found["t"], found["coder"]) == (7, 2280, "trellis")
    assert found["layers"][1] == {
        "index": 1,
        "t": 2300,
        "sigma": sigma(2300),
        "bits": file.header.layers[1].bits,
        "stage_size": 76,
        "stages": 23,
    }
    assert found["ancillary"] == [{"type": "z", "name": None, "bytes": 3}]
    assert found["layers_whole"] == 3


def test_container_and_payload_add_up_to_the_file() -> None:
    """The bytes are split without a rest, and bpp follows from them."""
    file = _sample()
    size = len(build(file))
    found = describe(file, size)
    assert found["bytes"] == {
        "file": size,
        "container": container_bytes(file),
        "payload": len(file.payload),
    }
    assert found["bytes"]["container"] + found["bytes"]["payload"] == size
    assert found["bpp"]["file"] == pytest.approx(8 * size / (33 * 17))
    assert found["bpp"]["payload"] == pytest.approx(8 * len(file.payload) / (33 * 17))


def test_a_truncated_file_can_be_described() -> None:
    """The description of a cut file says how many layers are whole."""
    data = build(_sample())[:-6]
    found = describe(parse(data, allow_partial=True), len(data))
    jsonschema.validate(found, _schema("inspect"))
    assert found["layers_whole"] == 2
    assert len(found["layers"]) == 3
    assert found["bytes"]["container"] + found["bytes"]["payload"] == len(data)


def test_the_schema_refuses_a_missing_or_unknown_member() -> None:
    """The schema of inspect is closed, so that a test notices every change."""
    found = describe(_sample(), 1000)
    for changed in ({**found, "extra": 1}, {k: v for k, v in found.items() if k != "bpp"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(changed, _schema("inspect"))


def test_the_report_schema_wants_every_documented_member() -> None:
    """A full report validates, and each member is required."""
    report = {
        "kl_bits": 1000.5,
        "payload_bits": 1096,
        "file_bytes": 200,
        "bpp": 0.5,
        "network_evaluations": 16,
        "seconds": {"total": 3.0, "network": 2.0, "channel": 1.0},
        "prior": "gaussian-1",
        "engine": "scipy 1.18.0",
        "coder": "trellis",
        "width": 80,
        "height": 40,
        "t": 2000,
        "seed": 0,
        "psnr": None,
        "vae_psnr": None,
        "vae_share": None,
        "layers": [{"t": 2000, "sigma": 0.2, "kl_bits": 1000.5, "bits": 1096}],
    }
    schema = _schema("report")
    jsonschema.validate(report, schema)
    for name in report:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({k: v for k, v in report.items() if k != name}, schema)


def test_the_container_imports_no_torch() -> None:
    """Inspecting a file needs neither torch nor numpy."""
    code = (
        "import sys, rdpcodec.container; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'PIL')))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)
    assert done.returncode == 0
