"""Prompts, averages and ceilings on the command line, with the conformance model of latents."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cli.shell import ROOT, Shell, opened

from rdpcodec.container import build, pack_prompt, parse

COMPRESS = ("compress", "in.png", "out.rdp", "--prior", "latents-1", "--bpp", "2")


def test_a_prompt_goes_into_the_file_and_out_again(run: Shell) -> None:
    """`inspect` shows it, in a table and in JSON; `view` and `verify` need not be told."""
    assert run(*COMPRESS, "--prompt", "a [red] café").code == 0
    table = run("inspect", "out.rdp").out.decode()
    assert "a [red] café" in table
    assert json.loads(run("inspect", "out.rdp", "--json").out)["prompt"] == "a [red] café"
    assert b"3 chunks" in run("verify", "out.rdp").out
    assert run("view", "out.rdp", "-o", "seen.png").code == 0
    assert run("decompress", "out.rdp", "saved.png").code == 0
    assert (opened("seen.png") == opened("saved.png")).all()


def test_without_a_prompt_there_is_no_line_for_it(run: Shell) -> None:
    """The default is none."""
    assert run(*COMPRESS).code == 0
    assert "prompt" not in run("inspect", "out.rdp").out.decode()
    assert json.loads(run("inspect", "out.rdp", "--json").out)["prompt"] is None


def test_a_prompt_draws_nothing_on_the_terminal(run: Shell) -> None:
    """Characters that reorder or hide what stands beside them are spelt out."""
    assert run(*COMPRESS).code == 0
    file = parse(Path("out.rdp").read_bytes())
    hostile = replace(file, prompt=pack_prompt("a\u202ecat"))
    Path("out.rdp").write_bytes(build(hostile))
    assert r"a\u202ecat" in run("inspect", "out.rdp").out.decode()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--prompt", "a cat"), "the prior photo-1 takes no prompt"),
        (("--prior", "latents-1", "--prompt", "a\ncat"), "the prompt is of more than one line"),
        (("--negative-prompt", "a cat"), "No such option: --negative-prompt"),
        (("--guidance", "7"), "No such option: --guidance"),
        (("--guidance-scale", "7"), "No such option: --guidance-scale"),
    ],
)
def test_wishes_that_are_refused(run: Shell, options: tuple[str, ...], sentence: str) -> None:
    """A sentence, and exit code 1."""
    result = run("compress", "in.png", "out.rdp", *options)
    assert (result.code, result.issue) == (1, "RDP-701")
    assert sentence in result.err


def test_the_report_says_what_the_autoencoder_costs(run: Shell) -> None:
    """Far above what it can show a warning names its number; below there is none, nor with -q."""
    high = run(*COMPRESS[:-1], "20", "--report", "report.json")
    report = json.loads(Path("report.json").read_text())
    assert 20 < report["vae_psnr"] < 60
    assert report["vae_share"] > 0.8
    assert f"reaches {report['vae_psnr']:.2f} dB on this picture" in high.err
    assert "photo-1 would serve better at" in high.err
    assert "warning" not in run(*COMPRESS).err
    assert run(*COMPRESS[:-1], "20", "-q").err == ""
    assert run("compress", "in.png", "out.rdp", "--t", "2200", "--prior", "gaussian-1",
               "--report", "report.json").code == 0  # fmt: skip
    report = json.loads(Path("report.json").read_text())
    assert (report["vae_psnr"], report["vae_share"]) == (None, None)


def test_a_picture_can_be_a_mean_of_samples(run: Shell) -> None:
    """`--average` and `--vae-tiles` are options of both readers."""
    assert run(*COMPRESS).code == 0
    for name, options in (
        ("one", ()),
        ("three", ("--average", "3")),
        ("tiles", ("--average", "3", "--vae-tiles")),
    ):
        assert run("decompress", "out.rdp", f"{name}.png", "--rho", "0", *options).code == 0
    assert run("view", "out.rdp", "-o", "seen.png", "--rho", "0", "--average", "3").code == 0
    assert (opened("three.png") == opened("seen.png")).all()
    assert (opened("three.png") == opened("tiles.png")).all()
    assert (opened("one.png") != opened("three.png")).any()
    result = run("view", "out.rdp", "-o", "seen.png", "--average", "0")
    assert (result.code, result.issue) == (1, "RDP-701")


def test_what_a_file_says_is_known_without_its_prior(run: Shell) -> None:
    """`inspect` needs none; `verify` checks the structure, and then misses it by name."""
    file = parse((ROOT / "fixtures/valid/latents-rgb/stream.rdp").read_bytes())
    header = replace(file.header, prior_id="diffusers:nobody/has-it")
    Path("foreign.rdp").write_bytes(build(replace(file, header=header)))
    assert json.loads(run("inspect", "foreign.rdp", "--json").out)["state"] == [6, 16, 24]
    result = run("verify", "foreign.rdp")
    assert result.code == 3
    assert result.issue == "RDP-501"
    assert result.out.startswith(b"structure: ok")
