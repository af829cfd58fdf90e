"""The command line as a user meets it: files, pipes, exit codes, one line of error."""

import builtins
import contextlib
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rdpcodec import __version__, cli, codec
from rdpcodec.cli import options, progress, streams, view
from rdpcodec.cli.messages import EXIT_INTERRUPTED, EXIT_PIPE_CLOSED
from rdpcodec.compute import PRECISIONS, Compute
from rdpcodec.container import build, parse
from rdpcodec.layers import CODERS
from rdpcodec.readers import READERS

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
COMMANDS = ("compress", "view", "decompress", "inspect", "verify", "priors", "conform", "bench")
ERROR = re.compile(r"rdpcodec: error (RDP-\d{3}): \S.*\n")


@dataclass
class Result:
    """What a run of the command line left behind."""

    code: int
    out: bytes
    err: str

    @property
    def issue(self) -> str:
        """The id in its one line of error."""
        match = ERROR.fullmatch(self.err)
        assert match, self.err
        return match[1]


@dataclass
class Shell:
    """Runs the command line inside this process, in a directory of its own."""

    capture: pytest.CaptureFixture[bytes]

    def __call__(self, *args: object) -> Result:
        """Run it once."""
        code = cli.main([str(arg) for arg in args])
        captured = self.capture.readouterr()
        return Result(code, captured.out, captured.err.decode())


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small picture, its .rdp file and its report, made once."""
    directory = tmp_path_factory.mktemp("material")
    rows, columns = np.mgrid[0:24, 0:32]
    waves = [np.sin(rows / 5 + c) * np.cos(columns / (6 + c)) for c in range(3)]
    pixels = (127.5 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)
    Image.fromarray(pixels).save(directory / "in.png")
    encoded = codec.encode_with_report(pixels, prior="gaussian-1", t=2200)
    (directory / "in.rdp").write_bytes(encoded.data)
    return directory


@pytest.fixture
def rdp(material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The .rdp file of the small picture, in a current directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("in.png", "in.rdp"):
        (tmp_path / name).write_bytes((material / name).read_bytes())
    return Path("in.rdp")


@pytest.fixture
def run(rdp: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Shell:
    """Run the command line in a directory with in.png and in.rdp."""
    assert rdp.exists()
    return Shell(capfdbinary)


def process(*args: str, data: bytes = b"", **extra: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "rdpcodec", *args]
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | extra
    return subprocess.run(command, input=data, env=environment, check=False, **options)


def opened(name: str) -> NDArray[np.uint8]:
    """Return the pixels of an image file."""
    with Image.open(name) as image:
        return np.asarray(image)


def names() -> list[str]:
    """Return what lies in the current directory."""
    return sorted(path.name for path in Path.cwd().iterdir())


COMPRESS = ("compress", "in.png", "out.rdp", "--prior", "gaussian-1")


def test_compress_writes_a_file_and_one_line(run: Shell) -> None:
    """The file appears, the summary is one line on stderr, and stdout stays empty."""
    result = run(*COMPRESS, "--t", 2200)
    assert result.code == 0
    assert result.out == b""
    size = Path("out.rdp").stat().st_size
    pattern = (
        rf"rdpcodec: in.png -> out.rdp: {size} bytes, \d+\.\d{{3}} bpp, \d+ layers, [\d.]+ s\n"
    )
    assert re.fullmatch(pattern, result.err)


def test_the_same_command_writes_the_same_bytes_in_another_process(run: Shell) -> None:
    """Through pipes and in another process, the data are those of the file, byte for byte."""
    assert run(*COMPRESS, "--t", 2200).code == 0
    image = Path("in.png").read_bytes()
    piped = process("compress", "-", "-", "--prior", "gaussian-1", "--t", "2200", data=image)
    assert piped.returncode == 0, piped.stderr
    assert piped.stdout == Path("out.rdp").read_bytes()
    assert run("decompress", "out.rdp", "out.png").code == 0
    piped = process("decompress", "-", "-", "-q", data=piped.stdout)
    assert (piped.returncode, piped.stderr) == (0, b"")
    assert piped.stdout == Path("out.png").read_bytes()


def test_a_target_is_met_from_below(run: Shell) -> None:
    """`--target-bytes` and `--bpp` bound the size of the file."""
    assert run(*COMPRESS, "--target-bytes", 400).code == 0
    assert Path("out.rdp").stat().st_size <= 400
    assert run(*COMPRESS, "--bpp", 4).code == 0
    assert Path("out.rdp").stat().st_size <= 4 * 24 * 32 / 8


def test_the_report_follows_its_schema(run: Shell) -> None:
    """`--report` writes JSON that validates, to a file or to standard output."""
    schema = json.loads((ROOT / "spec/report.schema.json").read_text())
    assert run(*COMPRESS, "--t", 2200, "--report", "report.json").code == 0
    report = json.loads(Path("report.json").read_text())
    jsonschema.validate(report, schema)
    assert report["file_bytes"] == Path("out.rdp").stat().st_size
    result = run(*COMPRESS, "--t", 2200, "--report", "-")
    jsonschema.validate(json.loads(result.out), schema)


def test_seed_coder_and_hint_reach_the_file(run: Shell) -> None:
    """The options of compress show in inspect."""
    coder = ("--coder", "trellis", "--coder-parameter", 9)
    assert run(*COMPRESS, "--t", 2300, "--seed", 7, *coder, "--rho-hint", 1).code == 0
    facts = json.loads(run("inspect", "out.rdp", "--json").out)
    assert (facts["seed"], facts["coder"], facts["t"]) == (7, "trellis", 2300)
    assert facts["coder_parameter"] == 9
    assert [chunk["type"] for chunk in facts["ancillary"]] == ["rH"]
    assert b"rho hint 1.00" in run("inspect", "out.rdp").out


def test_notes_about_the_image_are_said_unless_quiet(run: Shell) -> None:
    """What was left out of an image is one note on stderr."""
    Image.fromarray(opened("in.png")).convert("RGBA").save("alpha.png")
    command = ("compress", "alpha.png", "out.rdp", "--prior", "gaussian-1", "--t", 2300)
    note = "rdpcodec: note: alpha.png: the alpha channel is fully opaque and was dropped\n"
    assert run(*command).err.startswith(note)
    assert run(*command, "--quiet").err == ""


def test_a_damaged_jpeg_is_compressed_if_asked(run: Shell) -> None:
    """A JPEG without its end is refused with a hint; `--allow-damaged` reads it and says so."""
    with Image.open("in.png") as image:
        image.save("in.jpg")
    whole = Path("in.jpg").read_bytes()
    Path("in.jpg").write_bytes(whole[:-2])
    command = ("compress", "in.jpg", "cut.rdp", "--prior", "gaussian-1", "--t", 2600)
    result = run(*command)
    assert (result.code, Path("cut.rdp").exists()) == (2, False)
    assert "in.jpg: the JPEG lacks its end" in result.err
    result = run(*command, "--allow-damaged")
    assert result.code == 0
    assert "note: in.jpg: the JPEG lacks its end; what is missing was filled in" in result.err
    Path("in.jpg").write_bytes(whole)
    run("compress", "in.jpg", "whole.rdp", "--prior", "gaussian-1", "--t", 2600)
    assert Path("cut.rdp").read_bytes() == Path("whole.rdp").read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".bmp", ".ppm"])
def test_decompress_writes_what_decode_returns(run: Shell, rdp: Path, suffix: str) -> None:
    """Every lossless format holds the pixels of `decode`, at the options that were given."""
    options = ("--rho", 1, "--reader", "geodesic", "--layers", 2, "--evaluations", 3)
    result = run("decompress", rdp, f"out{suffix}", *options)
    assert (result.code, result.out) == (0, b"")
    want = codec.decode(rdp.read_bytes(), rho=1, reader="geodesic", layers=2, evaluations=3)
    assert np.array_equal(opened(f"out{suffix}"), want.pixels)


def test_view_with_an_output_is_decompress(run: Shell, rdp: Path) -> None:
    """`view -o` saves the same file as decompress."""
    assert run("view", rdp, "--rho", 0.3, "-o", "view.png").code == 0
    assert run("decompress", rdp, "out.png", "--rho", 0.3).code == 0
    assert Path("view.png").read_bytes() == Path("out.png").read_bytes()


def test_a_map_of_rho_is_a_grey_picture(run: Shell, rdp: Path) -> None:
    """A white map reads as --rho 1, a black one as --rho 0, with both commands."""
    for value, rho in ((0, 0), (255, 1)):
        Image.new("L", (32, 24), value).save("mask.png")
        assert run("view", rdp, "--rho-map", "mask.png", "-o", "map.png").code == 0
        assert run("decompress", rdp, "number.png", "--rho", rho).code == 0
        assert np.array_equal(opened("map.png"), opened("number.png"))


@pytest.mark.parametrize(
    ("mode", "size", "more", "said"),
    [
        ("RGB", (32, 24), (), "mask.png, is in colour"),
        ("L", (24, 32), (), r"shape \(32, 24\), expected \(24, 32\)"),
        ("L", (32, 24), ("--rho", "0.5"), "exclude each other"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(
    run: Shell, rdp: Path, mode: str, size: tuple[int, int], more: tuple[str, ...], said: str
) -> None:
    """A colour map, a map of another size, and a number beside it: exit code 1, no output."""
    Image.new(mode, size, (1, 2, 3) if mode == "RGB" else 9).save("mask.png")
    result = run("view", rdp, "--rho-map", "mask.png", "-o", "map.png", *more)
    assert result.code == 1
    assert re.search(said, result.err)
    assert not Path("map.png").exists()


def test_view_draws_in_the_terminal(run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a display, half blocks as wide as the terminal, and the hint how to save."""
    monkeypatch.setenv("COLUMNS", "16")
    result = run("view", rdp)
    assert result.code == 0
    lines = result.out.decode().splitlines()
    assert len(lines) == 6  # 16 x 12 pixels
    assert all(line.count("▀") == 16 and line.endswith("\x1b[0m") for line in lines)
    assert result.err == "rdpcodec: save it with: rdpcodec view in.rdp -o picture.png\n"


@pytest.mark.parametrize("opens", [True, False])
def test_view_opens_a_window_where_there_is_a_display(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch, *, opens: bool
) -> None:
    """With a display a window opens; where no viewer is installed the terminal serves."""
    shown: list[object] = []
    monkeypatch.setattr(view, "_has_display", lambda: True)
    monkeypatch.setattr("rdpcodec.images.show", lambda p: (shown.append(p), opens)[1])
    result = run("view", rdp)
    assert result.code == 0
    assert len(shown) == 1
    assert (result.out == b"") is opens


def test_a_display_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window opens for a pipe, and on Linux only with a display."""
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    assert not view._has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert view._has_display()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: False))
    assert not view._has_display()


def test_inspect_json_follows_its_schema(run: Shell, rdp: Path) -> None:
    """`inspect --json` is JSON on stdout alone, and validates."""
    result = run("inspect", rdp, "--json")
    assert (result.code, result.err) == (0, "")
    facts = json.loads(result.out)
    jsonschema.validate(facts, json.loads((ROOT / "spec/inspect.schema.json").read_text()))
    assert (facts["width"], facts["height"]) == (32, 24)
    assert facts["bytes"]["file"] == rdp.stat().st_size


def test_inspect_explains_every_field(run: Shell, rdp: Path) -> None:
    """The tables name each field of the header and each layer."""
    facts = json.loads(run("inspect", rdp, "--json").out)
    text = run("inspect", rdp).out.decode()
    for field in ("format", "picture", "prior", "digest", "seed", "coder", "payload", "container"):
        assert field in text
    assert facts["prior"]["digest"] in text
    assert all(f" {layer['t']} " in text for layer in facts["layers"])


def test_inspect_is_fast_and_loads_no_network(rdp: Path) -> None:
    """A process that inspects imports neither torch nor numpy; its best time is printed."""
    script = (
        "import sys; from rdpcodec.cli import main; code = main(sys.argv[1:]); "
        "heavy = {'torch', 'numpy', 'PIL', 'scipy', 'numba'} & set(sys.modules); "
        "sys.exit(f'imports {heavy}' if heavy else code)"
    )
    command = [sys.executable, "-c", script, "inspect", str(rdp)]
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        done = subprocess.run(
            command, env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=False
        )
        best = min(best, time.perf_counter() - start)
        assert done.returncode == 0, done.stderr
    sys.stdout.write(f"inspect: {best:.2f} s\n")
    assert best < 0.5


def test_verify_says_what_it_checked(run: Shell, rdp: Path) -> None:
    """Structure, prior and coded data are one line each."""
    result = run("verify", rdp)
    assert result.code == 0
    starts = [line.split(",")[0] for line in result.out.decode().splitlines()]
    assert starts[:2] == ["structure: ok", "prior: ok"]
    assert starts[2] == "data: ok"
    assert run("verify", rdp, "-q").out == b""


def test_verify_finds_a_changed_bit(run: Shell, rdp: Path) -> None:
    """One wrong bit in the picture data is exit code 2 and nothing is called ok."""
    data = bytearray(rdp.read_bytes())
    data[-10] ^= 1
    rdp.write_bytes(data)
    result = run("verify", rdp)
    assert (result.code, result.issue, result.out) == (2, "RDP-203", b"")


def test_priors_lists_what_is_installed(run: Shell) -> None:
    """Every built-in prior appears with digest, licence and training data."""
    result = run("priors")
    assert result.code == 0
    text = result.out.decode()
    for word in (
        "photo-1",
        "gaussian-1",
        "ffdnet-1",
        "one-step PSNR",
        "digest",
        "licence",
        "training data",
        "parameters",
    ):
        assert word in text


@pytest.mark.parametrize(
    ("args", "issue"),
    [
        (("compress", "in.png", "o.rdp", "--bpp", "1", "--t", "2000"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--bpp", "1", "--target-bytes", "9"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--bpp", "-1"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--bpp", "nan"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--bpp", "inf"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--t", "4096"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--prior", "gaussian-1", "--seed", "-1"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--coder", "zip"), "RDP-701"),
        (("compress", "in.png", "o.rdp", "--rho-hint", "2", "--prior", "gaussian-1"), "RDP-701"),
        (
            ("compress", "in.png", "o.rdp", "--target-bytes", "9", "--prior", "gaussian-1"),
            "RDP-702",
        ),
        (("compress", "in.png", "."), "RDP-703"),
        (("compress", "in.png", "missing/o.rdp"), "RDP-703"),
        (("compress", "in.png", "o.rdp", "--report", "missing/r.json"), "RDP-703"),
        (("compress", "in.png", "o.rdp", "--report", "./o.rdp"), "RDP-701"),
        (("compress", "in.png", "-", "--report", "-"), "RDP-701"),
        (("compress", "in.png"), "RDP-701"),
        (("view", "in.rdp", "--rho", "1.5"), "RDP-701"),
        (("view", "in.rdp", "--rho", "nan"), "RDP-701"),
        (("view", "in.rdp", "--rho", "much"), "RDP-701"),
        (("view", "in.rdp", "--reader", "aloud"), "RDP-701"),
        (("view", "in.rdp", "--layers", "0"), "RDP-701"),
        (("view", "in.rdp", "--layers", "999"), "RDP-701"),
        (("view", "in.rdp", "--evaluations", "0"), "RDP-701"),
        (("view", "in.rdp", "-o", "out.jpg"), "RDP-701"),
        (("decompress", "in.rdp", "out"), "RDP-701"),
        (("decompress", "in.rdp", "missing/out.png"), "RDP-703"),
        (("inspect", "in.rdp", "--yaml"), "RDP-701"),
        (("shrink", "in.rdp"), "RDP-701"),
    ],
)
def test_usage_errors_are_exit_code_1(run: Shell, args: tuple[str, ...], issue: str) -> None:
    """A wrong option, combination or output place is one line that says what was expected."""
    result = run(*args)
    assert (result.code, result.out, result.issue) == (1, b"", issue)
    assert not Path("o.rdp").exists()


@pytest.mark.parametrize(
    ("name", "data", "issue"),
    [
        ("missing", None, "RDP-601"),
        (".", None, "RDP-601"),
        ("empty", b"", "RDP-101"),
        ("image", b"\x89PNG\r\n\x1a\n", "RDP-101"),
        ("desktop", b"screen mode id:i:2\r\nfull address:s:host\r\n", "RDP-102"),
        ("text mode", b"\x89RDP\n\x1a\n", "RDP-103"),
    ],
)
def test_unreadable_input_is_exit_code_2(
    run: Shell, name: str, data: bytes | None, issue: str
) -> None:
    """What is no .rdp file is named, whichever command is given it."""
    if data is not None:
        Path(name).write_bytes(data)
    for command in (("inspect", name), ("view", name), ("verify", name)):
        result = run(*command)
        assert (result.code, result.out, result.issue) == (2, b"", issue)
        assert f": {name}: " in result.err


def test_an_image_that_cannot_be_stored_is_exit_code_2(run: Shell) -> None:
    """A transparent image is refused by name, before the prior is loaded."""
    Image.new("RGBA", (4, 4)).save("clear.png")
    result = run("compress", "clear.png", "out.rdp")
    assert (result.code, result.issue) == (2, "RDP-602")
    assert "clear.png: the image has transparent pixels" in result.err
    assert not Path("out.rdp").exists()


def test_a_cut_file_is_read_when_asked_for(run: Shell, rdp: Path) -> None:
    """A cut file is one sentence that counts its layers; `--allow-partial` reads those."""
    rdp.write_bytes(rdp.read_bytes()[:-5])
    result = run("view", rdp)
    assert (result.code, result.issue) == (2, "RDP-202")
    assert re.search(r"\d+ of \d+ layers are whole; view --allow-partial shows these", result.err)
    result = run("decompress", rdp, "out.png", "--allow-partial")
    assert result.code == 0
    assert "note: in.rdp: the file is cut" in result.err
    assert opened("out.png").shape == (24, 32, 3)
    assert "whole of" in run("inspect", rdp, "--allow-partial").out.decode()


@pytest.mark.parametrize("prior", ["gaussian-2", "diffusers:./nowhere"])
def test_a_missing_prior_is_exit_code_3(run: Shell, rdp: Path, prior: str) -> None:
    """A prior that is not installed is named, for compressing, viewing and verifying."""
    for args in (
        ("compress", "in.png", "out.rdp", "--prior", prior),
        ("view", rdp, "--prior", prior),
        ("verify", rdp, "--prior", prior),
    ):
        result = run(*args)
        assert result.code == 3
        assert ERROR.search(result.err)


def test_another_prior_is_refused_by_digest(run: Shell, rdp: Path) -> None:
    """A file whose digest is not that of its prior is exit code 3."""
    file = parse(rdp.read_bytes())
    rdp.write_bytes(build(replace(file, header=replace(file.header, prior_digest=bytes(8)))))
    result = run("view", rdp)
    assert (result.code, result.issue) == (3, "RDP-502")
    result = run("verify", rdp)
    assert result.code == 3
    assert result.out.startswith(b"structure: ok")
    assert b"prior: ok" not in result.out


def test_a_limit_is_exit_code_4(run: Shell) -> None:
    """An image that is too wide is refused with the limit, before it is decoded."""
    Image.new("L", (20_000, 1)).save("wide.png")
    result = run("compress", "wide.png", "out.rdp")
    assert (result.code, result.issue) == (4, "RDP-402")
    assert "16384" in result.err


def test_a_failure_leaves_the_old_output(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the work or the disk fails, the old file and nothing else is there."""
    before = names()
    Path("out.png").write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        result = run("decompress", rdp, "out.png", "-q")
    assert (result.code, result.issue) == (1, "RDP-703")
    Path("bad.rdp").write_bytes(rdp.read_bytes()[:-5])
    assert run("decompress", "bad.rdp", "out.png").code == 2
    assert Path("out.png").read_bytes() == b"old"
    assert names() == sorted([*before, "out.png", "bad.rdp"])


@pytest.mark.parametrize("where", ["inside", "after"])
def test_an_interrupt_is_exit_code_130(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Ctrl-C during the work or the writing is one line, and the old output stays."""

    def interrupt(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    Path("out.png").write_bytes(b"old")
    target = (codec, "decode") if where == "inside" else (os, "fsync")
    monkeypatch.setattr(*target, interrupt)
    result = run("decompress", rdp, "out.png")
    assert (result.code, result.err) == (EXIT_INTERRUPTED, "rdpcodec: interrupted\n")
    assert Path("out.png").read_bytes() == b"old"
    assert names() == ["in.png", "in.rdp", "out.png"]


def test_an_end_of_file_inside_a_command_is_no_interrupt(
    run: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typer takes an EOFError for Ctrl-D at a prompt; here it is a fault, and is seen as one."""

    def end(*_args: object, **_options: object) -> None:
        raise EOFError("Ran out of input")

    monkeypatch.setattr(codec, "decode", end)
    with pytest.raises(EOFError, match="Ran out of input"):
        run("decompress", "in.rdp", "out.png")
    assert "out.png" not in names()


def test_a_damaged_cache_of_the_compiler_does_not_end_a_command(rdp: Path, tmp_path: Path) -> None:
    """Every file of numba's cache cut to nothing: exit 0, the same bytes, and a whole cache."""
    assert rdp.exists()
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "c")}
    command = [sys.executable, "-m", "rdpcodec", *COMPRESS, "--t", "2200", "-q"]
    written = []
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        written.append(Path("out.rdp").read_bytes())
        cache = list((tmp_path / "c").rglob("*.nb?"))
        assert min(path.stat().st_size for path in cache) > 0
        for path in cache:
            path.write_bytes(b"")
    assert written[0] == written[1]


def test_a_signal_ends_a_process_with_130(rdp: Path) -> None:
    """A real SIGINT while a process waits for its input leaves no traceback."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("a background job of a shell ignores SIGINT, and so do its children")
    command = [sys.executable, "-m", "rdpcodec", "inspect", "-"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, **pipes) as running:
        assert running.stdin is not None
        running.stdin.write(rdp.read_bytes()[:9])
        running.stdin.flush()
        time.sleep(1.5)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate()
    assert (running.returncode, err) == (EXIT_INTERRUPTED, b"rdpcodec: interrupted\n")


def test_a_closed_pipe_is_silent(rdp: Path) -> None:
    """When the reader of stdout is gone, the process ends without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    done = process("inspect", str(rdp), stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (EXIT_PIPE_CLOSED, b"")


def test_a_full_disk_behind_stdout_is_one_line(rdp: Path) -> None:
    """An error of standard output is reported like that of a file."""
    with Path("/dev/full").open("wb") as full:
        for args in (("inspect", str(rdp)), ("--version",)):
            done = process(*args, stdout=full)
            assert done.returncode == 1
            assert ERROR.fullmatch(done.stderr.decode())[1] == "RDP-703"


def test_binary_data_do_not_go_to_a_terminal(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` as output is refused while standard output is a terminal."""
    monkeypatch.setattr(streams.sys, "stdout", SimpleNamespace(isatty=lambda: True))
    result = run("compress", "in.png", "-")
    assert (result.code, result.issue) == (1, "RDP-701")


def test_closed_streams_are_one_line(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed standard input or output is an error, not a traceback."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", None)
        assert run("inspect", "-").issue == "RDP-601"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        assert run("inspect", rdp).issue == "RDP-703"


def test_no_permission_is_one_line(run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is exit code 2."""

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(io, "open", refuse)
        patch.setattr(builtins, "open", refuse)
        patch.setattr(Path, "open", refuse)
        result = run("inspect", rdp)
    assert (result.code, result.issue) == (2, "RDP-601")
    assert "Permission denied" in result.err


def test_a_hostile_file_name_stays_on_one_line(run: Shell) -> None:
    """Control characters of a name are escaped on the way to the terminal."""
    result = run("inspect", "evil\n\x1b[31m.rdp")
    assert result.issue == "RDP-601"
    assert r"evil\n\x1b[31m.rdp" in result.err


def test_memory_that_does_not_suffice_is_exit_code_4(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running out of memory is a limit that was hit."""

    def fail(*_args: object, **_options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(codec, "decode", fail)
    result = run("view", rdp)
    assert result.code == 4
    assert result.err == "rdpcodec: error: the memory of this machine does not suffice\n"


def test_a_mistake_in_the_program_is_not_hidden(
    run: Shell, rdp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that nobody foresaw keeps its traceback."""

    def fail(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(codec, "decode", fail)
    with pytest.raises(ZeroDivisionError):
        run("view", rdp)


def test_a_bar_names_the_phase_in_a_terminal(rdp: Path) -> None:
    """Where stderr is a terminal, a bar shows the phase and leaves the last line clean."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rdpcodec", "decompress", str(rdp), "out.png"]
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
    shown = ""
    with subprocess.Popen(command, env=environment, stderr=theirs) as running:
        os.close(theirs)
        with contextlib.suppress(OSError):  # Linux ends a terminal with an error
            while data := os.read(ours, 4096):
                shown += data.decode(errors="replace")
    os.close(ours)
    assert running.returncode == 0
    assert "loading the prior" in shown
    assert shown.endswith("rdpcodec: in.rdp -> out.png: 32 x 24 pixels\r\n")


def test_a_long_job_names_its_phases_in_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where stderr is no terminal, each phase is one line, and only after a second."""
    with progress.progress("loading", quiet=False) as shown:
        assert shown is not None
        shown("encoding", 1, 10)
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
        for done in (2, 3):
            shown("encoding", done, 10)
        shown("reading", 1, 4)
    assert capsys.readouterr().err == (
        "rdpcodec: encoding (2 of about 10)\nrdpcodec: reading (1 of about 4)\n"
    )


@pytest.mark.parametrize("args", [("-q", "decompress"), ("decompress", "-q")])
def test_quiet_works_before_and_after_the_command(
    run: Shell, rdp: Path, args: tuple[str, ...]
) -> None:
    """`-q` silences stderr wherever it stands."""
    result = run(*args, rdp, "out.png")
    assert (result.code, result.out, result.err) == (0, b"", "")


def test_output_may_replace_input_and_keeps_its_permissions(run: Shell, rdp: Path) -> None:
    """A file may be written over itself, since it appears at once and whole."""
    Path("in.png").chmod(0o640)
    assert run("decompress", rdp, "in.png", "-q").code == 0
    assert stat.S_IMODE(Path("in.png").stat().st_mode) == 0o640
    assert opened("in.png").shape == (24, 32, 3)


def test_version_and_help(run: Shell) -> None:
    """Every command explains itself with an example; without a command the help is shown."""
    assert run("--version").out.decode() == f"rdpcodec {__version__}\n"
    overview = run("--help")
    assert overview.code == 0
    for command in COMMANDS:
        assert command in overview.out.decode()
        text = run(command, "--help").out.decode()
        assert f"Example: rdpcodec {command}" in text
    bare = run()
    assert bare.code == 1
    assert b"Usage" in bare.out


def test_huge_pages_are_asked_for_unless_the_user_has_chosen(
    run: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line turns on PyTorch's huge pages, and leaves a value that is there."""
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    run("--version")
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0"
    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE")
    run("--version")
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "1"


def test_shell_completion_stays_on() -> None:
    """The completion script of a shell can be had."""
    done = subprocess.run(
        [sys.executable, "-m", "rdpcodec", "--show-completion", "bash"],
        env=ENVIRONMENT
        | {"PYTHONPATH": str(ROOT), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        check=False,
    )
    assert b"rdpcodec" in done.stdout


def test_names_in_options_are_those_of_the_codec() -> None:
    """The command line knows the readers and coders without loading them."""
    assert set(get_args(options.ReaderName)) == set(READERS)
    assert set(get_args(options.CoderName)) == set(CODERS)
    assert get_args(options.PrecisionName) == PRECISIONS


@pytest.mark.parametrize(
    "command", [("compress", "in.png", "x"), ("decompress", "in.rdp", "x.png"), ("view", "in.rdp")]
)
def test_a_device_that_is_not_there_is_a_usage_error(run: Shell, command: tuple[str, ...]) -> None:
    """Exit code 1, one line with the id, and nothing is written."""
    result = run(*command, "--device", "cuda:99")
    assert (result.code, result.issue) == (1, "RDP-701")
    assert "device is cuda:99, expected" in result.err
    assert not Path("x").exists()


def test_device_and_precision_reach_the_codec(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The options of all three commands arrive as they were given."""
    seen: list[Compute] = []
    kept = codec.Compute
    monkeypatch.setattr(codec, "Compute", lambda *args: seen.append(kept(*args)) or seen[-1])
    given = ("--device", "cpu", "--precision", "bfloat16")
    assert run(*COMPRESS, "--t", 2300, *given).code == 0
    assert run("view", "out.rdp", "-o", "view.png", *given).code == 0
    assert run("decompress", "out.rdp", "out.png", *given).code == 0
    assert seen == 3 * [Compute("cpu", "bfloat16")]


def test_verify_opens_nothing_that_a_file_names(run: Shell) -> None:
    """A file that names a hub repository is refused without asking the hub."""
    result = run("verify", ROOT / "fixtures" / "invalid" / "RDP-501_hub.rdp")

    assert (result.code, result.issue) == (3, "RDP-501")
    assert "not built in" in result.err
