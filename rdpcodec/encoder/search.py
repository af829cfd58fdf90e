"""The encoder's walk: from a picture and a goal to layers and their bits.

The goal is a level t, a quality, or a number of bytes to be used as fully as the table's grain
allows. With a byte goal the last level is chosen so that its layer fills what is left.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce

from rdpcodec.arrays import Array, energy, host
from rdpcodec.chain import Chain, channel_mean, kl_bits
from rdpcodec.channel.base import ChannelCoder, Indices
from rdpcodec.container import Chunk, FileSize, Header, Prompt
from rdpcodec.container.chunks import chunk_bytes
from rdpcodec.encoder import allocation, levels
from rdpcodec.encoder.quality import Quality
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.layers import MAX_LAYERS, Q_MAX, STEP_PRIMER, ChannelStep, Layer
from rdpcodec.schedule import T_MAX

FULL_ENOUGH = 0.97


@dataclass(frozen=True)
class CodedLayer:
    """A layer, its bits and its ideal cost."""

    layer: Layer
    payload: bytes
    kl_bits: float


@dataclass(frozen=True)
class Goal:
    """Where to stop: at level `t`, when the file has `file_bytes` bytes, or at a quality."""

    t: int = 0
    file_bytes: int | None = None
    quality: Quality | None = None


@dataclass
class Encoder:
    """One picture on its way into a file.

    Attributes:
        x_0: (1, C, H, W) float32 in [-1, 1].
        chain: The state that the decoder will have too.
        coder: The channel coder.
        header: Makes the header of the file from its layers.
        seed: The file's seed.
        ancillary: Chunks that count towards the size of the file.
        prompt: A chunk that counts as well.
        goal: Where to stop.
        rdo: How far bits go where they lessen the error most (`allocation.weigh`).
        region: (1, 1, h, w) float32. How much of what is missing is sent where (`region.weights`);
            all of it everywhere, when None.
    """

    x_0: Array
    chain: Chain
    coder: ChannelCoder
    header: Callable[[tuple[Layer, ...]], Header]
    seed: int
    ancillary: tuple[Chunk, ...]
    goal: Goal
    rdo: float = 0.0
    region: Array | None = None
    prompt: Prompt | None = None
    coded: list[CodedLayer] = field(default_factory=list)
    size: FileSize = field(init=False)  # of the file with the layers so far
    residual: Array = field(init=False)  # what the next layer is to carry

    def __post_init__(self) -> None:
        """Begin with the size of a file without layers."""
        self._dim = math.prod(self.x_0.shape)
        header = self.header((self._coarsest(),))
        told = () if self.prompt is None else (self.prompt,)
        self.size = FileSize.without_layers(header, (*told, *self.ancillary))

    def run(self, progress: Callable[[int, int], None]) -> None:
        """Code layers until the goal is reached.

        Args:
            progress: Called with the layers done and an estimate of all layers.

        Raises:
            UsageError: If not even one layer fits the goal.
        """
        while not self._finished():
            self.residual = None  # its memory is needed
            self.residual = self._residual()
            plan = self._plan()
            found = None if plan is None else self._fit(*plan)
            if found is None:
                break
            self.coded.append(found)
            self.size = self.size.plus(found.layer)
            progress(len(self.coded), self._expected_layers())
        if not self.coded:
            self._refuse_target()

    def file_bytes(self, *extra: Layer) -> int:
        """Return the size of the file with the layers so far and `extra` ones."""
        return reduce(FileSize.plus, extra, self.size).file_bytes

    def _finished(self) -> bool:
        if not self.coded:
            return False
        if self.goal.quality is not None and self.goal.quality.reached(self.chain):
            return True
        if len(self.coded) == MAX_LAYERS or self.chain.t == self.goal.t:
            return True
        limit = self.goal.file_bytes
        return limit is not None and self.file_bytes() >= FULL_ENOUGH * limit

    def _plan(self) -> tuple[int, int] | None:
        """Return (t, q) of the next layer, None if none fits."""
        error = self._error_energy()
        layer, refresh = len(self.coded), self.chain.refresh
        t = levels.next_t(layer, self.chain.t, error, self.goal.t, refresh)
        t = max(t, levels.lowest_t(self.chain.t, error / self._dim))
        q = self.coder.choose_q(error * self.chain.step_to(t).precision, self._dim)
        if self._fits(t, q):
            return t, q
        return self._shrink(error, q)

    def _shrink(self, error: float, q: int) -> tuple[int, int] | None:
        """Return the finest (t, q) from `q` on whose expected bits fit what is left of the goal."""
        above = self.chain.t
        for coarser in range(q, Q_MAX + 1):
            fitted = self.coder.energy_of(coarser, self._dim) / max(error, levels.ENERGY_MIN)
            t = max(levels.t_of_precision(above, fitted), self.goal.t)
            if above is not None and t >= above:
                return None
            if self._fits(t, coarser):
                return t, coarser
        return None

    def _fits(self, t: int, q: int) -> bool:
        limit = self.goal.file_bytes
        bits = self.coder.expected_bits(q, self._dim)
        return limit is None or self.file_bytes(Layer(t, q, bits)) <= limit

    def _fit(self, t: int, q: int) -> CodedLayer | None:
        """Code the layer and advance; coarsen it while its real bits overrun the goal."""
        coded, indices = self._code(t, q)
        limit = self.goal.file_bytes
        while limit is not None and self.file_bytes(coded.layer) > limit:
            smaller = self._shrink(self._error_energy(), coded.layer.q + 1)
            if smaller is None:
                return None
            coded, indices = self._code(*smaller)
        step = self._channel_step(coded.layer.q)
        with self.chain.clock.measure("channel"):
            z = self.coder.decode(indices, step)
        self.chain.advance(coded.layer.t, z)
        return coded

    def _code(self, t: int, q: int) -> tuple[CodedLayer, Indices]:
        mu = channel_mean(self.residual, self.chain.step_to(t))
        step = self._channel_step(q)
        with self.chain.clock.measure("channel"):
            indices = self.coder.encode(host(mu).reshape(-1), step)
            payload, bits = self.coder.pack(indices, step)
        ideal = kl_bits(energy(mu), step.dim, self.coder.excess_variance(step))
        return CodedLayer(Layer(t, q, bits), payload, ideal), indices

    def _channel_step(self, q: int) -> ChannelStep:
        return ChannelStep(seed=self.seed, layer=len(self.coded), dim=self._dim, q=q)

    def _error_energy(self) -> float:
        return energy(self.residual)

    def _residual(self) -> Array:
        """Return x_0 - x0_hat, or what of it is worth its bits."""
        missing = self.x_0 - self.chain.x0_hat()
        if self.chain.t is None:
            return missing
        if self.region is not None:
            missing *= self.region
        if self.chain.sigma < allocation.SIGMA_MIN:
            return missing
        basis, layer = self.chain.domain.basis, len(self.coded)
        return allocation.weigh(missing, basis, self.rdo, layer, self.chain.sigma)

    def _expected_layers(self) -> int:
        done = len(self.coded)
        if self.goal.file_bytes is None:
            left = max(0, (self.chain.t or 0) - self.goal.t)
            if self.goal.quality is not None:
                left = min(left, self.goal.quality.left())
            return done + -(-left // STEP_PRIMER[-1])
        share = self.file_bytes() / self.goal.file_bytes
        return max(done, round(done / min(1.0, max(share, 0.1))))

    def _coarsest(self) -> Layer:
        return Layer(T_MAX, Q_MAX, self.coder.expected_bits(Q_MAX, self._dim))

    def _of_extras(self) -> str:
        """Name the bytes that no coarser picture saves."""
        extras = sum(chunk_bytes(len(chunk.body)) for chunk in self.ancillary)
        return (
            f", {extras} of them in ancillary chunks (alpha, metadata and the like)"
            if extras
            else ""
        )

    def _refuse_target(self) -> None:
        smallest = self.file_bytes(self._coarsest())
        raise UsageError(
            ISSUE.TARGET_TOO_SMALL,
            f"the target of {self.goal.file_bytes} bytes is too small for this picture, "
            f"whose smallest file has {smallest} bytes{self._of_extras()}",
        )
