"""The layers of a file, decoded from coarse to fine and never twice (spec 11.1)."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from rdpcodec.chain import Chain, Estimator
from rdpcodec.channel import load_coder
from rdpcodec.container import RdpFile
from rdpcodec.decoder.reconstruction import Noisy
from rdpcodec.layers import ChannelStep

Progress = Callable[[str, int, int], None]


class Walk:
    """One way through a file's layers; it goes on where it stopped."""

    def __init__(
        self, file: RdpFile, make: Callable[[], Estimator], progress: Progress | None = None
    ) -> None:
        self._file = file
        self._make = make
        self._progress = progress
        self._chain: Chain | None = None
        self._done = 0

    @cached_property
    def estimator(self) -> Estimator:
        """The prior in the domain of the file's states, made when first asked for."""
        return self._make()

    def state_after(self, count: int) -> Noisy:
        """Return the state after the `count` coarsest layers.

        Raises:
            PriorError: If the prior is missing or not the file's.
            BitstreamError: If the coded data of a layer cannot be read.
        """
        if self._chain is None or count < self._done:
            self._chain, self._done = Chain(self.estimator), 0
        for t, z in self._delivered(self._done, count):
            self._chain.advance(t, z)
            self._done += 1
            if self._progress:
                self._progress("decoding", self._done, count)
        return Noisy(self._chain.y, self._chain.sigma)

    def _delivered(self, first: int, count: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the level of each layer and what the channel delivers for it.

        No estimate has a part in that, so the next layer is read while the network is evaluated.
        """
        header = self._file.header
        coder = load_coder(header.coder, header.coder_parameter)

        def draw(step: ChannelStep, bits: bytes) -> NDArray[np.float32]:
            return coder.decode(coder.unpack(bits, step), step)

        waiting: list[tuple[int, Future[NDArray[np.float32]]]] = []
        with ThreadPoolExecutor(1) as pool:
            for layer, step, bits in islice(self._file.steps(), first, count):
                waiting.append((layer.t, pool.submit(copy_context().run, draw, step, bits)))
                if len(waiting) > 1:
                    yield _result(waiting.pop(0))
            yield from map(_result, waiting)


def _result(
    waited: tuple[int, Future[NDArray[np.float32]]],
) -> tuple[int, NDArray[np.float32]]:
    t, future = waited
    return t, future.result()
