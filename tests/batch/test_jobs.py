"""What is done in a run, and where it goes."""

from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from PIL import Image

from rdpcodec.batch import Compressing, Job, Plan, plan, read_done, read_list
from rdpcodec.errors import InputError, UsageError
from rdpcodec.files import place
from rdpcodec.images import SUFFIXES
from rdpcodec.images.formats import FORMATS
from rdpcodec.options import EncodeOptions


def _plan(*inputs: str, listed: tuple[str, ...] = (), out: str = "out") -> Plan:
    return plan(inputs, listed, place(out), reads=SUFFIXES, suffix=".rdp")


def _outs(found: Plan) -> list[str]:
    return [Path(str(job.out)).as_posix() for job in found.jobs]


def test_a_folder_is_mirrored(folder: Path) -> None:
    """Sub-folders are kept; hidden files are no inputs, others are named."""
    found = _plan(str(folder))
    assert _outs(found) == ["out/a.rdp", "out/b.rdp", "out/sub/c.rdp"]
    assert found.left_out == (folder / "notes.txt",)


def test_several_inputs(folder: Path) -> None:
    """Each folder goes under its own name, a file under its name whatever its extension is."""
    found = _plan("in/notes.txt", "in/sub")
    assert _outs(found) == ["out/notes.rdp", "out/sub/c.rdp"]
    assert folder.is_dir()


def test_listed_files_keep_their_folders(folder: Path) -> None:
    """No path leads out of the folder of outputs."""
    found = _plan(listed=("in/sub/c.PNG", "../in/a.png", str(folder.resolve() / "b.bmp")))
    inner = folder.resolve().relative_to("/").as_posix()
    assert _outs(found) == ["out/in/sub/c.rdp", "out/in/a.rdp", f"out/{inner}/b.rdp"]


def test_outputs_are_not_read_again(folder: Path) -> None:
    """A folder of outputs within the inputs is passed over."""
    (folder / "out").mkdir()
    (folder / "out" / "z.png").write_bytes((folder / "a.png").read_bytes())
    assert len(_plan("in", out="in/out").jobs) == 3


def test_two_inputs_of_one_output_are_refused(folder: Path) -> None:
    """The refusal names both."""
    (folder / "a.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match=r"in/a\.jpg and in/a\.png would both become out/a\.rdp"):
        _plan("in")


def test_no_picture_is_a_refusal(folder: Path) -> None:
    """So is a folder that does not exist in a list."""
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match="there is no picture"):
        _plan("in/empty")
    with pytest.raises(InputError, match="expected a file"):
        _plan(listed=("in",))


def test_lists() -> None:
    """Lines, or names that end in zero bytes and may hold line ends."""
    assert read_list(b"a.png\nb c.png\n") == ["a.png", "b c.png"]
    assert read_list(b"a\nb.png\0c.png\0") == ["a\nb.png", "c.png"]


def test_the_extensions_are_those_of_the_formats() -> None:
    """What Pillow calls a format that is read here is looked for in folders."""
    known = {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS}
    assert known - {".pfm"} <= SUFFIXES


def test_stores_are_listed_once(folder: Path) -> None:
    """Objects take the place of files, on either side."""
    memory = fsspec.filesystem("memory")
    for path in folder.rglob("*.*"):
        memory.pipe_file(f"/store/{path}", path.read_bytes())
    memory.pipe_file("/store/in/out/old.png", b"")
    found = _plan("memory://store/in", out="memory://store/in/out")
    assert [str(job.source) for job in found.jobs] == [
        "memory://store/in/a.png", "memory://store/in/b.bmp", "memory://store/in/sub/c.PNG"
    ]  # fmt: skip
    assert str(found.jobs[2].out) == "memory://store/in/out/sub/c.rdp"
    assert found.left_out == (place("memory://store/in/notes.txt"),)
    assert _outs(_plan("memory://store/in", "in/sub")) == [
        "out/in/a.rdp", "out/in/b.rdp", "out/in/out/old.rdp", "out/in/sub/c.rdp", "out/sub/c.rdp"
    ]  # fmt: skip
    assert _outs(_plan(listed=("memory://store/in/a.png",))) == ["out/store/in/a.rdp"]

    work = Compressing(EncodeOptions(prior="gaussian-1", t=2200))
    record = work(found.jobs[0])
    assert (record.status, record.out) == ("done", "memory://store/in/out/a.rdp")
    local = work(Job(folder / "a.png", Path("a.rdp")))
    assert memory.cat_file("/store/in/out/a.rdp") == Path("a.rdp").read_bytes()
    assert local.out_sha256 == record.out_sha256
    done = read_done([record.to_line()], "compress", work.options)
    assert replace(work, done=done)(found.jobs[0]).status == "kept"
    memory.rm("/store", recursive=True)
