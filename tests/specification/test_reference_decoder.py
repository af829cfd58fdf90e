"""The second decoder, spec/reference_decoder: it follows the text, the suite and the package."""

import ast
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import threadpoolctl
from PIL import Image

import rdpcodec
from rdpcodec import container
from rdpcodec.errors import RdpError
from rdpcodec.images import read_picture, with_alpha_last
from rdpcodec.limits import Limits

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "spec" / "reference_decoder"
SECTIONS = sorted(FOLDER.glob("s*.py"))
VALID = {path.parent.name: path.parent for path in ROOT.glob("fixtures/valid/*/case.json")}
INVALID = json.loads((ROOT / "fixtures" / "invalid" / "cases.json").read_text())["cases"]
WEIGHTS = ROOT / "rdpcodec" / "priors" / "photo_1" / "weights.safetensors"
LINES_MAX, COMMAND_LINES_MAX = 700, 90
LEFT_OUT = {  # the README of the decoder says the same
    **dict.fromkeys(("alpha-truncated", "alpha-webp"), "RDP-301"),
    **dict.fromkeys((name for name in VALID if name.startswith(("latents", "prompt"))), "RDP-501"),
    "RDP-213_alpha-webp-cut.rdp": "RDP-301",  # only an image decoder finds what is wrong
    "RDP-213_alpha-webp-giant.rdp": "RDP-301",
    "RDP-213_alpha-webp-larger.rdp": "RDP-301",
    "RDP-213_before-prior.rdp": "RDP-301",
}
# Exit code, stdout, and the line on stderr.
Answer = tuple[int, str, str]
Call = Callable[..., Answer]

pytestmark = pytest.mark.usefixtures("one_thread_of_blas")


@pytest.fixture(scope="module")
def one_thread_of_blas() -> Iterator[None]:
    """Keep small products of matrices from waiting for each other's threads: it is ten times."""
    with threadpoolctl.threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def decoder() -> Iterator[ModuleType]:
    """Return the command of the decoder as a module; its sections can be imported meanwhile."""
    sys.path.insert(0, str(FOLDER))
    spec = importlib.util.spec_from_file_location("reference_decoder", FOLDER / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(FOLDER))


@pytest.fixture
def call(decoder: ModuleType, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Return what runs a command of the decoder; limits are the default ones again afterwards."""
    limits = dict(decoder.LIMITS)

    def run(*words: object) -> Answer:
        decoder.LIMITS.update(limits)
        try:
            decoder.run(["--weights", str(WEIGHTS), *map(str, words)])
        except decoder.RefusedError as refusal:
            return refusal.args[1], capsys.readouterr().out, refusal.args[0]
        return 0, capsys.readouterr().out, ""

    yield run
    decoder.LIMITS.update(limits)


def _case(name: str) -> dict[str, Any]:
    return json.loads((VALID[name] / "case.json").read_text())


def _partial(case: dict[str, Any]) -> list[str]:
    return ["--allow-partial"] if case.get("allow_partial") else []


def _errors(found: Path, expected: Path) -> tuple[float, float]:
    """Return the root mean square and the peak of the difference of two pictures, in 255ths."""
    assert found.read_bytes()[24:26] == expected.read_bytes()[24:26]  # depth and colour of a PNG
    one, other = (read_picture(path)[0] for path in (found, expected))
    assert one.icc == other.icc
    white = 255 if one.depth == 8 else 65535
    difference = with_alpha_last(one) - with_alpha_last(other).astype(np.float64)
    difference *= 255 / white
    return float(np.sqrt((difference**2).mean())), float(np.abs(difference).max())


@pytest.mark.parametrize("name", VALID)
def test_symbols_are_those_of_the_suite(name: str, call: Call) -> None:
    """The indices of every whole layer, its t and its bits are equal; no prior is needed."""
    case, stream = _case(name), VALID[name] / "stream.rdp"
    code, out, _ = call("symbols", stream, *_partial(case))
    assert code == 0
    layers = json.loads(out)["layers"]
    expected = json.loads((VALID[name] / "symbols.json").read_text())["layers"]
    assert [layer["indices"] for layer in layers] == expected
    told = [(layer["t"], layer["bits"]) for layer in case["header"]["layers"]]
    assert [(layer["t"], layer["bits"]) for layer in layers] == told[: len(layers)]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "trellis-photo-tiles" else [])
        for name in VALID
    ],
)
def test_pictures_are_within_the_tolerance_of_the_suite(
    name: str, call: Call, tmp_path: Path
) -> None:
    """Every picture of every case is obtained, but for what is left out by name."""
    case, out = _case(name), tmp_path / "out.png"
    for picture in case["pictures"]:
        words = [f"--{option}={picture[option]}" for option in ("rho", "layers", "evaluations")]
        words += ["--reconstruction", picture["reconstruction"], *_partial(case)]
        code, _, line = call("decode", VALID[name] / "stream.rdp", out, *words)
        assert line[:7] == LEFT_OUT.get(name, "")
        if code == 0:
            rms, peak = _errors(out, VALID[name] / picture["file"])
            assert rms <= picture["rms_error"]
            assert peak <= picture["peak_error"]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case["file"])
def test_refusals_are_those_of_the_suite(case: dict[str, Any], call: Call, tmp_path: Path) -> None:
    """Every invalid file is refused with the id and the exit code of the suite."""
    limits = [f"--limit={name}={value}" for name, value in case.get("limits", {}).items()]
    stream = ROOT / "fixtures" / "invalid" / case["file"]
    code, _, line = call("decode", stream, tmp_path / "out.png", *limits, *_partial(case))
    expected = LEFT_OUT.get(case["file"], case["issue"])
    assert line.startswith(f"{expected}: ")
    assert code == (2 if case["file"] in LEFT_OUT else case["exit_code"])
    assert not (tmp_path / "out.png").exists()


def test_a_cut_file_is_refused_unless_its_layers_are_asked_for(call: Call) -> None:
    """The sentence says how many layers are whole, as 3.4 asks."""
    code, out, line = call("symbols", VALID["truncated"] / "stream.rdp")
    whole, layers = _case("truncated")["header"]["layers_whole"], 18
    assert (code, out) == (2, "")
    assert line.startswith("RDP-202: ")
    assert f"{whole} of {layers} layers" in line


def test_without_rho_the_hint_holds(call: Call, tmp_path: Path) -> None:
    """The picture at the rho of chunk `r` is the one that nobody asked for in particular."""
    stream, hint = VALID["rho-hint"] / "stream.rdp", _case("rho-hint")["header"]["rho_hint"]
    pictures = []
    for words in ([], ["--rho", hint], ["--rho", 1 - hint]):
        assert call("decode", stream, tmp_path / "out.png", *words)[0] == 0
        pictures.append((tmp_path / "out.png").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]


@pytest.mark.parametrize(
    "words",
    ["--rho 2", "--layers 3", "--layers 0", "--evaluations 0", "--limit none=1", "--gone"],
)
def test_options_that_cannot_be_are_refused(words: str, call: Call, tmp_path: Path) -> None:
    """A mistake of the user is RDP-701, exit code 1, and nothing is written."""
    stream, out = VALID["rho-hint"] / "stream.rdp", tmp_path / "out.png"
    code, _, line = call("decode", stream, out, *words.split())
    assert (code, line[:9]) == (1, "RDP-701: ")
    assert not out.exists()


def test_the_command_answers_as_the_contract_says(tmp_path: Path) -> None:
    """From outside: a picture and nothing else, or the line of a refusal and nothing else."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    stream, out = VALID["one-pixel-grey"] / "stream.rdp", tmp_path / "out.png"

    def run(*words: object) -> Answer:
        call = [sys.executable, str(FOLDER), *map(str, words)]
        found = subprocess.run(call, capture_output=True, text=True, env=environment, check=False)
        return found.returncode, found.stdout, found.stderr

    symbols = '{"layers": [{"t": 1984, "bits": 2, "indices": [2]}]}\n'
    assert run("symbols", stream) == (0, symbols, "")
    assert run("decode", stream, out, "--rho", 0) == (0, "", "")
    assert _errors(out, VALID["one-pixel-grey"] / "expected_rho0_geodesic.png") == (0.0, 0.0)
    code, text, line = run("decode", ROOT / "fixtures/invalid/RDP-203_header.rdp", tmp_path / "x")
    assert (code, text, line.count("\n"), line[:9]) == (2, "", 1, "RDP-203: ")
    assert run("symbols", tmp_path / "gone")[2].startswith("RDP-603: ")
    assert run("decode", stream, tmp_path / "gone" / "out.png")[2].startswith("RDP-902: ")
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def _chunks(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the chunks of a valid file before `D`, types and bodies, and the body of `D`."""
    chunks, at = [], 6
    while data[at : at + 1] != b"D":
        length, start = container.varint.decode_varint(data, at + 1)
        chunks.append((data[at : at + 1], data[start : start + length]))
        at = start + length + 4
    return chunks, data[at + 1 : -4]


def _file(chunks: list[tuple[bytes, bytes]], picture: bytes) -> bytes:
    """Return a file of these chunks, with right lengths and checksums."""
    data = bytes.fromhex("895244500d0a")
    for kind, body in [*chunks, (b"D", picture)]:
        length = b"" if kind == b"D" else container.varint.encode_varint(len(body))
        data += kind + length + body
        data += zlib.crc32(kind + length + body).to_bytes(4, "little")
    return data


def test_alpha_of_form_1_is_that_of_the_package(call: Call, tmp_path: Path) -> None:
    """Alpha of noise, deflated: both decoders agree on all samples."""
    chunks, picture = _chunks((VALID["alpha-constant"] / "stream.rdp").read_bytes())
    samples = np.random.default_rng(1).integers(0, 256, (16, 24), np.uint8)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    alpha = b"\1" + deflate.compress(samples.tobytes()) + deflate.flush()
    data = _file([(kind, alpha if kind == b"o" else body) for kind, body in chunks], picture)
    (tmp_path / "stream.rdp").write_bytes(data)
    assert call("decode", tmp_path / "stream.rdp", tmp_path / "out.png", "--rho", 0)[0] == 0
    other = rdpcodec.decode(data, rho=0)
    with Image.open(tmp_path / "out.png") as found:
        assert found.mode == "LA"
        np.testing.assert_array_equal(np.asarray(found)[:, :, 1], samples)
        np.testing.assert_allclose(np.asarray(found)[:, :, 0], other.pixels, atol=1)
    np.testing.assert_array_equal(other.alpha, samples)


def _mutant(data: bytes, draw: random.Random) -> bytes:
    """Return a file with faults: in its bytes, or in bodies or the order of its chunks."""
    if draw.random() < 0.2:
        return _damaged(data, draw)[: draw.choice([None, draw.randrange(len(data))])]
    chunks, picture = _chunks(data)
    for _ in range(draw.choice([1, 1, 2])):
        place = draw.choice([0, draw.randrange(len(chunks))])
        kind, body = chunks[place]
        if draw.random() < 0.7:
            chunks[place] = kind, _damaged(body, draw)
        else:
            chunks.insert(draw.randrange(3), (bytes([draw.choice(b"HTeioprxzA1\xe9")]), body))
    return _file(chunks, picture) + draw.choice([b"", b"", b"", b"\0"])


def _damaged(data: bytes, draw: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(draw.choice([1, 1, 2, 3])):
        place = draw.randrange(len(out) + 1)
        end = place + draw.choice([0, 1, 1, 1])
        out[place:end] = bytes(draw.choice([(), (0,), (255,), (draw.randrange(256),)]))
    return bytes(out)


@pytest.mark.parametrize("seed", range(4))
def test_both_decoders_give_one_answer_to_damaged_files(seed: int, decoder: ModuleType) -> None:
    """The first fault in the order of 13.1 is the same one, whatever the limits."""
    draw = random.Random(seed)  # noqa: S311 - what it draws is no secret
    limits, answers = dict(decoder.LIMITS), set()
    whole = [name for name in VALID if not _case(name)["allow_partial"]]
    files = [(VALID[name] / "stream.rdp").read_bytes() for name in whole]
    for _ in range(400):
        data = _mutant(draw.choice([file for file in files if len(file) < 2000]), draw)
        partial = draw.random() < 0.5
        lowered = {draw.choice([*limits]): draw.choice([1, 4, 20, 100])} if partial else {}
        decoder.LIMITS.update(limits | lowered)
        try:
            container.parse(data, limits=Limits(**lowered), allow_partial=partial)
            expected = ""
        except RdpError as error:
            expected = error.issue.value
        try:
            decoder.parse(data, allow_partial=partial)
            found = ""
        except decoder.RefusedError as refusal:
            found = refusal.args[0][:7]
        assert found == expected, data.hex()
        answers.add(found)
    decoder.LIMITS.update(limits)
    assert len(answers) > 12


def test_another_reading_is_noticed(
    call: Call, decoder: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The comparison can fail: an efficiency of 9.2 that is 2 % off."""
    coders, stream = sys.modules["s08_coders"], VALID["default-form"] / "stream.rdp"
    assert decoder.samples is coders.samples
    monkeypatch.setattr(coders, "EFFICIENCY", tuple(1.02 * e for e in coders.EFFICIENCY))
    assert call("decode", stream, tmp_path / "out.png", "--rho", 1)[0] == 0
    assert _errors(tmp_path / "out.png", stream.with_name("expected_rho1_geodesic.png"))[0] > 0.1


def test_the_decoder_is_short() -> None:
    """Sections have 700 lines at most, blank ones and comments included; the command has 90."""
    counts = {path.name: len(path.read_text().splitlines()) for path in FOLDER.glob("*.py")}
    assert counts.pop("__main__.py") <= COMMAND_LINES_MAX
    assert len(counts) == len(SECTIONS)
    assert sum(counts.values()) <= LINES_MAX


def test_the_decoder_needs_numpy_alone() -> None:
    """It imports numpy, the standard library and itself, and nothing of the package."""
    own, found = {path.stem for path in SECTIONS}, set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).split(".")[0])
    assert found - own - set(sys.stdlib_module_names) == {"numpy"}


def test_the_sections_that_it_names_exist() -> None:
    """Every number of a section beside the code is a heading of the text."""
    text = (ROOT / "spec" / "rdp.md").read_text("utf-8")
    headings = set(re.findall(r"^#+ ([0-9.]+) ", text, re.M))
    for path in FOLDER.glob("*.py"):
        comments = " ".join(re.findall(r"(?:#|\"\"\") ?(.*)", path.read_text()))
        named = set(re.findall(r"(?<![\d.^])\b(\d{1,2}\.\d)\b(?!\d)", comments))
        assert named, path
        assert named <= headings, path
