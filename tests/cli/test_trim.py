"""`trim`: from file to file and through pipes, without a network."""

import subprocess
import sys
from pathlib import Path

import pytest
from cli.shell import ENVIRONMENT, Shell, names, process

import rdpcodec
from rdpcodec.container import parse


def test_trim_writes_a_coarser_file_and_one_line(run: Shell, rdp: Path) -> None:
    """The line says what is left; the file is that of Python."""
    whole = rdp.read_bytes()
    result = run("trim", rdp, "out.rdp", "--layers", 3)
    size, layers = Path("out.rdp").stat().st_size, len(parse(whole).header.layers)
    assert (result.code, result.out) == (0, b"")
    assert result.err == (
        f"rdpcodec: in.rdp -> out.rdp: {size} of {len(whole)} bytes, {size / 96:.3f} bpp, "
        f"3 of {layers} layers\n"
    )
    assert Path("out.rdp").read_bytes() == rdpcodec.trim(whole, layers=3)
    assert run("verify", "out.rdp").code == 0


def test_trim_takes_sizes(run: Shell, rdp: Path) -> None:
    """`--bpp` and `--target-bytes` bound the whole file; one that fits already is left as it is."""
    size = rdp.stat().st_size - 6
    assert run("trim", rdp, "bytes.rdp", "--target-bytes", size).code == 0
    assert run("trim", rdp, "bpp.rdp", "--bpp", size / 96 + 1e-6).code == 0
    assert 0 < Path("bytes.rdp").stat().st_size <= size
    assert Path("bytes.rdp").read_bytes() == Path("bpp.rdp").read_bytes()
    result = run("trim", rdp, "all.rdp", "--bpp", 1000)
    assert "note: in.rdp: nothing was cut, the file was within this already" in result.err
    assert Path("all.rdp").read_bytes() == rdp.read_bytes()


def test_trim_works_in_pipes(rdp: Path) -> None:
    """`-` is standard input and output; with -q nothing is said."""
    done = process("trim", "-", "-", "--layers", "2", "-q", data=rdp.read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == rdpcodec.trim(rdp.read_bytes(), layers=2)


def test_a_cut_file_is_refused_by_name_or_made_whole(run: Shell, rdp: Path) -> None:
    """RDP-202 without `--allow-partial`; with it, and without a goal, all whole layers."""
    whole = rdp.read_bytes()
    Path("cut.rdp").write_bytes(whole[:-9])
    result = run("trim", "cut.rdp", "out.rdp", "--layers", 1)
    assert (result.code, result.issue) == (2, "RDP-202")
    assert "error RDP-202: cut.rdp: the file is cut at byte" in result.err
    assert not Path("out.rdp").exists()
    made_whole = run("trim", "cut.rdp", "out.rdp", "--allow-partial")
    assert made_whole.code == 0
    assert f" of {len(parse(whole).header.layers)} layers" in made_whole.err
    layers = len(parse(Path("out.rdp").read_bytes()).header.layers)
    assert Path("out.rdp").read_bytes() == rdpcodec.trim(whole, layers=layers)


@pytest.mark.parametrize(
    ("arguments", "code", "issue"),
    [
        (("in.rdp", "out.rdp"), 1, "RDP-701"),
        (("in.rdp", "out.rdp", "--layers", 1, "--bpp", 1), 1, "RDP-701"),
        (("in.rdp", "out.rdp", "--layers", 999), 1, "RDP-701"),
        (("in.rdp", "out.rdp", "--target-bytes", 20), 1, "RDP-702"),
        (("in.rdp", "in.rdp", "--layers", 1), 1, "RDP-703"),
        (("in.rdp", "in.png", "--layers", 1), 1, "RDP-703"),
        (("in.rdp", "none/out.rdp", "--layers", 1), 1, "RDP-703"),
        (("in.png", "out.rdp", "--layers", 1), 2, "RDP-101"),
        (("gone.rdp", "out.rdp", "--layers", 1), 2, "RDP-603"),
    ],
)
def test_refusals_write_nothing(
    run: Shell, rdp: Path, arguments: tuple[object, ...], code: int, issue: str
) -> None:
    """One line with an id, and both inputs as they were."""
    before = rdp.read_bytes(), Path("in.png").read_bytes()
    result = run("trim", *arguments)
    assert (result.code, result.issue) == (code, issue)
    assert (rdp.read_bytes(), Path("in.png").read_bytes()) == before
    assert names() == ["in.png", "in.rdp"]


def test_a_file_is_trimmed_in_place_if_asked(run: Shell, rdp: Path) -> None:
    """`--force` replaces the input."""
    expected = rdpcodec.trim(rdp.read_bytes(), layers=2)
    assert run("trim", rdp, rdp, "--layers", 2, "--force").code == 0
    assert rdp.read_bytes() == expected


def test_trim_loads_no_network(rdp: Path) -> None:
    """A process that trims imports neither torch nor numpy, nor does `rdpcodec.trim`."""
    script = (
        "import sys; import rdpcodec; from rdpcodec.cli import main; code = main(sys.argv[1:]); "
        "rdpcodec.trim(open('out.rdp', 'rb').read(), layers=1); "
        "heavy = {'torch', 'numpy', 'PIL', 'scipy', 'numba'} & set(sys.modules); "
        "sys.exit(f'imports {heavy}' if heavy else code)"
    )
    command = [sys.executable, "-c", script, "trim", str(rdp), "out.rdp", "--layers", "2"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
