"""Signals that come while a library calls back from C, where Python can only say it is lost."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_AGAIN_SECONDS = 0.05  # when the callback is over


@contextmanager
def delivered(
    error: type[BaseException] = KeyboardInterrupt, number: signal.Signals = signal.SIGINT
) -> Iterator[None]:
    """Send a signal again a moment later where what it raised was ignored.

    Args:
        error: What its handler raises.
        number: The signal.
    """
    before = sys.unraisablehook

    def hook(lost: "sys.UnraisableHookArgs") -> None:
        if not issubclass(lost.exc_type, error):
            before(lost)
            return
        again = threading.Timer(_AGAIN_SECONDS, _send, [number])
        again.daemon = True
        again.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def _send(number: signal.Signals) -> None:
    """Send a signal to the main thread, which it wakes where the system can do that."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:  # Windows
        signal.raise_signal(number)
