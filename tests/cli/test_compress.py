"""`compress`: files, reports and notes."""

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from cli.shell import COMPRESS, ROOT, Shell, names, opened, process
from PIL import Image

from rdpcodec.container import SIGNATURE
from rdpcodec.metrics import psnr


def test_compress_writes_a_file_and_one_line(run: Shell) -> None:
    """The file appears, the summary is the last line on stderr, and stdout stays empty.

    A machine that is slow just then may have said before how far it is.
    """
    result = run(*COMPRESS, "--t", 2200)
    assert result.code == 0
    assert result.out == b""
    size = Path("out.rdp").stat().st_size
    pattern = (
        r"(rdpcodec: encoding \(\d+ of about \d+\)\n)*"
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
    assert [chunk["type"] for chunk in facts["ancillary"]] == ["r"]
    assert b"rho hint 1.00" in run("inspect", "out.rdp").out


def test_notes_about_the_image_are_said_unless_quiet(run: Shell) -> None:
    """What was left out of an image is one note on stderr."""
    Image.fromarray(opened("in.png")).convert("RGBA").save("alpha.png")
    command = ("compress", "alpha.png", "out.rdp", "--prior", "gaussian-1", "--t", 2300)
    note = "rdpcodec: note: alpha.png: the alpha channel is fully opaque and was dropped\n"
    assert run(*command).err.startswith(note)
    assert run(*command, "--quiet").err == ""


def test_an_image_that_cannot_be_stored_is_exit_code_2(run: Shell) -> None:
    """A CMYK image is refused by name, before the prior is loaded."""
    Image.new("CMYK", (4, 4)).save("inks.tif")
    result = run("compress", "inks.tif", "out.rdp")
    assert (result.code, result.issue) == (2, "RDP-602")
    assert "inks.tif: the image has CMYK" in result.err
    assert not Path("out.rdp").exists()


def test_a_limit_is_exit_code_4(run: Shell) -> None:
    """An image that is too wide is refused with the limit, before it is decoded."""
    Image.new("L", (20_000, 1)).save("wide.png")
    result = run("compress", "wide.png", "out.rdp")
    assert (result.code, result.issue) == (4, "RDP-402")
    assert "16384" in result.err


def test_a_photo_is_not_replaced_by_a_file(run: Shell) -> None:
    """`compress *.png` with two photos is refused, the second stays; --force replaces it."""
    photo = Path("in.png").read_bytes()
    Path("second.png").write_bytes(photo)
    command = ("compress", "in.png", "second.png", "--prior", "gaussian-1", "--t", 2300)
    result = run(*command)
    assert (result.code, result.issue) == (1, "RDP-703")
    assert "second.png exists and is a PNG image; --force replaces it" in result.err
    assert Path("second.png").read_bytes() == photo
    assert run(*command, "--force").code == 0
    assert Path("second.png").read_bytes().startswith(SIGNATURE)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("photo", b"\xff\xd8\xff\xe0", "is a JPEG image"),
        ("raw.NEF", b"anything", "is an image, by its extension .NEF"),
        ("office.rdp", b"full address:s:host\r\n", "is a Windows Remote Desktop connection file"),
    ],
)
def test_what_is_kept_is_told_by_content_or_extension(
    run: Shell, name: str, data: bytes, said: str
) -> None:
    """Images and connection files stay; --report does not replace them either."""
    Path(name).write_bytes(data)
    for command in (("compress", "in.png", name), (*COMPRESS, "--report", name)):
        result = run(*command)
        assert (result.code, result.issue) == (1, "RDP-703")
        assert said in result.err
    assert Path(name).read_bytes() == data
    assert not Path("out.rdp").exists()


def test_files_of_our_own_and_unknown_ones_are_replaced(run: Shell, rdp: Path) -> None:
    """An .rdp picture, an empty file and one of no known kind need no --force."""
    Path("empty.rdp").touch()
    Path("notes").write_bytes(b"old")
    for name in (rdp, "empty.rdp", "notes"):
        assert run("compress", "in.png", name, "--prior", "gaussian-1", "--t", 2300).code == 0
        assert Path(name).read_bytes().startswith(SIGNATURE)


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_one_file_by_two_names_is_found(run: Shell, link: str) -> None:
    """OUT or --report that leads to IN, or one to the other, is refused before the work."""
    photo = Path("in.png").read_bytes()
    getattr(Path("again"), link)("in.png")
    result = run("compress", "in.png", "again")
    assert (result.code, result.issue) == (1, "RDP-703")
    assert "the output again is IN itself" in result.err
    result = run(*COMPRESS, "--report", "again")
    assert (result.code, result.issue) == (1, "RDP-701")
    assert "IN and --report are both again" in result.err
    Path("out.rdp").touch()
    getattr(Path("report"), link)("out.rdp")
    result = run(*COMPRESS, "--report", "report")
    assert (result.code, result.issue) == (1, "RDP-701")
    assert "OUT and --report are both report" in result.err
    assert Path("in.png").read_bytes() == photo
    assert Path("out.rdp").read_bytes() == b""


def test_a_report_that_is_the_output_through_a_linked_folder_is_refused(run: Shell) -> None:
    """Neither file has to exist."""
    Path("folder").mkdir()
    Path("link").symlink_to("folder")
    result = run("compress", "in.png", "folder/new", "--report", "link/new")
    assert (result.code, result.issue) == (1, "RDP-701")


@pytest.mark.parametrize("name", ["folder", "folder/", "missing/", "folder/.", ""])
def test_a_directory_is_no_output(run: Shell, name: str) -> None:
    """`compress a.png folder/` writes nothing, whether the folder is there or not."""
    Path("folder").mkdir()
    result = run("compress", "in.png", name)
    assert (result.code, result.issue) == (1, "RDP-703")
    assert "it names a directory, expected the name of a file in it" in result.err
    assert names() == ["folder", "in.png", "in.rdp"]


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


def test_a_file_that_cannot_reach_its_goal_says_so(run: Shell) -> None:
    """At t = 0 there is nothing finer to spend bytes on; a goal that is met needs no note."""
    Image.new("L", (12, 9), 90).save("flat.png")
    command = ("compress", "flat.png", "flat.rdp", "--prior", "gaussian-1", "--force")
    result = run(*command, "--target-bytes", "5000")
    assert "note: flat.png: the file ends at t = 0; nothing finer exists" in result.err
    assert "note" not in run(*command, "--t", "0").err
    assert "note" not in run(*command, "--target-bytes", "60").err


def test_a_quality_is_asked_for_and_told(run: Shell) -> None:
    """`--psnr` is met at rho = 0; the summary and the report say by how much."""
    result = run(*COMPRESS, "--psnr", 33, "--report", "report.json")
    assert result.code == 0
    told = float(re.search(r"bpp, ([\d.]+) dB at rho = 0, ", result.err)[1])
    assert run("decompress", "out.rdp", "out.png", "--rho", 0).code == 0
    reached = psnr(opened("in.png"), opened("out.png"))
    assert 33 <= reached < 36
    assert told == round(reached, 2)
    report = json.loads(Path("report.json").read_text())
    jsonschema.validate(report, json.loads((ROOT / "spec/report.schema.json").read_text()))
    assert report["psnr"] == pytest.approx(reached)
    result = run(*COMPRESS, "--psnr", 33, "--t", 2000)
    assert (result.code, result.issue) == (1, "RDP-701")
    assert "--bpp, --target-bytes, --psnr and --t exclude each other, 2 were given" in result.err


def test_a_quality_out_of_reach_is_said(run: Shell) -> None:
    """The finest file is written, with a note of what it has."""
    noise = np.random.default_rng(1).integers(0, 256, (9, 12, 3), np.uint8)
    Image.fromarray(noise).save("noise.png")
    command = ("compress", "noise.png", "out.rdp", "--prior", "gaussian-1", "--psnr")
    found = run(*command, 99)
    assert found.code == 0
    assert re.search(r"note: noise.png: the file ends at t = 0 with [\d.]+ dB, not 99: ", found.err)
    assert "note" not in run(*command, 25).err


def test_a_mask_says_where_bits_go(run: Shell) -> None:
    """`--roi` reads a grey picture of the same size; anything else is refused by name."""
    mask = np.zeros((24, 32), np.uint8)
    mask[:, :16] = 255
    Image.fromarray(mask).save("mask.png")
    command = (*COMPRESS, "--t", 1800)
    assert run(*command).code == 0
    plain = Path("out.rdp").stat().st_size
    assert run(*command, "--roi", "mask.png", "--roi-gain", 4).code == 0
    assert Path("out.rdp").stat().st_size < 0.9 * plain
    Image.fromarray(mask[:, :16]).save("half.png")
    Image.fromarray(mask.astype(np.float32)).save("float.tif")
    for arguments, code, issue, said in (
        (("--roi", "half.png"), 1, "RDP-701", "a mask of 16 x 24 pixels, expected 32 x 24"),
        (("--roi", "in.png"), 1, "RDP-701", "the mask of --roi, in.png, is in colour"),
        (("--roi", "float.tif"), 2, "RDP-602", "float.tif"),
        (("--roi", "gone.png"), 2, "RDP-603", "gone.png"),
        (("--roi-gain", 3), 1, "RDP-701", "there is no mask"),
    ):
        result = run(*command, *arguments)
        assert (result.code, result.issue) == (code, issue)
        assert said in result.err
    result = run("compress", "-", "out.rdp", "--roi", "-")
    assert (result.code, result.issue) == (1, "RDP-701")
    assert "IN and --roi are both standard input" in result.err
    result = run("compress", "in.png", "mask.png", "--roi", "mask.png", "--t", 1800)
    assert (result.code, result.issue) == (1, "RDP-703")
    assert "the output mask.png is --roi itself" in result.err
