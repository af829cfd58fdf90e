"""Tests of what is no .rdp picture."""

from collections.abc import Callable

import pytest

from rdpcodec.container import SIGNATURE, RdpFile, build, parse
from rdpcodec.errors import ISSUE, NotRdpError, TruncatedError

MakeFile = Callable[..., RdpFile]
REMOTE = "full address:s:host.example\r\nscreen mode id:i:2\r\n"


@pytest.mark.parametrize(
    "data",
    [
        REMOTE.encode(),
        b"screen mode id:i:2\r\n",
        REMOTE.encode("utf-8-sig"),
        REMOTE.encode("utf-16"),
        b"\xfe\xff" + REMOTE.encode("utf-16-be"),
        b"\r\n" + REMOTE.encode(),
    ],
)
def test_a_remote_desktop_file_is_named(data: bytes) -> None:
    """A connection file with the same extension is recognised in every encoding."""
    with pytest.raises(NotRdpError, match="Windows Remote Desktop") as caught:
        parse(data)
    assert caught.value.issue == ISSUE.REMOTE_DESKTOP_FILE


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"GIF89a", "GIF"),
        (b"RIFF1234WEBPVP8 ", "WebP"),
        (b"\0\0\0\x20ftypavif", "AVIF"),
        (b"\0\0\0\x20ftypmp42", "ISO media"),
        (b"\xff\x0a", "JPEG XL"),
        (b"hello", "68 65 6c 6c 6f"),
        (b"\x09RD", "09 52 44"),
        ("\u017fet:s:".encode(), "c5 bf"),  # a long s, which is no ASCII letter
    ],
)
def test_other_files_are_named(data: bytes, name: str) -> None:
    """The sentence says what the file is."""
    with pytest.raises(NotRdpError, match=name) as caught:
        parse(data)
    assert caught.value.issue == ISSUE.NOT_RDP


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\r", b"\n"),
        lambda data: data.replace(b"\r", b""),
        lambda data: bytes(byte & 0x7F for byte in data),
        lambda data: data.decode("latin-1").encode("utf-8"),
        lambda data: data.decode("utf-8", errors="replace").encode("utf-8"),
    ],
)
def test_text_mode_transfer_is_named(change: Callable[[bytes], bytes], make_file: MakeFile) -> None:
    """Each usual way of damaging a binary file is recognised by the signature."""
    with pytest.raises(NotRdpError, match="text mode") as caught:
        parse(change(build(make_file())))
    assert caught.value.issue == ISSUE.TRANSFER_DAMAGE


@pytest.mark.parametrize("length", range(1, len(SIGNATURE) + 1))
def test_a_prefix_of_the_signature_is_a_cut_file(length: int) -> None:
    """One to five bytes of the signature, and the signature alone, are a file that was cut."""
    with pytest.raises(TruncatedError, match="no layer is whole"):
        parse(SIGNATURE[:length])
