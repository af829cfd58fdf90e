"""Run one command and print its seconds, its peak memory in bytes, and no word of its own output.

A script of its own, since Linux counts the memory of whoever starts a process towards that
process: this one is an interpreter with next to nothing in it, 9 MiB.
"""

import json
import os
import sys
import time

_STDOUT = 1
_BYTES = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
_SIGNALLED = 128


def main() -> int:
    """Run the command that the arguments are; return its exit code, 128 + N for signal N."""
    command = sys.argv[1:]
    silence = [(os.POSIX_SPAWN_OPEN, _STDOUT, os.devnull, os.O_WRONLY, 0)]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=silence)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_bytes": usage.ru_maxrss * _BYTES}))
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else _SIGNALLED - code


if __name__ == "__main__":
    sys.exit(main())
