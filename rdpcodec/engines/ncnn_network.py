"""ncnn, a library of kernels for CPUs, evaluates a `Graph` in float32."""

import ctypes
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdpcodec import threads
from rdpcodec.engines import ncnn_format
from rdpcodec.engines.graph import INPUT, Graph

POLICY = "OMP_WAIT_POLICY"


def _import() -> Any:
    """Return ncnn, None where there is no wheel for this machine or it does not load.

    Its threads are told to sleep while they wait for each other. In busy loops they would take ten
    times as long as soon as another program wants the processor too.
    """
    told = POLICY in os.environ
    os.environ.setdefault(POLICY, "PASSIVE")  # read when the library of threads is loaded
    try:
        import ncnn as found  # noqa: PLC0415 - under the environment above
    except (ImportError, OSError):
        return None
    else:
        return found
    finally:
        if not told:
            del os.environ[POLICY]


ncnn = _import()

_OFF = (
    "use_vulkan_compute",
    "use_fp16_packed",
    "use_fp16_storage",
    "use_fp16_arithmetic",
    "use_bf16_packed",
    "use_bf16_storage",
    "use_int8_inference",
    # F(6,3) has four times the error of F(4,3) and is no faster (decision 0011).
    "use_winograd63_convolution",
)


Weights = Mapping[str, NDArray[np.floating]]


def version() -> str | None:
    """Return the version of ncnn, None where it cannot be used."""
    return None if ncnn is None else str(ncnn.__version__)


_last: "list[tuple[NcnnNetwork, tuple[int, ...]]]" = []  # what was evaluated last


def let_go() -> None:
    """Give back the memory that the last evaluation keeps for another one like it."""
    for network, _ in _last:
        network.let_go()
    _last.clear()


class NcnnNetwork:
    """A network whose layers ncnn evaluates; same bits for every number of threads.

    ncnn fits the weights to a number of threads when it loads them, so they are loaded when that
    is known: at the first evaluation, and again when it has changed, as in a forked child.

    Args:
        graph: The network.
        weights: The tensors of its layers.
        off: Options of ncnn to switch off, for measurements.
    """

    def __init__(self, graph: Graph, weights: Weights, off: Sequence[str] = ()) -> None:
        self._graph, self._weights, self._off = graph, weights, (*_OFF, *off)
        self._loaded: tuple[int, Any] | None = None
        self._memory: tuple[Any, Any] = (ncnn.PoolAllocator(), ncnn.PoolAllocator())

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's output.

        Args:
            x: (B, C, h, w) float32.

        Returns:
            (B, C', h, w) float32.

        Raises:
            MemoryError: If there is not enough memory for it.
        """
        self._make_room(x.shape)
        network = self._network(threads.count())
        return np.stack([self._made(network.create_extractor(), one) for one in x])

    def _made(self, extractor: Any, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the output of one picture, (C', h, w)."""
        seen = np.ascontiguousarray(x)  # must live until the output is there
        extractor.input(INPUT, ncnn.Mat(seen))
        failed, made = extractor.extract(self._graph.last)
        if failed:
            message = f"ncnn has no memory for a picture of {x.shape[2]} x {x.shape[1]} values"
            raise MemoryError(message)
        return np.array(made)

    def _network(self, count: int) -> Any:
        if self._loaded is None or self._loaded[0] != count:
            self._loaded = count, self._load(count)
        return self._loaded[1]

    def let_go(self) -> None:
        """Give back the memory that is kept for the next evaluation."""
        for memory in self._memory:
            memory.clear()

    def _make_room(self, shape: tuple[int, ...]) -> None:
        """Give back what an evaluation of another network, or of another size, has left.

        A pool serves the next evaluation of the same size well, and any other hardly at all.
        """
        if _last != [(self, shape)]:
            let_go()
            _last.append((self, shape))

    def _load(self, count: int) -> Any:
        network = ncnn.Net()
        network.opt.blob_allocator, network.opt.workspace_allocator = self._memory
        network.opt.num_threads = count
        for option in self._off:
            setattr(network.opt, option, False)
        pieces = ncnn_format.binary(self._graph, self._weights)
        failed = network.load_param_mem(ncnn_format.text(self._graph))
        if failed or network.load_model(_reader(pieces)):
            message = f"ncnn {ncnn.__version__} does not read the network that was written for it"
            raise RuntimeError(message)
        return network


def _reader(pieces: Iterator[bytes]) -> Any:
    """Return what ncnn reads weights from.

    It asks for the same pieces as were written, and copies them. `load_model_mem` does not say
    whether it worked, nor whether it copies.
    """

    class Reader(ncnn.DataReader):  # type: ignore[misc,name-defined]
        def read(self, target: object, size: int) -> int:
            piece = next(pieces, b"")
            if len(piece) != size:
                return 0
            ctypes.memmove(_address(target, None), piece, size)
            return size

    return Reader()


_address = ctypes.pythonapi.PyCapsule_GetPointer
_address.restype = ctypes.c_void_p
_address.argtypes = [ctypes.py_object, ctypes.c_char_p]
