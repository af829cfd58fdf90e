"""This decoder as a command of the contract of `fixtures/README.md`.

python -m rdpcodec.conformance symbols FILE
python -m rdpcodec.conformance decode FILE OUT.png --rho 1
"""

import argparse
import json
import sys
from dataclasses import asdict, fields
from pathlib import Path

from rdpcodec.conformance.case import View
from rdpcodec.conformance.decoder import RefusedError
from rdpcodec.conformance.own import Own, OwnOpened
from rdpcodec.errors import EXIT_OK, ISSUE, RdpError, UsageError
from rdpcodec.files import read_file, write_atomic
from rdpcodec.images import png_bytes
from rdpcodec.limits import Limits
from rdpcodec.options import RECONSTRUCTIONS

_LIMITS = frozenset(field.name for field in fields(Limits))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override] # it returns never, by raising
        raise UsageError(ISSUE.INVALID_OPTION, message)


def main(words: list[str]) -> int:
    """Answer one question of the suite; return the exit code."""
    try:
        given = _parser().parse_args(words)
        (_symbols if given.question == "symbols" else _decode)(given)
    except (RdpError, RefusedError) as error:
        sys.stderr.write(f"{error.issue}: {error.message}\n")
        return error.exit_code
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m rdpcodec.conformance", allow_abbrev=False)
    questions = parser.add_subparsers(dest="question", required=True)
    symbols, decode = (questions.add_parser(name) for name in ("symbols", "decode"))
    for question in (symbols, decode):
        question.add_argument("file", type=Path)
        question.add_argument("--allow-partial", action="store_true")
        question.add_argument("--limit", type=_limit, action="append", default=[])
    decode.add_argument("out", type=Path)
    decode.add_argument("--rho", type=float, required=True)
    decode.add_argument("--reconstruction", choices=RECONSTRUCTIONS, required=True)
    decode.add_argument("--evaluations", type=int, required=True)
    decode.add_argument("--layers", type=int)
    return parser


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in _LIMITS:
        raise ValueError(text)
    return name, int(number)


def _symbols(given: argparse.Namespace) -> None:
    layers = [asdict(layer) for layer in _opened(given).symbols()]
    sys.stdout.write(json.dumps({"layers": layers}))


def _decode(given: argparse.Namespace) -> None:
    asked = {field.name: getattr(given, field.name) for field in fields(View)}
    write_atomic(given.out, png_bytes(_opened(given).picture(View(**asked))))


def _opened(given: argparse.Namespace) -> OwnOpened:
    limits = Limits(**dict(given.limit))
    data = read_file(given.file, limits)
    return Own().open(data, allow_partial=given.allow_partial, limits=limits)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
