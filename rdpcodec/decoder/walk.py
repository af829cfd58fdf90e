"""The layers of a file, decoded from coarse to fine and never twice (spec 11.1)."""

from collections.abc import Callable
from functools import cached_property
from itertools import islice

from rdpcodec.chain import Chain, Estimator
from rdpcodec.channel import load_coder
from rdpcodec.container import RdpFile
from rdpcodec.decoder.reconstruction import Noisy

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
        header = self._file.header
        coder = load_coder(header.coder, header.coder_parameter)
        for layer, step, bits in islice(self._file.steps(), self._done, count):
            self._chain.advance(layer.t, coder.decode(coder.unpack(bits, step), step))
            self._done = step.layer + 1
            if self._progress:
                self._progress("decoding", self._done, count)
        return Noisy(self._chain.y, self._chain.sigma)
