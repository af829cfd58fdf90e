"""Compiled functions work with a cache, without one, and with one that is damaged."""

import importlib.util
import itertools
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from numba.core.caching import IndexDataCacheFile

import rdpcodec

NAMES = itertools.count()
MODULE = """
from rdpcodec.channel.compiled import compiled

@compiled(nogil=True)
def _twice(x):
    return 2 * x

@compiled()
def seven_more(x):
    return _twice(x) + 7 - x
"""
PROGRAM = """
import numpy as np
from rdpcodec.channel import viterbi
ones, products = np.ones((1, 4), np.float32), np.empty((1, 1024), np.float32)
wave = np.arange(1024, dtype=np.float32)
viterbi.inner_products(ones, wave, np.zeros_like(wave), products)
print(products[0, 0], products[0, 1023])
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a module that numba caches beside itself."""
    monkeypatch.setattr("numba.core.config.CACHE_DIR", "")
    path = tmp_path / "counted.py"
    path.write_text(MODULE)
    return path


def load(source: Path) -> ModuleType:
    """Return a new copy of the module, as in a new process."""
    spec = importlib.util.spec_from_file_location(f"counted_{next(NAMES)}", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hits(source: Path) -> int:
    """Return how many functions a call takes from the cache, when the result is right."""
    module = load(source)
    assert module.seven_more(5) == 12
    assert module.seven_more(2.5) == 9.5
    return sum(module.seven_more.stats.cache_hits.values())


def cached(source: Path, kind: str) -> list[Path]:
    """Return numba's index (nbi) or data (nbc) files."""
    return sorted((source.parent / "__pycache__").glob(f"*.{kind}"))


def test_the_second_process_compiles_nothing(source: Path) -> None:
    """Both signatures of the function are kept on disk and found again."""
    assert hits(source) == 0
    assert hits(source) == 2
    assert len(cached(source, "nbi")) == 2
    assert len(cached(source, "nbc")) == 4


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _foreign(_content: bytes) -> bytes:
    return pickle.dumps("another program's file")


def _empty(_content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [_cut, _empty, _flip, _foreign])
def test_a_damaged_cache_is_rebuilt(
    source: Path, kind: str, damage: Callable[[bytes], bytes]
) -> None:
    """The results are right, and the next process finds a whole cache again."""
    hits(source)
    for path in cached(source, kind):
        path.write_bytes(damage(path.read_bytes()))
    hits(source)
    assert hits(source) == 2


def test_machine_code_with_one_changed_bit_is_not_run(source: Path) -> None:
    """Wherever the bit lies, the digest or the pickle tells, and the function is compiled."""
    hits(source)
    path = next(p for p in cached(source, "nbc") if "seven_more" in p.name)
    whole = path.read_bytes()
    for at in range(100, len(whole) - 100, len(whole) // 9):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        assert hits(source) < 2
        assert hits(source) == 2


def test_a_cache_that_cannot_be_written_is_bypassed(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or a folder that became read-only, costs the compilation and nothing else."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", full)
    assert hits(source) == hits(source) == 0
    assert cached(source, "nbc") == []


def test_without_a_place_to_write_functions_are_compiled_in_memory(tmp_path: Path) -> None:
    """With a read-only package and HOME the process gives the same numbers, and leaves no file.

    A file where numba wants a folder stops root too, whom permissions do not stop.
    """
    large = shutil.ignore_patterns("__pycache__", "priors", "bench")
    shutil.copytree(Path(rdpcodec.__file__).parent, tmp_path / "rdpcodec", ignore=large)
    (tmp_path / "rdpcodec/channel/__pycache__").write_bytes(b"")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA", "XDG"))}
    environment |= {"PYTHONPATH": str(tmp_path), "HOME": os.devnull}
    command = [sys.executable, "-B", "-c", PROGRAM]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [f"{0 + 1 + 2 + 3}.0", f"{1023 + 1022 + 1021 + 1020}.0"]
    assert list(tmp_path.rglob("*.nb?")) == []
