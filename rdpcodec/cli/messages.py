"""Lines on stderr, and the one place where an error becomes an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer

from rdpcodec.errors import (
    EXIT_USAGE,
    ISSUE,
    OutputError,
    RdpError,
    TruncatedError,
    UsageError,
    of_machine,
)

EXIT_INTERRUPTED = 130
EXIT_PIPE_CLOSED = 141


class PipeClosedError(Exception):
    """Whoever read our standard output has closed it."""


def say(text: str) -> None:
    """Write one line on stderr.

    Args:
        text: What to say; control characters, as of hostile file names, are escaped.
    """
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    with suppress(OSError, ValueError, AttributeError):  # nobody listens
        sys.stderr.write(f"rdpcodec: {line}\n")
        sys.stderr.flush()


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Put the name of a file before the sentence of an error that is about its content.

    Args:
        name: The file as the user named it.
    """
    try:
        yield
    except (UsageError, OutputError):
        raise
    except RdpError as error:
        error.add_note("standard input" if name == "-" else name)
        raise


def report(error: BaseException) -> int:
    """Say what went wrong in one line.

    Args:
        error: What was raised.

    Returns:
        The exit code.

    Raises:
        BaseException: The error itself, if it is a mistake in this program.
    """
    if isinstance(error, PipeClosedError):
        return EXIT_PIPE_CLOSED
    if isinstance(error, typer.Abort) and isinstance(error.__cause__, EOFError):
        error = error.__cause__  # a mistake in this program, which typer takes for Ctrl-D
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        say("interrupted")
        return EXIT_INTERRUPTED
    code, sentence = _explain(error)
    say(f"error {sentence}")
    return code


def _explain(error: BaseException) -> tuple[int, str]:
    """Return the exit code, and the id with the sentence."""
    if isinstance(error, typer.TyperException):
        return EXIT_USAGE, f"{ISSUE.INVALID_OPTION}: {_usage(error)}"
    known = error if isinstance(error, RdpError) else of_machine(error)
    if known is None:
        raise error  # a mistake in this program
    return known.exit_code, f"{known.issue}: {_sentence(known)}"


def _sentence(error: RdpError) -> str:
    names = [f"{note}: " for note in getattr(error, "__notes__", ())]
    hint = ""
    if isinstance(error, TruncatedError) and error.layers_whole:
        hint = "; view --allow-partial shows these"
    return f"{''.join(names)}{error.message}{hint}"


def _usage(error: typer.TyperException) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "rdpcodec"
    # typer does not export the class of an unknown option, which alone has this attribute
    unknown = hasattr(error, "option_name") and message.startswith("No such option")
    dashes = "; a file name that begins with - goes after --" if unknown else ""
    return f"{message}{dashes}; see {command} --help"
