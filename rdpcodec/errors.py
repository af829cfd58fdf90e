"""All exceptions of the project and the stable ids of what can go wrong.

The table of ids, with their meaning, is `spec/issues.json`; a test holds both to each other.
Every message is one sentence that names what was found, what was expected and where.
"""

from enum import StrEnum
from typing import ClassVar

EXIT_OK = 0
EXIT_USAGE = 1
EXIT_INVALID = 2
EXIT_PRIOR = 3
EXIT_LIMIT = 4
EXIT_SOME = 5  # some of several inputs failed, the others are done


# PyTorch, a thread's stack, a library that is loaded.
_MEMORY = ("can't allocate memory", "can't start new thread", "failed to map segment")


class ISSUE(StrEnum):
    """Stable issue ids, as in spec 13; an id is never reused for another meaning."""

    NOT_RDP = "RDP-101"
    REMOTE_DESKTOP_FILE = "RDP-102"
    TRANSFER_DAMAGE = "RDP-103"
    UNSUPPORTED_MAJOR = "RDP-201"
    TRUNCATED = "RDP-202"
    CHECKSUM = "RDP-203"
    BAD_CHUNK_TYPE = "RDP-204"
    UNKNOWN_CRITICAL_CHUNK = "RDP-205"
    CHUNK_ORDER = "RDP-206"
    TRAILING_DATA = "RDP-207"
    BAD_VARINT = "RDP-208"
    BAD_HEADER_FIELD = "RDP-209"
    BAD_LAYER_TABLE = "RDP-210"
    BAD_PADDING = "RDP-211"
    BAD_ANCILLARY = "RDP-213"
    BAD_PROMPT = "RDP-214"
    UNSUPPORTED_FEATURE = "RDP-301"
    BAD_BITSTREAM = "RDP-302"
    LIMIT_FILE_BYTES = "RDP-401"
    LIMIT_SIDE = "RDP-402"
    LIMIT_PIXELS = "RDP-403"
    LIMIT_LAYERS = "RDP-404"
    LIMIT_CHUNKS = "RDP-405"
    LIMIT_ANCILLARY_BYTES = "RDP-406"
    LIMIT_ICC_BYTES = "RDP-407"
    LIMIT_STATE = "RDP-408"
    LIMIT_PROMPT_BYTES = "RDP-409"
    PRIOR_UNAVAILABLE = "RDP-501"
    PRIOR_MISMATCH = "RDP-502"
    PRIOR_INVALID = "RDP-503"
    IMAGE_UNREADABLE = "RDP-601"
    IMAGE_UNSUPPORTED = "RDP-602"
    INPUT_UNREADABLE = "RDP-603"
    INVALID_OPTION = "RDP-701"
    TARGET_TOO_SMALL = "RDP-702"
    OUTPUT_NOT_WRITABLE = "RDP-703"
    CONFORMANCE_FAILURE = "RDP-801"
    OUT_OF_MEMORY = "RDP-901"
    SYSTEM_FAILURE = "RDP-902"
    WORKER_LOST = "RDP-903"
    CLUSTER_UNREACHABLE = "RDP-904"


class RdpError(Exception):
    """Base of every error that the project raises on purpose.

    Attributes:
        issue: The stable id, as in spec 13.
        message: One sentence.
        exit_code: The exit code of the command line for this class.
        issues: The ids that this class may carry.
    """

    exit_code: ClassVar[int] = EXIT_INVALID
    issues: ClassVar[tuple[ISSUE, ...]] = ()

    def __init__(self, issue: ISSUE, message: str, *details: object) -> None:
        """Keep the id and the sentence.

        Args:
            issue: One of `issues` of the class.
            message: One sentence.
            details: Further positional arguments of a subclass, kept for pickling.

        Raises:
            ValueError: If the class does not carry this id.
        """
        if issue not in self.issues:
            raise ValueError(f"{type(self).__name__} does not carry issue {issue}")
        super().__init__(issue, message, *details)
        self.issue = issue
        self.message = message

    def __str__(self) -> str:
        """Return the sentence."""
        return self.message


class UsageError(RdpError):
    """The caller asked for something that cannot be done."""

    exit_code = EXIT_USAGE
    issues = (ISSUE.INVALID_OPTION, ISSUE.TARGET_TOO_SMALL)


class OutputError(RdpError):
    """The output cannot be written."""

    exit_code = EXIT_USAGE
    issues = (ISSUE.OUTPUT_NOT_WRITABLE,)


class NotRdpError(RdpError):
    """The bytes are not an .rdp picture."""

    issues = (ISSUE.NOT_RDP, ISSUE.REMOTE_DESKTOP_FILE, ISSUE.TRANSFER_DAMAGE)


class ContainerError(RdpError):
    """The bytes begin like an .rdp picture but do not follow the format."""


class UnsupportedVersionError(ContainerError):
    """The major version of the file is unknown."""

    issues = (ISSUE.UNSUPPORTED_MAJOR,)


class TruncatedError(ContainerError):
    """The file ends too early.

    Attributes:
        layers_whole: How many layers of picture data are whole.
        layers_total: How many layers the header announces, 0 when the header itself is cut.
    """

    issues = (ISSUE.TRUNCATED,)

    def __init__(
        self, issue: ISSUE, message: str, layers_whole: int = 0, layers_total: int = 0
    ) -> None:
        """Keep the sentence and both counts.

        Args:
            issue: `ISSUE.TRUNCATED`.
            message: One sentence.
            layers_whole: How many layers are whole.
            layers_total: How many layers there should be, 0 if unknown.
        """
        super().__init__(issue, message, layers_whole, layers_total)
        self.layers_whole = layers_whole
        self.layers_total = layers_total


class ChecksumError(ContainerError):
    """A chunk is complete but its CRC-32 is wrong."""

    issues = (ISSUE.CHECKSUM,)


class MalformedError(ContainerError):
    """A field breaks a rule of the format."""

    issues = (
        ISSUE.BAD_CHUNK_TYPE,
        ISSUE.UNKNOWN_CRITICAL_CHUNK,
        ISSUE.CHUNK_ORDER,
        ISSUE.TRAILING_DATA,
        ISSUE.BAD_VARINT,
        ISSUE.BAD_HEADER_FIELD,
        ISSUE.BAD_LAYER_TABLE,
        ISSUE.BAD_PADDING,
        ISSUE.BAD_ANCILLARY,
        ISSUE.BAD_PROMPT,
    )


class UnsupportedError(RdpError):
    """The file is well formed but asks for a feature that this decoder does not have."""

    issues = (ISSUE.UNSUPPORTED_FEATURE,)


class BitstreamError(RdpError):
    """The coded indices of a layer are not a valid bit stream of its channel coder."""

    issues = (ISSUE.BAD_BITSTREAM,)


class LimitError(RdpError):
    """A limit was hit before anything was allocated.

    Attributes:
        name: The field of `Limits`.
        value: What was found.
        limit: What is allowed.
    """

    exit_code = EXIT_LIMIT
    issues = (
        ISSUE.LIMIT_FILE_BYTES,
        ISSUE.LIMIT_SIDE,
        ISSUE.LIMIT_PIXELS,
        ISSUE.LIMIT_LAYERS,
        ISSUE.LIMIT_CHUNKS,
        ISSUE.LIMIT_ANCILLARY_BYTES,
        ISSUE.LIMIT_ICC_BYTES,
        ISSUE.LIMIT_STATE,
        ISSUE.LIMIT_PROMPT_BYTES,
    )

    def __init__(self, issue: ISSUE, message: str, name: str, value: int, limit: int) -> None:
        """Keep the sentence and its numbers.

        Args:
            issue: The id of the limit.
            message: One sentence.
            name: The field of `Limits`.
            value: What was found.
            limit: What is allowed.
        """
        super().__init__(issue, message, name, value, limit)
        self.name = name
        self.value = value
        self.limit = limit


class PriorError(RdpError):
    """The prior cannot be used; raised itself for weights that are damaged or not the published."""

    exit_code = EXIT_PRIOR
    issues: ClassVar[tuple[ISSUE, ...]] = (ISSUE.PRIOR_INVALID,)


class PriorUnavailableError(PriorError):
    """The prior is unknown or its weights are not on this machine."""

    issues = (ISSUE.PRIOR_UNAVAILABLE,)


class PriorMismatchError(PriorError):
    """The prior of this machine is not the one that wrote the file."""

    issues = (ISSUE.PRIOR_MISMATCH,)


class InputError(RdpError):
    """An input is missing or may not be read, or a folder holds no picture."""

    issues = (ISSUE.INPUT_UNREADABLE,)


class ImageError(RdpError):
    """An image file is damaged, or has a feature that the format does not carry."""

    issues = (ISSUE.IMAGE_UNREADABLE, ISSUE.IMAGE_UNSUPPORTED)


class ConformanceError(RdpError):
    """A conformance case failed."""

    issues = (ISSUE.CONFORMANCE_FAILURE,)


class OutOfMemoryError(RdpError):
    """The memory of this machine does not suffice; the command line says so, Python its own."""

    exit_code = EXIT_LIMIT
    issues = (ISSUE.OUT_OF_MEMORY,)


class SystemFailureError(RdpError):
    """The operating system refused something that no other error names; as above."""

    issues = (ISSUE.SYSTEM_FAILURE,)


class WorkerLostError(RdpError):
    """The process that worked on one of several pictures ended before it was done."""

    exit_code = EXIT_LIMIT
    issues = (ISSUE.WORKER_LOST,)


class ClusterError(RdpError):
    """The cluster cannot be reached, or does not do the work."""

    issues = (ISSUE.CLUSTER_UNREACHABLE,)


def of_machine(error: BaseException) -> RdpError | None:
    """Give what the machine lacks or refuses its id.

    Args:
        error: What was raised, by Python or a library.

    Returns:
        The error with its id; None for what is a mistake in this program.
    """
    if lacks_memory(error):
        message = "the memory of this machine does not suffice"
        return OutOfMemoryError(ISSUE.OUT_OF_MEMORY, message)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        message = f"{where}{error.strerror or error}"
        return SystemFailureError(ISSUE.SYSTEM_FAILURE, message)
    return None


def lacks_memory(error: BaseException) -> bool:
    """Recognise what lacks memory by its sentence, and a full accelerator by its class."""
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError | ImportError):
        return False
    told = str(error)
    return type(error).__name__ == "OutOfMemoryError" or any(part in told for part in _MEMORY)
