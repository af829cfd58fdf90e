"""Tests of the chunk `T`: forms, limits, its place, and every refusal."""

import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdpcodec.container import (
    SIGNATURE,
    Chunk,
    FileSize,
    RdpFile,
    build,
    describe,
    file_size,
    header_bytes,
    pack_prompt,
    pack_rho,
    parse,
)
from rdpcodec.container.chunks import build_chunk
from rdpcodec.container.prompt import Prompt, flaw, parse_prompt
from rdpcodec.errors import ISSUE, LimitError, MalformedError, TruncatedError
from rdpcodec.limits import Limits

MakeFile = Callable[..., RdpFile]
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=300
)
LONG = "a photograph of a cat that looks at a photograph of a cat"


def deflated(data: bytes) -> bytes:
    """Return a body of form 1."""
    stream = zlib.compressobj(9, wbits=-15)
    return b"\1" + stream.compress(data) + stream.flush()


def told(make_file: MakeFile, text: str = LONG, *ancillary: Chunk) -> RdpFile:
    """Return a file with a prompt."""
    return replace(make_file(*ancillary), prompt=pack_prompt(text))


def with_bodies(file: RdpFile, *bodies: bytes, before: bytes = b"") -> bytes:
    """Return the bytes of a file with other chunks `T`."""
    plain = build(replace(file, prompt=None))
    head = len(header_bytes(file.header))
    chunks = b"".join(build_chunk("T", body) for body in bodies)
    return plain[:head] + before + chunks + plain[head:]


@given(TEXTS)
def test_a_prompt_comes_back(text: str) -> None:
    """Any text of one line does, in the shorter of its two forms."""
    packed = pack_prompt(text)
    assert packed == parse_prompt(packed.body, 0)
    assert packed.text == text
    assert packed.body in (b"\0" + text.encode(), deflated(text.encode()))
    assert len(packed.body) <= 1 + len(text.encode())


def test_the_shorter_form_is_written() -> None:
    """A word is plain, a sentence that repeats itself is deflated."""
    assert pack_prompt("a cat").body == b"\0a cat"
    body = pack_prompt(LONG).body
    assert body[0] == 1
    assert len(body) < len(LONG)


def test_files_with_prompts_round_trip(make_file: MakeFile) -> None:
    """What is parsed is what was built, and it is built again to the same bytes."""
    file = told(make_file, LONG, pack_rho(0.5), Chunk("z", b"a"))
    data = build(file)
    assert parse(data) == file
    assert build(parse(data)) == data
    assert file_size(file.header, file.chunks).file_bytes == len(data)
    assert FileSize.without_layers(file.header, file.chunks).other_bytes > 50
    assert describe(file, len(data))["prompt"] == LONG
    assert describe(replace(file, prompt=None), len(data))["prompt"] is None


def test_what_another_compressor_wrote_is_kept(make_file: MakeFile) -> None:
    """A stream that zlib would not write is read, and written again as it was."""
    text = b"ab" * 200
    stream = zlib.compressobj(1, wbits=-15)
    other = b"\1" + stream.compress(text) + stream.flush()
    assert other != pack_prompt(text.decode()).body
    data = with_bodies(make_file(), other)
    file = parse(data)
    assert file.prompt == Prompt(other, text.decode())
    assert build(file) == data
    assert build(parse(build(file.truncated(1)))) == build(file.truncated(1))
    assert file.truncated(1).prompt == file.prompt


def test_the_prompt_comes_right_after_the_header(make_file: MakeFile) -> None:
    """An ancillary chunk before it, or a second one, is out of order."""
    body = pack_prompt("a cat").body
    early = build_chunk("z", b"")
    for data in (
        with_bodies(make_file(), body, before=early),
        with_bodies(make_file(), body, body),
    ):
        with pytest.raises(MalformedError, match="is not the one after H") as caught:
            parse(data)
        assert caught.value.issue == ISSUE.CHUNK_ORDER
    first = build(told(make_file))[: len(SIGNATURE)] + build_chunk("T", body)
    with pytest.raises(MalformedError, match="first chunk is T") as caught:
        parse(first)
    assert caught.value.issue == ISSUE.CHUNK_ORDER


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "has the form None"),
        (b"\2cat", "has the form 2"),
        (b"\0", "is empty"),
        (b"\0\xff", "is not UTF-8 at byte 0"),
        (b"\0a\xed\xa0\x80", "is not UTF-8 at byte 1"),
        (b"\0a\nb", "of more than one line"),
        (b"\0a\x7f", "control characters"),
        (b"\0\xc2\x9b31m", "control characters"),
        (b"\1\xff", "does not inflate"),
        (deflated(LONG.encode())[:-3], "is not exactly one DEFLATE stream"),
        (deflated(LONG.encode()) + b"\0", "is not exactly one DEFLATE stream"),
        (deflated(b"a cat"), "is deflated to 7 bytes, and has 5 without"),
        (deflated(b"a\0" * 40), "control characters"),
        (deflated(b"\xff" * 40), "is not UTF-8"),
    ],
)
def test_bodies_that_are_no_prompt_are_refused(
    make_file: MakeFile, body: bytes, sentence: str
) -> None:
    """Each by name, whether or not the picture is decoded."""
    with pytest.raises(MalformedError, match=sentence) as caught:
        parse(with_bodies(make_file(), body))
    assert caught.value.issue == ISSUE.BAD_PROMPT


def test_a_prompt_is_bounded_before_it_is_inflated(make_file: MakeFile) -> None:
    """A chunk that is too long, and one that inflates to 200 MB, take no memory."""
    bomb = with_bodies(make_file(), deflated(bytes(200 << 20))[:4097])
    tracemalloc.start()
    with pytest.raises(LimitError) as caught:
        parse(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.issue == ISSUE.LIMIT_PROMPT_BYTES
    assert peak < 1 << 20
    with pytest.raises(LimitError, match="is 4097, above the limit prompt_bytes = 4096"):
        parse(with_bodies(make_file(), b"\0" + b"a" * 4097))
    assert parse(with_bodies(make_file(), b"\0" + b"a" * 4096)).prompt is not None


def test_the_limit_comes_before_the_end_of_the_file(make_file: MakeFile) -> None:
    """What claims too much is not waited for."""
    head = header_bytes(make_file().header)
    with pytest.raises(LimitError):
        parse(head + b"T" + b"\x82\x20")  # 4098 bytes
    with pytest.raises(TruncatedError):
        parse(head + b"T" + b"\x81\x20")  # 4097 bytes


def test_limits_of_prompts_can_be_moved() -> None:
    """They are the user's."""
    with pytest.raises(LimitError):
        pack_prompt("a cat", limits=Limits(prompt_bytes=4))
    text = "a" * 5000
    with pytest.raises(LimitError):
        pack_prompt(text)
    wide = Limits(prompt_bytes=5000)
    assert parse_prompt(pack_prompt(text, limits=wide).body, 0, wide).text == text


def test_a_prompt_is_not_ancillary(make_file: MakeFile) -> None:
    """Its bytes count towards its own limit alone; it is one of the chunks."""
    data = build(told(make_file))
    assert parse(data, limits=Limits(ancillary_bytes=0, chunks=3)).prompt is not None
    with pytest.raises(LimitError) as caught:
        parse(data, limits=Limits(chunks=2))
    assert caught.value.issue == ISSUE.LIMIT_CHUNKS


def test_every_cut_in_the_prompt_is_noticed(make_file: MakeFile) -> None:
    """A file that ends inside the chunk is truncated, and no layer is whole."""
    file = told(make_file)
    data = build(file)
    for cut in range(len(header_bytes(file.header)), len(header_bytes(file.header, file.chunks))):
        with pytest.raises(TruncatedError) as caught:
            parse(data[:cut], allow_partial=True)
        assert caught.value.layers_whole == 0
    partial = parse(data[:-5], allow_partial=True)
    assert partial.prompt == file.prompt
    assert partial.layers_missing


@pytest.mark.parametrize("text", ["", "a\tb", "a\r", "\ud800"])
def test_what_is_no_prompt_is_not_written(text: str) -> None:
    """The same rules for both sides."""
    assert flaw(text)
    with pytest.raises(ValueError, match="the prompt is"):
        pack_prompt(text)
