"""`compare`: pictures and .rdp files in any pair, numbers on stdout, a difference drawn."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from cli.shell import ROOT, Shell, names, opened, process
from PIL import Image

import rdpcodec
from rdpcodec.metrics import psnr


def test_compare_json_follows_its_schema_and_the_file_is_read_at_rho(run: Shell, rdp: Path) -> None:
    """The numbers are those of the picture that `decode` gives at that rho."""
    facts = json.loads(run("compare", "in.png", rdp, "--rho", 0, "--json").out)
    jsonschema.validate(facts, json.loads((ROOT / "spec/compare.schema.json").read_text()))
    shown = rdpcodec.decode(rdp.read_bytes(), rho=0).pixels.astype(int)
    assert facts["psnr"] == pytest.approx(psnr(opened("in.png"), shown))
    assert facts["largest_difference"] == np.abs(shown - opened("in.png")).max()
    assert (facts["width"], facts["height"], facts["equal"]) == (32, 24, False)
    realistic = json.loads(run("compare", "in.png", rdp, "--rho", 1, "--json").out)
    assert realistic["psnr"] < facts["psnr"]


def test_compare_says_what_each_number_is(run: Shell, rdp: Path) -> None:
    """A line for each measure; those that cannot be had are notes, and none with -q."""
    result = run("compare", "in.png", rdp)
    lines = result.out.decode().splitlines()
    assert lines[0].split() == ["pixels", "32", "x", "24"]
    assert lines[1].startswith("largest difference  ")
    assert lines[2].startswith("PSNR (dB)")
    assert lines[2].endswith("(higher is better)")
    assert "note: ms_ssim is left out: " in result.err
    quiet = run("compare", "in.png", rdp, "-q")
    assert (quiet.out, quiet.err) == (result.out, "")


def test_equal_pictures_are_called_so(run: Shell) -> None:
    """Their PSNR is infinite, which JSON cannot say; grey equals RGB of equal channels."""
    grey = Image.fromarray(opened("in.png")).convert("L")
    grey.save("grey.png")
    grey.convert("RGB").save("rgb.png")
    assert run("compare", "grey.png", "rgb.png").out.startswith(
        b"pixels              32 x 24, equal"
    )
    facts = json.loads(run("compare", "grey.png", "rgb.png", "--json").out)
    assert (facts["equal"], facts["psnr"], facts["largest_difference"]) == (True, None, 0)


def test_the_difference_is_drawn(run: Shell) -> None:
    """B less A, four times as large, around 128; what does not fit is clipped."""
    pixels = np.full((24, 32, 3), 100, np.uint8)
    Image.fromarray(pixels).save("a.png")
    pixels[0, 0], pixels[0, 1] = (103, 98, 100), (0, 255, 100)
    Image.fromarray(pixels).save("b.png")
    assert run("compare", "a.png", "b.png", "-o", "diff.png").code == 0
    drawn = opened("diff.png")
    assert drawn[0, 0].tolist() == [140, 120, 128]
    assert drawn[0, 1].tolist() == [0, 255, 128]
    assert (drawn[1:] == 128).all()


@pytest.mark.parametrize(
    ("arguments", "code", "issue", "said"),
    [
        (("in.png", "small.png"), 1, "RDP-701", "in.png has 32 x 24 pixels and small.png 5 x 4"),
        (("small.png", "in.rdp"), 1, "RDP-701", "small.png has 5 x 4 pixels and in.rdp 32 x 24"),
        (("in.png", "in.png", "--rho", 1), 1, "RDP-701", "--rho is for .rdp pictures"),
        (("in.png", "in.rdp", "--rho", 2), 1, "RDP-701", "rho is 2"),
        (("in.png", "in.rdp", "-o", "-"), 1, "RDP-701", "standard output is for the numbers"),
        (("in.png", "in.rdp", "-o", "diff.jpg"), 1, "RDP-701", "a second time"),
        (("in.png", "in.rdp", "-o", "in.png"), 1, "RDP-703", "the output in.png is A itself"),
        (("small.png", "in.png", "-o", "none/x.png"), 1, "RDP-703", "none"),
        (("-", "-"), 1, "RDP-701", "A and B are both standard input, expected one at most"),
        (("in.png", "gone.png"), 2, "RDP-603", "gone.png"),
        (("in.png", "cut.rdp"), 2, "RDP-202", "cut.rdp"),
        (("text", "in.png"), 2, "RDP-601", "text"),
    ],
)
def test_refusals_name_the_file(
    run: Shell, rdp: Path, arguments: tuple[object, ...], code: int, issue: str, said: str
) -> None:
    """One line with an id, and nothing is written."""
    Image.new("RGB", (5, 4)).save("small.png")
    Path("cut.rdp").write_bytes(rdp.read_bytes()[:-9])
    Path("text").write_text("no picture")
    before = names()
    result = run("compare", *arguments)
    assert (result.code, result.issue, result.out) == (code, issue, b"")
    assert said in result.err
    assert names() == before


def test_one_side_may_come_through_a_pipe(rdp: Path) -> None:
    """`-` is standard input, of either kind."""
    done = process("compare", "in.png", "-", "--json", "-q", data=rdp.read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["b"] == "-"
