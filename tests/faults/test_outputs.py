"""Outputs that cannot be written: one sentence, a documented exit code; what was there stays."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.shell import ENVIRONMENT
from faults.conftest import Run

Make = Callable[[str], Run]
LINE = re.compile(r"rdpcodec: error (RDP-\d{3}): \S.*\n")
PICTURES = (
    "trim",
    pytest.param("compress", marks=pytest.mark.slow),
    pytest.param("decompress", marks=pytest.mark.slow),
)
COMPRESS, TRIM = "compress {} {} --prior gaussian-1 --t 2200 -q", "trim {} {} --layers 1 -q"
DECOMPRESS = "decompress {} {} --rho 0 --format png -q"
WORDS = {"compress": (COMPRESS, "in.png"), "decompress": (DECOMPRESS, "in.rdp"),
         "trim": (TRIM, "in.rdp")}  # fmt: skip
MEMORY_KB = 300_000
LINE_OF_MEMORY = "rdpcodec: error RDP-901: the memory of this machine does not suffice\n"


def _said(run: Run, words: str, limit: str | None = None) -> tuple[int, str]:
    """Return the exit code, and the id of the only line on stderr."""
    code, err = run.end(run.start(words, limit))
    match = LINE.fullmatch(err)
    assert match, err
    assert not run.hidden()
    return code, match[1]


def _words(name: str, out: object) -> str:
    words, source = WORDS[name]
    return words.format(source, out)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 16 kB, full but for some bytes; needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["/bin/umount", str(place)], check=True)


@pytest.mark.parametrize("name", PICTURES)
def test_a_file_that_may_not_grow(make: Make, name: str) -> None:
    """Where a file may have no block, nothing appears under the name."""
    run = make(name)
    out = run.folder / "grown.out"
    assert _said(run, _words(name, out), "-f 0") == (1, "RDP-703")
    assert not out.exists()


@pytest.mark.parametrize("name", PICTURES)
def test_a_full_disk(make: Make, name: str, small_disk: Path) -> None:
    """The old output stays, whole."""
    run, out = make(name), small_disk / "out.bin"
    out.write_bytes(b"old")
    (small_disk / "filler").write_bytes(bytes(12 << 10))
    assert _said(run, _words(name, out)) == (1, "RDP-703")
    assert out.read_bytes() == b"old"
    assert sorted(path.name for path in small_disk.iterdir()) == ["filler", "out.bin"]


def test_a_disk_that_is_read_only(make: Make, small_disk: Path) -> None:
    """It is refused before the work is done, a new file as an old one."""
    run = make("trim")
    (small_disk / "old.rdp").write_bytes(b"old")
    again = ["/bin/mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(again, check=True)
    for name in ("old.rdp", "new.rdp"):
        assert _said(run, _words("trim", small_disk / name)) == (1, "RDP-703")
    assert (small_disk / "old.rdp").read_bytes() == b"old"


def test_a_folder_of_another_user(make: Make, tmp_path: Path) -> None:
    """Whoever is not root may not write there, and is told."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    run = make("trim")
    tmp_path.chmod(0o500)
    try:
        assert _said(run, _words("trim", tmp_path / "out.rdp")) == (1, "RDP-703")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("name", PICTURES)
def test_an_output_that_is_a_directory_or_the_input(make: Make, name: str) -> None:
    """Neither is replaced."""
    run = make(name)
    source = run.folder / WORDS[name][1]
    before = source.read_bytes()
    assert _said(run, _words(name, run.folder)) == (1, "RDP-703")
    assert _said(run, _words(name, source)) == (1, "RDP-703")
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", PICTURES)
def test_a_pipe_that_closes(make: Make, name: str) -> None:
    """Whoever reads no more is no failure of ours: no word, and the code of a closed pipe."""
    run = make(name)
    with run.start(_words(name, "-")) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        err = running.stderr.read()
    assert (running.returncode, err) == (141, b"")


@pytest.mark.parametrize("name", PICTURES)
def test_two_processes_on_one_output(make: Make, name: str) -> None:
    """Both succeed, and the output is whole."""
    run = make(name)
    both = [run.start(), run.start()]
    assert [run.end(running)[0] for running in both] == [0, 0]
    assert (run.out.read_bytes(), run.hidden()) == (run.new, [])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a limit on addresses")
@pytest.mark.parametrize("name", WORDS)
def test_few_addresses(make: Make, name: str) -> None:
    """Under 300 MB a picture is made, or the memory does not suffice: nothing in between."""
    run = make(name)
    out = run.folder / "small.out"
    code, err = run.end(run.start(_words(name, out), f"-v {MEMORY_KB}"))
    assert (code, err) in ((0, ""), (4, LINE_OF_MEMORY))
    assert out.exists() == (code == 0)
    assert not run.hidden()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a limit on addresses")
@pytest.mark.parametrize("megabytes", [60, 180, 240])
def test_fewer_addresses(make: Make, megabytes: int) -> None:
    """No library waits for ever, or ends the process with words of its own."""
    run = make("trim")
    code, err = run.end(run.start("verify in.rdp -q", f"-v {megabytes}000"))
    assert (code, err) in ((0, ""), (4, LINE_OF_MEMORY))
    if megabytes == 60:
        assert code == 4


@pytest.mark.slow
def test_a_batch_on_a_full_disk(make: Make, small_disk: Path) -> None:
    """Each file that cannot be written is a failure of its own; exit code 5."""
    run = make("trim")
    (small_disk / "filler").write_bytes(bytes(16 << 10))
    words = f"compress in -o {small_disk} --prior gaussian-1 --t 2200 -q"
    code, err = run.end(run.start(words))
    assert code == 5
    assert err.count("rdpcodec: error RDP-") == err.count("\n") == 3
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_python_is_told_too(make: Make) -> None:
    """What the command line says as RDP-901 is a MemoryError in Python."""
    run = make("trim")
    code = (
        "import resource; limit = 150 << 20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "try:\n    import rdpcodec.transforms.cosine\n"
        "except MemoryError:\n    print('refused')"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=run.folder, capture_output=True, env=ENVIRONMENT, check=False, text=True
    )
    assert done.stdout == "refused\n", done.stderr
