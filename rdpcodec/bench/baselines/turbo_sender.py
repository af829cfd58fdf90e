"""The encoder's walk of Turbo-DDCM: how many atoms each step has, and where the file is full."""

import bisect
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rdpcodec import levels
from rdpcodec.bench.baselines import ranges
from rdpcodec.bench.baselines.atoms import Scores, encode_layer, score
from rdpcodec.chain import Chain
from rdpcodec.diffusion import kl_bits

LAYERS_MAX = 255
BITS_PER_BIT = 1.4  # about what a bit of divergence costs


@dataclass
class Sender:
    """A picture on its way into a file.

    Attributes:
        x_0: (1, 3, H, W) float32.
        chain: The state that the decoder will have too.
        room_bytes: How many bytes the layers may take.
        blocks_max: Upper bound on the blocks of a step.
        coder: What has been coded.
        path: The levels of the layers so far.
    """

    x_0: Tensor
    chain: Chain
    room_bytes: int
    blocks_max: int
    coder: ranges.Encoder = field(default_factory=ranges.new_encoder)
    path: list[int] = field(default_factory=list)

    def send(self) -> bool:
        """Code one layer; return whether there may be another."""
        if self.chain.t == 0 or len(self.path) == LAYERS_MAX:
            return False
        residual = self.x_0 - self.chain.x0_hat()
        energy = max(float(residual.square().sum()), levels.ENERGY_MIN)
        t = levels.next_t(len(self.path), self.chain.t, energy, 0)
        wanted = energy * self.chain.step_to(t).precision
        scores = self._score(residual, BITS_PER_BIT * kl_bits(wanted, self.x_0.numel()))
        count = scores.count_for(wanted**0.5)
        if self._size(scores, count) <= self.room_bytes:
            self._commit(t, scores, count)
            return True
        self._send_last(residual, energy)
        return False

    def _send_last(self, residual: Tensor, energy: float) -> None:
        """Code as many atoms as fit, and end at the level that they reach."""
        left = 8 * (self.room_bytes - len(ranges.to_bytes(self.coder)))
        scores = self._score(residual, left)
        counts = scores.counts
        fitting = bisect.bisect_right(
            counts, self.room_bytes, key=lambda count: self._size(scores, count)
        )
        if fitting == 0 and self.path:
            return
        count = counts[max(0, fitting - 1)]
        t = levels.t_of_precision(self.chain.t, scores.gains[count] ** 2 / energy)
        if self.chain.t is None or t < self.chain.t:
            self._commit(t, scores, count)

    def _score(self, residual: Tensor, bits: float) -> Scores:
        unit = (residual / residual.norm().clamp_min(levels.ENERGY_MIN)).numpy().reshape(-1)
        return score(unit, len(self.path), bits, self.blocks_max)

    def _size(self, scores: Scores, count: int) -> int:
        """Return the bytes of all layers if the next one has `COUNTS[count]` atoms."""
        trial = self.coder.clone()
        encode_layer(trial, scores.choose(count))
        return len(ranges.to_bytes(trial))

    def _commit(self, t: int, scores: Scores, count: int) -> None:
        code = scores.choose(count)
        encode_layer(self.coder, code)
        self.chain.advance(t, torch.from_numpy(code.total()).view_as(self.x_0))
        self.path.append(t)
