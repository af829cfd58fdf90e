"""No file and no image causes a request to a network, or opens a folder that it names."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

import rdpcodec.pillow
from rdpcodec import cli, codec
from rdpcodec.errors import PriorError, RdpError

FIXTURES = Path(__file__).parents[1] / "fixtures"
FILES = [
    "invalid/RDP-501_hub.rdp", "invalid/RDP-501_number.rdp", "invalid/RDP-501_unknown.rdp",
    "invalid/RDP-502_digest.rdp", "invalid/RDP-213_before-prior.rdp", "valid/prompt/stream.rdp",
    "valid/prompt-deflated/stream.rdp", "valid/latents-rgb/stream.rdp",
    "valid/alpha-webp/stream.rdp", "valid/metadata/stream.rdp",
    "valid/unknown-ancillary/stream.rdp", "valid/icc-profile/stream.rdp",
]  # fmt: skip
_seen: list[str] | None = None


def _watch(event: str, args: tuple[object, ...]) -> None:
    """Forbid sockets, and note files of the folder that a file names; for ever, as hooks are."""
    if _seen is None:
        return
    if event.startswith("socket."):
        _seen.append(event)
        raise OSError("the network is forbidden")
    if event in ("open", "os.listdir", "os.scandir") and "someone" in str(args[0]):
        _seen.append(f"{event} {args[0]}")


sys.addaudithook(_watch)


@contextmanager
def _watched() -> Iterator[list[str]]:
    global _seen  # noqa: PLW0603 - a hook has no other place
    _seen = []
    try:
        yield _seen
    finally:
        _seen = None


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current folder that has what RDP-501_hub.rdp names."""
    monkeypatch.chdir(tmp_path)
    for name in ("someone/model", "diffusers:someone/model"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "model_index.json").write_text("{}")


@pytest.mark.parametrize("name", FILES)
def test_no_command_follows_a_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Reading it in every way: no socket, not even a look at a host's name."""
    file = str(FIXTURES / name)
    calls = [
        ["inspect", file], ["verify", file], ["view", file, "-o", "v.png"],
        ["decompress", file, "d.png"], ["trim", file, "t.rdp", "--layers", "1"],
        ["desktop", "thumbnail", file, "n.png"], ["compare", file, file],
    ]  # fmt: skip
    with _watched() as seen:
        codes = [cli.main(call) for call in calls]
    assert not seen
    assert set(codes) <= {0, 2, 3}
    capsys.readouterr()


@pytest.mark.parametrize("name", FILES[:3])
def test_a_prior_that_is_not_built_in_is_an_error(name: str) -> None:
    """In Python too, and through Pillow."""
    data = (FIXTURES / name).read_bytes()
    with _watched() as seen:
        with pytest.raises(PriorError) as caught:
            codec.decode(data)
        assert caught.value.issue == "RDP-501"
        with pytest.raises((RdpError, OSError), match="RDP-501"), Image.open(FIXTURES / name) as im:
            im.load()
    assert rdpcodec.pillow.FORMAT == "RDP"
    assert not seen


def test_no_image_causes_a_request() -> None:
    """Metadata full of addresses are kept as they are."""
    exif = Image.Exif()
    exif[270] = "https://example.org/someone"
    xmp = b'<x:xmpmeta xmlns:x="https://example.org/"/>'
    picture = Image.new("RGB", (8, 8), "red")
    for suffix in ("png", "webp", "jpg"):
        picture.save(f"in.{suffix}", exif=exif, xmp=xmp)
        with _watched() as seen:
            call = ["compress", f"in.{suffix}", "out.rdp", "--prior", "gaussian-1", "--t", "3000"]
            assert cli.main([*call, "--force"]) == 0
        assert not seen


def test_what_the_user_names_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The watch notices requests: a hub model that the user names, and nobody else does, is one."""
    pytest.importorskip("diffusers")
    file = str(FIXTURES / "valid/one-layer/stream.rdp")
    with _watched() as seen:
        code = cli.main(["verify", file, "--prior", "diffusers:nobody/such-model"])
    assert code == 3
    assert any(event.startswith("socket.") for event in seen)
    assert "cannot be had from the model hub" in capsys.readouterr().err
