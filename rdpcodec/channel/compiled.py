"""Functions compiled by numba, with a cache on disk that helps where it can.

Without a place to write, functions are compiled in memory; a damaged cache is rebuilt. It
lies where numba puts it: in `NUMBA_CACHE_DIR`, else `__pycache__`, else the user's own cache.
"""

import hashlib
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from numba import njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps

P = ParamSpec("P")
R = TypeVar("R")


class _Checked(CompileResultCacheImpl):
    """What numba writes, behind its digest: machine code with a changed bit would be run."""

    def reduce(self, cres: Any) -> tuple[bytes, bytes]:
        """Return the digest and the bytes of a compiled function."""
        content = dumps(super().reduce(cres))
        return hashlib.sha256(content).digest(), content

    def rebuild(self, target_context: Any, payload: tuple[bytes, bytes]) -> Any:
        """Return the compiled function.

        Raises:
            ValueError: If it is not what was written.
        """
        digest, content = payload
        if hashlib.sha256(content).digest() != digest:
            raise ValueError("the cache is damaged")
        return super().rebuild(target_context, pickle.loads(content))  # noqa: S301 - as numba does


class _Cache(FunctionCache):
    """numba's cache of one function; it may fail to read or to write, which is no failure."""

    _impl_class = _Checked

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return a compiled function, None if there is none that can be used."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - damaged pickles raise anything
            with suppress(Exception):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function for the next process, if the disk takes it."""
        with suppress(Exception):
            super().save_overload(sig, data)


def compiled(**options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that compiles a function when it is first called.

    Args:
        options: Those of `numba.njit`, but for `cache`.

    Returns:
        The decorator.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        dispatcher = njit(**options)(function)
        with suppress(RuntimeError, OSError):  # there is no place to write
            dispatcher._cache = _Cache(function)  # noqa: SLF001 - enable_caching() takes no class
        return dispatcher

    return decorate
