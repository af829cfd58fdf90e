"""`spec/rdp.ksy` compiles, and reads of every fixture what the parser reads.

Needs node and the compiler in `node_modules` of this checkout, as CONTRIBUTING.md puts it there.
"""

import importlib.util
import json
import shutil
import subprocess
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import kaitaistruct
import pytest
import yaml

from rdpcodec import container, layers
from rdpcodec.container import Header, RdpFile
from rdpcodec.container.layout import ALPHA, EXIF, ICC_PROFILE, PRIVATE, RHO_HINT, XMP
from rdpcodec.container.prior_name import prior_number

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
VALID = sorted(path.parent.name for path in FIXTURES.glob("valid/*/stream.rdp"))
REFUSED = json.loads((FIXTURES / "invalid" / "cases.json").read_text())["cases"]
COMPILE = """
const compiler = require("kaitai-struct-compiler");
const spec = JSON.parse(require("fs").readFileSync(0, "utf8"));
compiler.compile("python", spec).then(
  files => process.stdout.write(files["rdp.py"]),
  error => { process.stderr.write(String(error)); process.exit(1); });
"""
# What cannot be read on; all else is for a decoder to judge.
STRUCTURE = {
    *("RDP-101", "RDP-102", "RDP-103", "RDP-201"),
    *("RDP-204", "RDP-205", "RDP-207", "RDP-208", "RDP-210"),
}
REFUSALS = (kaitaistruct.KaitaiStructError, EOFError, UnicodeDecodeError, zlib.error)


@pytest.fixture(scope="module")
def rdp(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The parser that the compiler makes of spec/rdp.ksy."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "kaitai-struct-compiler").is_dir():
        pytest.skip("node or kaitai-struct-compiler is not installed")
    spec = yaml.safe_load((ROOT / "spec" / "rdp.ksy").read_text(encoding="utf-8"))
    done = subprocess.run(
        [node, "-e", COMPILE],
        input=json.dumps(spec),
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path_factory.mktemp("kaitai") / "rdp.py"
    path.write_text(done.stdout, encoding="utf-8")
    found = importlib.util.spec_from_file_location("rdp", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", VALID)
def test_valid_fixtures_are_read(rdp: ModuleType, name: str) -> None:
    """Header, layers, chunks and picture data of a fixture are those that the parser finds."""
    data = (FIXTURES / "valid" / name / "stream.rdp").read_bytes()
    read, file = rdp.Rdp.from_bytes(data), container.parse(data, allow_partial=True)
    _check_header(read.header, file.header)
    assert _layers(read.header) == _expected_layers(file.header)
    *others, picture = read.chunks
    assert [chr(chunk.type) for chunk in others] == [chunk.type for chunk in file.chunks]
    for found, chunk in zip(others, file.chunks, strict=True):
        _check_body(found, chunk, file)
    whole = file.layers_whole == len(file.header.layers)
    assert picture.body.startswith(file.payload)
    assert read.header.picture_bytes == file.header.payload_bytes()
    if whole:
        assert picture.body == file.payload
        assert picture.crc == int.from_bytes(data[-4:], "little")


def _check_header(found: Any, header: Header) -> None:
    assert (found.major, found.minor) == (1, header.minor)
    assert found.kind.name.replace("_", "-") == header.kind
    assert found.coder.name == header.coder
    assert found.depth == (header.depth == 16)
    assert (found.width.value, found.height.value) == (header.width, header.height)
    assert (found.channels, found.rows, found.columns) == header.state_shape
    shape = header.shape
    assert (found.stride, found.multiple) == (shape.stride, shape.multiple)
    assert (found.seed, found.parameter) == (header.seed, header.coder_parameter)
    assert found.prior.number == prior_number(header.prior_id)
    assert found.prior.digest == header.prior_digest
    if found.prior.number == 0:
        assert found.prior.name == header.prior_id


def _layers(found: Any) -> list[tuple[int, ...]]:
    return [(one.t, one.q, one.bits, one.stage_size, one.stages) for one in found.layers]


def _expected_layers(header: Header) -> list[tuple[int, ...]]:
    sizes = [layers.stage_size(layer.q) for layer in header.layers]
    return [
        (layer.t, layer.q, layer.bits, size, -(-header.dim // size))
        for layer, size in zip(header.layers, sizes, strict=True)
    ]


def _check_body(found: Any, chunk: Any, file: RdpFile) -> None:
    body, ancillary = found.body, file.ancillary
    raw = body if isinstance(body, bytes) else found._raw_body
    assert raw == chunk.body
    if chunk.type == "T":
        assert file.prompt is not None
        plain = body.form.name == "plain"
        text = body.text if plain else zlib.decompress(body.raw_deflate, -15).decode()
        assert text == file.prompt.text
    elif chunk.type == ICC_PROFILE:
        assert body.content == container.unpack_icc(ancillary)
    elif chunk.type in (EXIF, XMP):
        assert body.content == container.unpack_metadata(ancillary, chunk.type)
    elif chunk.type == RHO_HINT:
        assert body.rho == container.unpack_rho(ancillary)
    elif chunk.type == PRIVATE:
        assert (body.name, body.data) == container.unpack_private(chunk)
    elif chunk.type == ALPHA:
        stored = container.unpack_alpha(ancillary, file.header)
        assert stored is not None
        constant = body.form.name == "constant"
        assert stored.data == (bytes([body.everywhere]) if constant else body.data)
    else:
        assert isinstance(body, bytes)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["file"])
def test_invalid_fixtures_are_refused_or_read(rdp: ModuleType, case: dict[str, Any]) -> None:
    """A broken structure is refused, and nothing makes the parser fail in another way."""
    try:
        rdp.Rdp.from_bytes((FIXTURES / "invalid" / case["file"]).read_bytes())
    except REFUSALS:
        return
    assert case["issue"] not in STRUCTURE
