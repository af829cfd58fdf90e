"""Tensors in safetensors files: found, bounded, read once and summed up (spec 10.5).

A tensor goes from the file into memory of its own, is hashed there, by other threads, and given the
type and the place it is used in. So a network takes its own size and that of the few tensors that
wait to be hashed; nothing is mapped, and what was hashed is what is used.
"""

import hashlib
import json
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rdpcodec import threads
from rdpcodec.errors import ISSUE, PriorError
from rdpcodec.priors.diffusers.source import unavailable

HEADER_BYTES_MAX = 16 * 2**20
TENSORS_MAX = 65_536
POINTER_BYTES_MAX = 1024
POINTER = b"version https://git-lfs"
DTYPES = {
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "F32": torch.float32,
    "F64": torch.float64,
    "I32": torch.int32,
    "I64": torch.int64,
}

Rename = Callable[[str], str | None]


@dataclass(frozen=True)
class Stored:
    """A tensor in a file.

    Attributes:
        path: The file.
        dtype: Its type, as safetensors calls it.
        shape: Its shape.
        start: Where its bytes begin in the file.
        size: How many there are.
    """

    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int


def find_tensors(paths: Iterable[Path], where: str) -> dict[str, Stored]:
    """Return the tensors of some files by name, from their headers alone.

    Args:
        paths: Safetensors files.
        where: Whose they are, for sentences.

    Raises:
        PriorUnavailableError: If a file is the pointer of Git LFS, not the weights themselves.
        PriorError: If one is damaged, or two hold a tensor of the same name.
    """
    found: dict[str, Stored] = {}
    for path in paths:
        stored = _header(path, f"{path.name} of {where}")
        if both := found.keys() & stored.keys():
            raise _damaged(f"{path.name} of {where}", f"has {min(both)} a second time")
        found |= stored
    if len(found) > TENSORS_MAX:
        raise _damaged(f"the weights of {where}", f"are {len(found)} tensors, above {TENSORS_MAX}")
    return found


class Weights:
    """The tensors of a component, on disk, and what they sum up to.

    Attributes:
        stored: The tensors by the name they are used under.
    """

    def __init__(self, stored: Mapping[str, Stored], where: str) -> None:
        self.stored = dict(stored)
        self._where = where
        self._entries: dict[str, list[object]] = {}

    def renamed(self, rename: Rename) -> "Weights":
        """Return the same tensors under other names, without those that get none.

        Raises:
            PriorError: If two get the same.
        """
        kept: dict[str, Stored] = {}
        for old, each in self.stored.items():
            if name := rename(old):
                if name in kept:
                    raise _damaged(f"the weights of {self._where}", f"have {name} under two names")
                kept[name] = each
        return Weights(kept, self._where)

    def read(self) -> Iterator[tuple[str, Tensor]]:
        """Yield every tensor, in memory of its own, in the order of the files.

        Raises:
            PriorError: If a file ends too early.
        """
        order = sorted(self.stored.items(), key=lambda item: (str(item[1].path), item[1].start))
        workers = threads.count()
        hashed: deque[tuple[str, Future[str]]] = deque()
        with ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(workers))
            files = {
                path: stack.enter_context(path.open("rb", buffering=0))
                for path in {each.path for each in self.stored.values()}
            }
            for name, each in order:
                values = self._values(files[each.path], each)
                hashed.append((name, pool.submit(_sha256, values.numpy().data)))
                while len(hashed) > workers:  # what waits to be hashed takes memory
                    self._keep(*hashed.popleft())
                yield name, values.view(DTYPES[each.dtype]).reshape(each.shape)
            for found in hashed:
                self._keep(*found)

    def digest(self) -> str:
        """Return the SHA-256 of names, types, shapes and values, wherever they lie.

        Tensors that `read` has yielded are not read again.
        """
        if len(self._entries) < len(self.stored):
            for _ in self.read():
                pass
        text = json.dumps(self._entries, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def _keep(self, name: str, digest: Future[str]) -> None:
        each = self.stored[name]
        self._entries[name] = [each.dtype, list(each.shape), digest.result()]

    def _values(self, file: FileIO, each: Stored) -> Tensor:
        """Return the bytes of a tensor."""
        values = torch.empty(each.size, dtype=torch.uint8)
        target: memoryview = values.numpy().data
        file.seek(each.start)
        done = 0
        while done < each.size:  # a raw file reads at most 2 GiB at once
            count = file.readinto(target[done:])
            if not count:
                raise _damaged(f"{each.path.name} of {self._where}", "ends too early")
            done += count
        return values


def _sha256(values: memoryview) -> str:
    return hashlib.sha256(values).hexdigest()


def _header(path: Path, where: str) -> dict[str, Stored]:
    """Return what the header of a file promises, checked against the size of the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if size <= POINTER_BYTES_MAX and (start + file.read(len(POINTER) - 8)) == POINTER:
            raise unavailable(
                f"{where} is the pointer of Git LFS, {size} bytes, and not the weights: "
                f"get them with git lfs pull, or from the hub"
            )
        file.seek(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > min(HEADER_BYTES_MAX, size - 8):
            raise _damaged(where, f"has a header of {length} bytes in a file of {size}")
        text = file.read(length)
    try:
        entries = json.loads(text)
        entries.pop("__metadata__", None)
        found = {name: _stored(path, 8 + length, entry) for name, entry in entries.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise _damaged(where, "has a damaged header") from exc
    for each in found.values():
        if each.dtype not in DTYPES:
            raise unavailable(
                f"{where} has tensors of type {each.dtype[:20]}, expected {', '.join(DTYPES)}"
            )
    _require_whole(where, found.values(), 8 + length, size)
    return found


def _stored(path: Path, base: int, entry: Any) -> Stored:
    """Return one entry of a header.

    Raises:
        ValueError: If type, shape and offsets do not fit each other.
    """
    begin, end = entry["data_offsets"]
    shape, dtype = entry["shape"], entry["dtype"]
    if not all(type(side) is int and side >= 0 for side in (*shape, begin, end)):
        raise ValueError(shape)
    known = DTYPES.get(dtype)
    if not isinstance(dtype, str) or (known and math.prod(shape) * known.itemsize != end - begin):
        raise ValueError(shape)
    return Stored(path, dtype, tuple(shape), base + begin, end - begin)


def _require_whole(where: str, found: Iterable[Stored], base: int, size: int) -> None:
    """Refuse a file whose tensors overlap, leave gaps or are cut off."""
    at = base
    for each in sorted(found, key=lambda each: (each.start, each.size)):
        if each.start != at:
            raise _damaged(where, "has tensors that overlap or leave gaps")
        at += each.size
    if at != size:
        raise _damaged(where, f"has {size} bytes, expected {at}")


def _damaged(where: str, what: str) -> PriorError:
    return PriorError(ISSUE.PRIOR_INVALID, f"{where} {what}")
