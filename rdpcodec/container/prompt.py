"""The chunk `T`: the prompt that the prior is given, as text (spec 7.2)."""

import unicodedata
import zlib
from dataclasses import dataclass

from rdpcodec.container.layout import PROMPT
from rdpcodec.errors import ISSUE, MalformedError
from rdpcodec.limits import DEFAULT, Limits

_PLAIN, _DEFLATED = 0, 1
_RAW_DEFLATE = -15  # zlib's name of a stream without header and checksum
_CONTROL = "Cc"  # U+0000 to U+001F and U+007F to U+009F, for ever


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, and the bytes that hold it; two compressors may find two.

    Attributes:
        body: The body of the chunk.
        text: What it says.
    """

    body: bytes
    text: str

    @property
    def type(self) -> str:
        """The letter of its chunk."""
        return PROMPT


def flaw(text: str) -> str | None:
    """Return what keeps a text from being a prompt, None if nothing does."""
    if not text:
        return "empty"
    if any(unicodedata.category(character) == _CONTROL for character in text):
        return "of more than one line, or has other control characters"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not valid Unicode"
    return None


def pack_prompt(text: str, *, limits: Limits = DEFAULT) -> Prompt:
    """Return the chunk of a prompt, deflated where that is shorter.

    Args:
        text: The prompt.
        limits: What a decoder would accept.

    Returns:
        A chunk T.

    Raises:
        ValueError: If the text is no prompt.
        LimitError: If it is too long.
    """
    if found := flaw(text):
        raise ValueError(f"the prompt is {found}")
    plain = text.encode()
    limits.check("prompt_bytes", len(plain), "the size of the prompt in bytes")
    stream = zlib.compressobj(9, wbits=_RAW_DEFLATE)
    deflated = stream.compress(plain) + stream.flush()
    if len(deflated) < len(plain):
        return Prompt(bytes([_DEFLATED]) + deflated, text)
    return Prompt(bytes([_PLAIN]) + plain, text)


def parse_prompt(body: bytes, offset: int, limits: Limits = DEFAULT) -> Prompt:
    """Return the prompt in the body of a chunk.

    Args:
        body: The body.
        offset: Of the chunk in the file, for messages.
        limits: What to accept.

    Returns:
        The prompt.

    Raises:
        MalformedError: If the body is not what spec 7.2 says.
        LimitError: If the prompt is too long.
    """
    where = f"chunk {PROMPT} at offset {offset}"
    form = body[0] if body else None
    if form not in (_PLAIN, _DEFLATED):
        raise _bad(f"{where} has the form {form}, expected {_PLAIN} or {_DEFLATED}")
    plain = body[1:] if form == _PLAIN else _inflate(body[1:], limits, where)
    limits.check("prompt_bytes", len(plain), f"the size of {where} in bytes, or more,")
    try:
        text = plain.decode()
    except UnicodeDecodeError as error:
        raise _bad(f"{where} is not UTF-8 at byte {error.start}") from error
    if found := flaw(text):
        raise _bad(f"{where} is {found}")
    return Prompt(body, text)


def _inflate(body: bytes, limits: Limits, where: str) -> bytes:
    stream = zlib.decompressobj(wbits=_RAW_DEFLATE)
    try:
        plain = stream.decompress(body, limits.prompt_bytes + 1)
    except zlib.error as error:
        raise _bad(f"{where} does not inflate: {error}") from error
    if len(plain) > limits.prompt_bytes:
        return plain  # the limit comes first
    if not stream.eof or stream.unused_data:
        raise _bad(f"{where} is not exactly one DEFLATE stream")
    if len(plain) <= len(body):
        raise _bad(f"{where} is deflated to {len(body)} bytes, and has {len(plain)} without")
    return plain


def _bad(message: str) -> MalformedError:
    return MalformedError(ISSUE.BAD_PROMPT, message)
