"""Files changed at random: bytes, words that mean something, whole chunks, what is deflated."""

import random
import zlib
from collections.abc import Callable, Sequence

from fuzz_parts.pieces import Piece, join, split, with_right_crcs

_INFLATED_MAX = 1 << 16
_LENGTHS = (1, 1, 1, 2, 3, 4, 8, 16)
_NUMBERS = (b"\0", b"\1", b"\x7f", b"\x80", b"\xff", b"\xff\xff\xff\x7f", b"\xff" * 8)

Change = Callable[[random.Random, bytes], bytes]


class Mutator:
    """Changes files at random; the same seed gives the same files.

    Args:
        corpus: Files to take parts of.
        words: Bytes that mean something in them.
    """

    def __init__(self, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
        """Keep what files are changed with."""
        self._corpus, self._words = corpus, (*words, *_NUMBERS)

    def image(self, rng: random.Random, data: bytes) -> bytes:
        """Return any bytes, changed in one to six places."""
        for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
            data = self._bytes(rng, data)
        return with_right_crcs(data) if rng.random() < 0.9 else data

    def file(self, rng: random.Random, data: bytes) -> bytes:
        """Return an .rdp file, changed in one to six places; mostly with its CRCs right again."""
        if rng.random() < 0.1:
            return self.image(rng, data)
        pieces = split(data)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
            pieces = self._pieces(rng, pieces)
        return self._cut(rng, join(pieces)) if rng.random() < 0.1 else join(pieces)

    def _pieces(self, rng: random.Random, pieces: list[Piece]) -> list[Piece]:
        at = rng.randrange(len(pieces) + 1)
        if at == len(pieces) or rng.random() < 0.1:
            taken = split(rng.choice(self._corpus))
            return [*pieces[:at], *taken[: rng.randrange(3)], *pieces[at:]]
        kind, body = pieces[at]
        what = rng.random()
        if what < 0.05:
            return [*pieces[:at], *pieces[at + 1 :]]
        if what < 0.1:
            return [*pieces[:at], (kind, body), *pieces[at:]]
        if what < 0.15:
            kind = rng.choice((b"H", b"T", b"D", b"i", b"e", b"x", b"o", b"r", b"p", b"z", b"X"))
        change: Change = self._bytes
        if kind == b"D" and what > 0.3:  # its length follows from the table
            change = rng.choice((_flip, _set))
        elif kind in b"iexoT" and what > 0.6:
            change = self._deflated
        return [*pieces[:at], (kind, change(rng, body)), *pieces[at + 1 :]]

    def _deflated(self, rng: random.Random, body: bytes) -> bytes:
        """Change what a body says, not how it is packed."""
        for head, wbits in ((0, 15), (1, -15), (1, 15)):  # i, e, x; o; T
            try:
                plain = zlib.decompressobj(wbits).decompress(body[head:], _INFLATED_MAX)
            except zlib.error:
                continue
            packer = zlib.compressobj(1, wbits=wbits)
            return body[:head] + packer.compress(self.image(rng, plain)) + packer.flush()
        return self._bytes(rng, body)

    def _bytes(self, rng: random.Random, data: bytes) -> bytes:
        changes: tuple[Change, ...] = (
            _flip, _set, _set, _add, self._word, self._word, _remove, self._cut, _repeat,
            self._spliced,
        )  # fmt: skip
        return rng.choice(changes)(rng, data)

    def _word(self, rng: random.Random, data: bytes) -> bytes:
        at, word = rng.randrange(len(data) + 1), rng.choice(self._words)
        over = len(word) if rng.random() < 0.5 else 0
        return data[:at] + word + data[at + over :]

    def _spliced(self, rng: random.Random, data: bytes) -> bytes:
        other = rng.choice(self._corpus)
        return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]

    @staticmethod
    def _cut(rng: random.Random, data: bytes) -> bytes:
        return data[: rng.randrange(len(data) + 1)]


def _flip(rng: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def _set(rng: random.Random, data: bytes) -> bytes:
    at, count = rng.randrange(len(data) + 1), rng.choice(_LENGTHS)
    return data[:at] + rng.randbytes(count)[: len(data) - at] + data[at + count :]


def _add(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice(_LENGTHS)) + data[at:]


def _remove(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice(_LENGTHS) :]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    at, count = rng.randrange(len(data) + 1), rng.choice(_LENGTHS)
    return data[:at] + data[at : at + count] * rng.choice((2, 3, 50)) + data[at + count :]
