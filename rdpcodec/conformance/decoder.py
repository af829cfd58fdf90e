"""What the suite asks of a decoder, whoever wrote it: symbols, pictures, refusals."""

from dataclasses import dataclass
from typing import Protocol

from rdpcodec.conformance.case import ValidCase, View
from rdpcodec.images import Picture
from rdpcodec.limits import DEFAULT, Limits


class RefusedError(Exception):
    """A decoder has refused a file, or what was asked of it.

    Attributes:
        issue: The id, which is one of spec 13 if the decoder is right.
        exit_code: That of its command line.
        message: One sentence.
    """

    def __init__(self, issue: str, exit_code: int, message: str) -> None:
        """Keep all three."""
        super().__init__(issue, exit_code, message)
        self.issue = issue
        self.exit_code = exit_code
        self.message = message

    def __str__(self) -> str:
        """Return them in a few words."""
        return f"{self.issue} with exit code {self.exit_code} ({self.message})"


@dataclass(frozen=True)
class CodedLayer:
    """What a decoder reads of a layer before any prior is asked.

    Attributes:
        t: Its noise level.
        bits: Its size in the file.
        indices: One for each stage, in the order of spec 9.
    """

    t: int
    bits: int
    indices: list[int]


class Opened(Protocol):
    """A file that a decoder is asked about; every method may raise `RefusedError`."""

    def more(self, case: ValidCase) -> list[str]:
        """Check what other decoders are not asked for.

        Args:
            case: What to expect.

        Returns:
            What was checked, in words.

        Raises:
            CheckFailedError: At the first thing that is wrong.
        """

    def symbols(self) -> list[CodedLayer]:
        """Return the whole layers, coarse to fine."""

    def picture(self, view: View) -> Picture:
        """Return the picture."""


class Decoder(Protocol):
    """A decoder that is judged.

    Attributes:
        may_lack: Whether it may leave out priors, coders and options.
    """

    may_lack: bool

    def open(self, data: bytes, *, allow_partial: bool = False, limits: Limits = DEFAULT) -> Opened:
        """Take a file.

        Args:
            data: Its bytes.
            allow_partial: Read the whole layers of a file that is cut.
            limits: What to accept.

        Returns:
            What can be asked about it.

        Raises:
            RefusedError: If it is refused before anything is asked.
        """
