"""What `view`, `decompress` and `verify` share: a file is parsed once."""

from pathlib import Path

import pytest
from cli.shell import Shell

from rdpcodec.container import parser


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the parser's steps, as they are taken, whoever imported it and how."""
    taken: list[str] = []
    for name in ("check_signature", "read_body"):
        step = getattr(parser, name)
        monkeypatch.setattr(
            parser, name, lambda *args, step=step, name=name: (taken.append(name), step(*args))[1]
        )
    return taken


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("command", ["view", "view -o", "decompress", "verify", "inspect"])
def test_a_command_parses_a_file_once(
    run: Shell, rdp: Path, calls: list[str], command: str
) -> None:
    """One look at the signature, and one at the checksum of each of the two chunks."""
    args: dict[str, tuple[object, ...]] = {
        "view -o": ("view", rdp, "-o", "out.png"),
        "decompress": ("decompress", rdp, "out.png"),
    }
    result = run(*args.get(command, (command, rdp)))
    assert result.code == 0, result.err
    assert calls == ["check_signature", "read_body", "read_body"]
