"""`verify`: structure, prior and coded data."""

from dataclasses import replace
from pathlib import Path

from cli.shell import ROOT, Shell

from rdpcodec.container import build, parse


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


def test_another_prior_is_refused_by_digest(run: Shell, rdp: Path) -> None:
    """A file whose digest is not that of its prior is exit code 3."""
    file = parse(rdp.read_bytes())
    rdp.write_bytes(build(replace(file, header=replace(file.header, prior_digest=bytes(8)))))
    result = run("view", rdp, "-o", "view.png")
    assert (result.code, result.issue) == (3, "RDP-502")
    result = run("verify", rdp)
    assert result.code == 3
    assert result.out.startswith(b"structure: ok")
    assert b"prior: ok" not in result.out


def test_verify_opens_nothing_that_a_file_names(run: Shell) -> None:
    """A file that names a hub repository is refused without asking the hub."""
    result = run("verify", ROOT / "fixtures" / "invalid" / "RDP-501_hub.rdp")

    assert (result.code, result.issue) == (3, "RDP-501")
    assert "not built in" in result.err
