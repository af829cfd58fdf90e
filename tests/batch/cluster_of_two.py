"""A real cluster of Ray on this machine: two CPUs, a token and a store of its own."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 120
_END_SECONDS = 30
# A store that no process knows but by its entry point, as those of s3fs or gcsfs. It reads a
# picture called `deadly.png` at the price of the process.
_STORE = """
import os
from fsspec.implementations.local import LocalFileSystem

class Shared(LocalFileSystem):
    protocol = "shared"

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("shared://"))

    def _open(self, path, *args, **kwargs):
        if path.endswith("deadly.png"):
            os._exit(1)
        return super()._open(path, *args, **kwargs)
"""


@dataclass(frozen=True)
class Two:
    """A cluster: the environment of those who join it, its session and its port for clients."""

    environment: dict[str, str]
    session: int
    client_port: int


@contextmanager
def cluster_of_two(store: Path) -> Iterator[Two]:
    """Start it, yield it, and leave no process of it behind."""
    _make_store(store)
    ports = _free_ports(2)
    environment = {
        **os.environ,
        "PYTHONPATH": str(store),
        "RAY_ADDRESS": f"127.0.0.1:{ports[0]}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as place:
        head = subprocess.Popen(
            _command(place, *ports),
            env={k: v for k, v in environment.items() if k != "RAY_ADDRESS"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(head, *ports)
            yield Two(environment, head.pid, ports[1])
        finally:
            _end(head)


def processes(session: int, name: str = "") -> list[int]:
    """Return the processes of a session that are called so; a zombie has no name any more."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            called = (entry / "cmdline").read_text(errors="replace")
            if called and called.startswith(name) and os.getsid(int(entry.name)) == session:
                found.append(int(entry.name))
    return found


def _command(place: str, port: int, client_port: int) -> list[str]:
    options = {
        "--node-ip-address": "127.0.0.1",
        "--port": port,
        "--ray-client-server-port": client_port,
        "--num-cpus": 2,
        "--object-store-memory": 100_000_000,
        "--temp-dir": place,
        "--include-dashboard": "false",
    }
    flat = [str(each) for pair in options.items() for each in pair]
    return [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", *flat]


def _make_store(store: Path) -> None:
    (store / "shared_store.py").write_text(_STORE)
    about = store / "shared_store-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shared_store\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[fsspec.specs]\nshared = shared_store:Shared\n")


def _free_ports(count: int) -> list[int]:
    """Return ports outside of those that Ray gives its workers."""
    found: list[int] = []
    for port in range(23000 + os.getpid() % 5000, 32000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            break
    return found


def _wait_for(head: "subprocess.Popen[bytes]", *ports: int) -> None:
    """Wait until it listens; a cluster that takes no work yet lets those who join wait."""
    end = time.monotonic() + _START_SECONDS
    for port in ports:
        while True:
            with socket.socket() as probe, suppress(OSError):
                probe.connect(("127.0.0.1", port))
                break
            assert head.poll() is None, "ray start has ended"
            assert time.monotonic() < end, "ray start takes too long"
            time.sleep(0.2)


def _end(head: "subprocess.Popen[bytes]") -> None:
    """Kill every process of its session; those that are asked to end take half a minute."""
    end = time.monotonic() + _END_SECONDS
    while (left := processes(head.pid)) and time.monotonic() < end:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        head.poll()
        time.sleep(0.2)
    head.wait()
