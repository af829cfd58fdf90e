"""16 bits on the command line: kept where they fit, told where they do not."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from cli.shell import ROOT, Shell, names
from numpy.typing import NDArray

from rdpcodec import codec
from rdpcodec.images import Picture, at_depth, encode_picture, read_picture
from rdpcodec.metrics import psnr

OPTIONS = ("--prior", "gaussian-1", "--t", 800)


@pytest.fixture
def deep(run: Shell) -> NDArray[np.uint16]:
    """A picture of 16 bits, in deep.png and deep.rdp."""
    rows, columns = np.mgrid[0:24, 0:32]
    slope = rows * 900 + columns * 1000 + 123
    pixels = np.stack([slope, slope[::-1], slope[:, ::-1]], axis=2).astype(np.uint16)
    Path("deep.png").write_bytes(encode_picture(Picture(pixels), ".png"))
    assert run("compress", "deep.png", "deep.rdp", *OPTIONS).code == 0
    return pixels


def read(name: str) -> Picture:
    """Return the picture of a file."""
    return read_picture(Path(name))[0]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_go_from_file_to_file(run: Shell, deep: NDArray[np.uint16], suffix: str) -> None:
    """Compressed and decompressed they are nearer to the original than any 8 bits would be."""
    result = run("decompress", "deep.rdp", f"out{suffix}", "--rho", 0)
    assert (result.code, "note" in result.err) == (0, False)
    found = read(f"out{suffix}")
    want = codec.decode(Path("deep.rdp").read_bytes(), rho=0)
    np.testing.assert_array_equal(found.pixels, want.pixels)
    assert (found.depth, want.depth) == (16, 16)
    assert np.abs(found.pixels.astype(int) - deep).max() < 6 * 257


def test_inspect_names_the_depth(run: Shell, deep: NDArray[np.uint16]) -> None:
    """For people, for programs, and in a list."""
    assert deep.size
    assert "32 x 24 RGB, 16 bits" in run("inspect", "deep.rdp").out.decode()
    assert json.loads(run("inspect", "deep.rdp", "--json").out)["depth"] == 16
    assert "rgb 16 " in run("inspect", "deep.rdp", "in.rdp").out.decode()


def test_a_format_of_8_bits_says_what_it_leaves_out(run: Shell, deep: NDArray[np.uint16]) -> None:
    """A note where nobody asked, silence where 8 bits were asked for, a refusal of 16."""
    assert deep.size
    result = run("decompress", "deep.rdp", "out.webp")
    assert "note: out.webp: .webp is written without 16 bits a sample, .png has all" in result.err
    want = codec.decode(Path("deep.rdp").read_bytes(), depth=8)
    np.testing.assert_array_equal(read("out.webp").pixels, want.pixels)
    assert "note" not in run("decompress", "deep.rdp", "out.webp", "--depth", 8).err
    before = names()
    for options in (("out.bmp",), ("-o", "folder", "--format", "webp")):
        result = run("decompress", "deep.rdp", *options, "--depth", 16)
        assert (result.code, result.issue) == (1, "RDP-701")
        assert "holds 8 bits a sample and --depth is 16, .png and .tif" in result.err
    assert names() == before


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("source", ["deep.rdp", "in.rdp"])
@pytest.mark.parametrize("command", ["decompress", "view"])
def test_depth_decides(
    run: Shell, deep: NDArray[np.uint16], source: str, depth: int, command: str
) -> None:
    """Of either file either depth, and those between two samples of 8 bits are there."""
    assert deep.size
    out = ("out.png",) if command == "decompress" else ("-o", "out.png")
    assert run(command, source, *out, "--depth", depth, "--rho", 0).code == 0
    found = read("out.png")
    assert found.depth == depth
    if depth == 16:
        assert (found.pixels % 257 != 0).mean() > 0.9


def test_another_depth_is_a_mistake_of_use(run: Shell) -> None:
    """8 and 16 are all there are, and only files have them."""
    assert run("decompress", "in.rdp", "out.png", "--depth", 10).code == 1
    assert run("view", "in.rdp", "--depth", 16).issue == "RDP-701"
    result = run("view", "in.rdp", "--browser", "-o", "page.html", "--depth", 16)
    assert result.issue == "RDP-701"


def test_folders_keep_16_bits(run: Shell, deep: NDArray[np.uint16]) -> None:
    """Files of both depths side by side; the record says what was left out."""
    assert deep.size
    assert run("decompress", "deep.rdp", "in.rdp", "-o", "tifs", "--format", "tif").code == 0
    assert [read(f"tifs/{name}.tif").depth for name in ("deep", "in")] == [16, 8]
    options = ("-o", "webps", "--format", "webp", "--report", "report.jsonl")
    assert run("decompress", "deep.rdp", *options).code == 0
    (line,) = [json.loads(line) for line in Path("report.jsonl").read_text().splitlines() if line]
    assert line["notes"] == [".webp is written without 16 bits a sample"]
    assert run("decompress", "in.rdp", "-o", "deep", "--depth", 16).code == 0
    assert read("deep/in.png").depth == 16
    assert run("compress", "deep.png", "in.png", "-o", "rdps", *OPTIONS).code == 0
    heads = [json.loads(run("inspect", f"rdps/{n}.rdp", "--json").out) for n in ("deep", "in")]
    assert [head["depth"] for head in heads] == [16, 8]


def test_a_background_is_laid_at_16_bits(run: Shell, deep: NDArray[np.uint16]) -> None:
    """Alpha of 16 bits comes back, and with a colour the samples stay of 16 bits."""
    alpha = deep[:, :, 0].copy()
    Path("clear.png").write_bytes(encode_picture(Picture(deep, alpha=alpha), ".png"))
    assert run("compress", "clear.png", "clear.rdp", *OPTIONS).code == 0
    assert run("decompress", "clear.rdp", "out.png").code == 0
    np.testing.assert_array_equal(read("out.png").alpha, alpha)  # type: ignore[arg-type]
    assert run("decompress", "clear.rdp", "out.png", "--background", "white").code == 0
    assert (read("out.png").depth, read("out.png").alpha) == (16, None)
    assert run("decompress", "clear.rdp", "out.ppm", "--background", "white").code == 0


def test_trim_and_verify_and_a_page_take_deep_files(run: Shell, deep: NDArray[np.uint16]) -> None:
    """A coarser file has the depth of the finer one; a page shows 8 bits of it."""
    assert deep.size
    assert run("verify", "deep.rdp").code == 0
    assert run("trim", "deep.rdp", "coarse.rdp", "--layers", 3).code == 0
    assert json.loads(run("inspect", "coarse.rdp", "--json").out)["depth"] == 16
    assert (
        run("view", "deep.rdp", "--browser", "-o", "page.html", "--original", "deep.png").code == 0
    )
    assert "16 bits" in Path("page.html").read_text(encoding="utf-8")


def test_masks_of_16_bits_are_taken(run: Shell, deep: NDArray[np.uint16]) -> None:
    """A map of rho and a mask of what is worth most may be grey pictures of 16 bits."""
    Path("mask.png").write_bytes(encode_picture(Picture(deep[:, :, 0].copy()), ".png"))
    assert run("decompress", "in.rdp", "out.png", "--rho-map", "mask.png").code == 0
    share = deep[:, :, 0] / np.float32(65_535)
    want = codec.decode(Path("in.rdp").read_bytes(), rho=share)
    np.testing.assert_array_equal(read("out.png").pixels, want.pixels)
    assert run("compress", "in.png", "out.rdp", *OPTIONS, "--roi", "mask.png").code == 0


def test_compare_takes_all_bits(run: Shell, deep: NDArray[np.uint16]) -> None:
    """One step of 65535 is a difference, of files of 16 bits and of one of 8 beside one."""
    moved = deep.copy()
    moved[3, 4, 1] += 1
    Path("moved.png").write_bytes(encode_picture(Picture(moved), ".png"))
    facts = json.loads(run("compare", "deep.png", "moved.png", "--json").out)
    jsonschema.validate(facts, json.loads((ROOT / "spec/compare.schema.json").read_text()))
    assert (facts["depth"], facts["equal"]) == (16, False)
    assert facts["largest_difference"] == pytest.approx(1 / 257)
    assert facts["psnr"] == pytest.approx(20 * np.log10(65_535) + 10 * np.log10(deep.size))
    result = run("compare", "deep.png", "moved.png")
    assert "largest difference  0.003891 of 255" in result.out.decode()
    assert "note: of 16 bits a sample, measures other than PSNR see 8" in result.err
    read_back = json.loads(run("compare", "deep.png", "deep.rdp", "--rho", 0, "--json").out)
    shown = codec.decode(Path("deep.rdp").read_bytes(), rho=0).pixels
    assert read_back["psnr"] == pytest.approx(psnr(shown, deep, 65_535))
    Path("plain.png").write_bytes(encode_picture(Picture(at_depth(deep, 8)), ".png"))
    rounded = json.loads(run("compare", "plain.png", "deep.png", "--json").out)
    assert (rounded["depth"], rounded["largest_difference"] <= 0.5) == (16, True)


def test_a_difference_of_16_bits_is_drawn(run: Shell, deep: NDArray[np.uint16]) -> None:
    """Four times as large, around the grey of 128, in as many bits."""
    moved = deep.copy()
    moved[0, 0], moved[0, 1] = deep[0, 0] + 3, 0
    Path("moved.png").write_bytes(encode_picture(Picture(moved), ".png"))
    assert run("compare", "deep.png", "moved.png", "-o", "diff.png").code == 0
    drawn = read("diff.png").pixels
    assert drawn.dtype == np.uint16
    assert (drawn[0, 0] == 128 * 257 + 12).all()
    assert (drawn[5, 5] == 128 * 257).all()
    assert (drawn[0, 1] == np.maximum(0, 128 * 257 - 4 * deep[0, 1].astype(int))).all()


def test_a_prior_is_checked_on_a_photo_of_16_bits(run: Shell, deep: NDArray[np.uint16]) -> None:
    """Its eight highest bits say as much as those of a photo of 8."""
    Path("plain.png").write_bytes(encode_picture(Picture(at_depth(deep, 8)), ".png"))
    found = [
        json.loads(run("priors", "--check", "gaussian-1", name, "--json").out)
        for name in ("deep.png", "plain.png")
    ]
    for facts in found:
        for level in facts["levels"]:
            del level["seconds"]
    assert found[0] == found[1]
