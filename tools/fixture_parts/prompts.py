"""Files whose chunk `T` breaks a rule (spec 3.3, 7.2, 12)."""

import zlib
from collections.abc import Iterator

from fixture_parts.parts import Parts, Refused, chunk

from rdpcodec.container.varint import encode_varint

SENTENCE = b"a photograph of a cat that looks at a photograph of a cat"
LIMIT = 4096


def prompts(p: Parts) -> list[Refused]:
    """Return them, made of a file without a prompt."""
    return [*_out_of_order(p), *_bodies(p), *_too_long(p)]


def deflated(text: bytes) -> bytes:
    """Return a body of form 1."""
    stream = zlib.compressobj(9, wbits=-15)
    return b"\1" + stream.compress(text) + stream.flush()


def _out_of_order(p: Parts) -> Iterator[Refused]:
    told, other = chunk(b"T", b"\0a cat"), chunk(b"z", b"")
    yield Refused("RDP-206_prompt-late", "T comes after an ancillary chunk.",
                  p.join(extra=other + told))  # fmt: skip
    yield Refused("RDP-206_two-prompts", "T occurs twice.", p.join(extra=told + told))
    yield Refused("RDP-206_before-prompt", "Two faults: T occurs twice; the second has no body.",
                  p.join(extra=told + chunk(b"T", b"")))  # fmt: skip


def _bodies(p: Parts) -> Iterator[Refused]:
    body = deflated(SENTENCE)
    for name, why, wrong in (
        ("empty", "T has no body.", b""),
        ("form", "The form of T is 2.", b"\2a cat"),
        ("no-text", "T has no text.", b"\0"),
        ("not-utf-8", "T is not UTF-8.", b"\0caf\xe9"),
        ("surrogate", "T holds half of a surrogate pair.", b"\0a\xed\xa0\x80"),
        ("two-lines", "T has two lines.", b"\0a cat\na dog"),
        ("control", "T has the control character U+009B.", b"\0\xc2\x9b31m"),
        ("damaged", "T does not inflate.", b"\1\xff" + body[2:]),
        ("cut", "The DEFLATE stream of T ends early.", body[:-3]),
        ("tail", "A byte follows the DEFLATE stream of T.", body + b"\0"),
        ("longer", "T is deflated to more bytes than it has.", deflated(b"a cat")),
        ("as-long", "T is deflated to as many bytes as it has.", _as_long()),
    ):  # fmt: skip
        yield Refused(f"RDP-214_{name}", why, p.join(extra=chunk(b"T", wrong)))
    cut = p.join(extra=chunk(b"T", b"\2"), picture=b"")
    yield Refused("RDP-214_before-cut", "Two faults: the form of T is 2; the file ends.", cut)


def _as_long() -> bytes:
    """Return a body of form 1 whose stream is as long as its text: a stored block can be so."""
    for repeats in range(1, 40):
        body = deflated(b"ab" + b"c" * repeats)
        if len(body) - 1 == 2 + repeats:
            return body
    raise RuntimeError("no text of this kind is as long as its stream")


def _too_long(p: Parts) -> Iterator[Refused]:
    why = "T claims a byte more than any prompt has."
    claimed = b"T" + encode_varint(LIMIT + 2)
    yield Refused("RDP-409_claimed", why, p.join(extra=claimed))
    why = "The prompt inflates to a byte too many."
    bomb = chunk(b"T", deflated(b"a" * (LIMIT + 1)))
    yield Refused("RDP-409_inflates", why, p.join(extra=bomb))
    why = "The prompt has a byte more than a limit that the user lowered."
    told = chunk(b"T", b"\0a cat")
    yield Refused("RDP-409_lowered", why, p.join(extra=told), limits={"prompt_bytes": 4})
    why = "Two faults: the prompt inflates to a byte too many; it is not UTF-8."
    both = chunk(b"T", deflated(b"\xff" * (LIMIT + 1)))
    yield Refused("RDP-409_before-form", why, p.join(extra=both))
