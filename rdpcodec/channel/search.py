"""The encoder's search for the best paths; needs the compiler (spec 9.2.5)."""

import math

import numpy as np

from rdpcodec.channel import viterbi
from rdpcodec.channel.base import Floats, Indices
from rdpcodec.channel.codebook import CODEWORDS
from rdpcodec.channel.dealing import Dealer, Span
from rdpcodec.threads import spread

UNREACHABLE = -1e30


class Search:
    """Viterbi searches that reuse their memory, one part of it for each lane of a group."""

    def __init__(self, shifts: Indices, run: int, longest: int) -> None:
        """Search one trellis.

        Args:
            shifts: (4, runs, 4) int64; first label of each run of branches.
            run: How many branches in a row have labels that rise by one.
            longest: Stages of the longest lane.
        """
        self._shifts, self._run, self._longest = shifts.reshape(-1, 4), run, longest
        self._memory = list[tuple[Floats, Floats]]()

    def best_paths(
        self,
        mu: Floats,
        deal: Dealer,
        lanes: list[tuple[Span, Floats]],
        excess: float,
        number: int,
    ) -> list[Indices]:
        """Return the symbols of some lanes, which are searched at the same time.

        Args:
            mu: (dim,) float32.
            deal: The dealer of the step.
            lanes: The stages of each lane, at most `longest`, and its wave.
            excess: v.
            number: How many threads to use.

        Returns:
            For each lane (stages,) int64 in 0..3.
        """
        while len(self._memory) < len(lanes):
            self._memory.append(self._one_lane())

        def score(piece: tuple[Span, Floats, Floats]) -> None:
            (a, b), wave, ratios = piece
            rows = np.empty((b - a, min(deal.step.stage_size, CODEWORDS)), dtype=np.float32)
            deal.take(mu, (a, b), rows)
            likelihood_ratios(rows, wave, excess, ratios)

        def best_path(lane: tuple[Span, tuple[Floats, Floats]]) -> Indices:
            (first, last), (ratios, kept) = lane
            trellis = ratios[: last - first], self._shifts, kept, self._run
            viterbi.forward(*trellis)
            return viterbi.trace_back(*trellis)

        pieces = [
            ((a, b), wave, ratios[a - first : b - first])
            for ((first, last), wave), (ratios, _) in zip(lanes, self._memory, strict=False)
            for a, b in deal.pieces(first, last)
        ]
        spread(score, pieces, number)
        spans = [span for span, _ in lanes]
        return spread(best_path, zip(spans, self._memory, strict=False), number)

    def _one_lane(self) -> tuple[Floats, Floats]:
        """Return memory for the ratios and the kept scores of a lane."""
        groups, states = -(-self._longest // viterbi.KEPT), len(self._shifts) * self._run
        kept = np.empty((groups + 1, states), dtype=np.float32)
        kept[0], kept[0, 0] = UNREACHABLE, 0
        return np.empty((self._longest, CODEWORDS), dtype=np.float32), kept


def likelihood_ratios(rows: Floats, wave: Floats, excess: float, ratios: Floats) -> None:
    """Find log N(c; mu, I) / N(c; 0, (1 + v) I) for every codeword, up to a constant.

    With c = sqrt(1 + v) codeword it is <c, mu> - v / 2 |codeword|^2; the squared lengths are
    the inner products of ones with the codewords of the squared wave.

    Args:
        rows: (stages, width) float32; mu by stage.
        wave: (1024,) float32.
        excess: v.
        ratios: (stages, 1024) float32; written to.
    """
    costs = np.empty((1, CODEWORDS), dtype=np.float32)
    all_ones, none = np.ones_like(rows[:1]), np.zeros_like(wave)
    viterbi.inner_products(all_ones, np.square(wave) * np.float32(-excess / 2), none, costs)
    scaled = wave * np.float32(math.sqrt(1 + excess))
    viterbi.inner_products(rows, scaled, costs[0], ratios)
