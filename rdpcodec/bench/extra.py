"""The packages of the extra `bench`, and the sentence for one that is missing."""

from rdpcodec.errors import ISSUE, UsageError

INSTALL = "pip install 'rdpcodec[bench]'"


def missing(what: str, package: str) -> UsageError:
    """Return the error for something that needs a package which is not installed.

    Args:
        what: What needs it.
        package: What it needs.
    """
    message = f"{what} needs {package}, which is not installed: {INSTALL}"
    return UsageError(ISSUE.INVALID_OPTION, message)
