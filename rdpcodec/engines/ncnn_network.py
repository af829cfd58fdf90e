"""ncnn, a library of kernels for CPUs: a `Graph` of weights evaluated in float32."""

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rdpcodec import compute
from rdpcodec.engines.graph import INPUT, Graph

try:
    import ncnn
except (ImportError, OSError):  # no wheel for this machine, or one that does not load
    ncnn = None

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


def version() -> str | None:
    """Return the version of ncnn, None where it cannot be used."""
    return None if ncnn is None else str(ncnn.__version__)


class NcnnNetwork:
    """A network whose layers ncnn evaluates; same bits for every number of threads.

    ncnn fits the weights to a number of threads when it loads them, so they are loaded when that
    is known: at the first evaluation, and again when it has changed, as in a forked child.

    Args:
        graph: The network.
        off: Options of ncnn to switch off, for measurements.
    """

    def __init__(self, graph: Graph, off: Sequence[str] = ()) -> None:
        self._graph, self._off = graph, (*_OFF, *off)
        self._loaded: tuple[int, Any] | None = None

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's output.

        Args:
            x: (C, h, w) float32.

        Returns:
            The output's channels, (., h, w) float32.

        Raises:
            MemoryError: If there is not enough memory for it.
        """
        extractor = self._network(compute.threads()).create_extractor()
        seen = np.ascontiguousarray(x)  # must live until the output is there
        extractor.input(INPUT, ncnn.Mat(seen))
        failed, made = extractor.extract(self._graph.last)
        if failed:
            message = f"ncnn has no memory for a picture of {x.shape[2]} x {x.shape[1]} values"
            raise MemoryError(message)
        return np.array(made)

    def _network(self, threads: int) -> Any:
        if self._loaded is None or self._loaded[0] != threads:
            self._loaded = threads, _load(self._graph, self._off, threads)
        return self._loaded[1]


def _load(graph: Graph, off: Sequence[str], threads: int) -> Any:
    network = ncnn.Net()
    network.opt.num_threads = threads
    for option in off:
        setattr(network.opt, option, False)
    failed = network.load_param_mem(graph.text()) or network.load_model(_reader(graph.binary()))
    if failed:
        message = f"ncnn {ncnn.__version__} does not read the network that was written for it"
        raise RuntimeError(message)
    return network


def _reader(pieces: Iterator[bytes]) -> Any:
    """Return what ncnn reads weights from.

    It asks for the same pieces as were written, and copies them. `load_model_mem` does not say
    whether it worked, nor whether it copies.
    """

    class Reader(ncnn.DataReader):  # type: ignore[misc]
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
