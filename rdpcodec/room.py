"""Addresses that are left where a limit is set on them (`ulimit -v`), as for services."""

from pathlib import Path

_MIB = 1 << 20
_STATM = Path("/proc/self/statm")  # in pages; Linux alone keeps such a limit


def left() -> int | None:
    """Return how many bytes this process may still map; None without a limit."""
    try:
        import resource  # noqa: PLC0415 - absent on Windows

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return None
        return limit - int(_STATM.read_text("ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return None


def require(mib: int) -> None:
    """Refuse to load a library that would wait for ever for memory it cannot have.

    Args:
        mib: What it maps as it is loaded, in MiB.

    Raises:
        MemoryError: If less is left.
    """
    found = left()
    if found is not None and found < mib * _MIB:
        raise MemoryError
