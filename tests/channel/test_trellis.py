"""The trellis finds the best path, walks it as specified, and simulates a Gaussian channel."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from rdpcodec import rng, threads
from rdpcodec.chain.transition import kl_bits
from rdpcodec.channel import ChannelStep, codebook, load_coder, search
from rdpcodec.channel.dealing import to_stages
from rdpcodec.channel.trellis import TrellisCoder, lane_bounds, path_labels
from rdpcodec.layers import q_nearest, stage_size, trellis_bits

Floats = NDArray[np.float32]
LONG_DIM = 200_000
# Every statistic below comes from fixed seeds; the level bounds what a new seed would do.
LEVEL = 1e-3


class StateMachine:
    """The trellis walked one symbol at a time, as the specification tells it."""

    def __init__(self, state_bits: int) -> None:
        self.state_bits = state_bits
        self.run = min(256, 2 ** (state_bits - 2))
        self.runs = 2 ** (state_bits - 2) // self.run
        self.drawn = rng.words(0, rng.Stream.LABELS, state_bits, 16 * self.runs).tolist()

    def label(self, state: int, symbol: int) -> int:
        """Return the codeword of a branch."""
        oldest, middle = state % 4, state // 4
        first = self.drawn[(symbol * self.runs + middle // self.run) * 4 + oldest] % 1024
        return int((first + middle % self.run) % 1024)

    def next_state(self, state: int, symbol: int) -> int:
        """Return where a branch leads: the symbol enters at the top."""
        return symbol * 2 ** (self.state_bits - 2) + state // 4

    def labels(self, symbols: list[int]) -> list[int]:
        """Return the codewords along a path from state 0."""
        state, out = 0, []
        for symbol in symbols:
            out.append(self.label(state, symbol))
            state = self.next_state(state, symbol)
        return out

    def best_total(self, scores: NDArray[np.float64]) -> float:
        """Return the largest total of any path, (stages, 1024) scores, by a plain Viterbi."""
        totals = {0: 0.0}
        for row in scores:
            after: dict[int, float] = {}
            for state, total in totals.items():
                for symbol in range(4):
                    below = self.next_state(state, symbol)
                    value = total + row[self.label(state, symbol)]
                    after[below] = max(after.get(below, -math.inf), value)
            totals = after
        return max(totals.values())


def mean_of(coder: TrellisCoder, step: ChannelStep, seed: int = 0) -> Floats:
    """Return a random mean of the energy that the step's stage size fits."""
    mu = np.random.default_rng(seed).standard_normal(step.dim)
    return (mu * math.sqrt(coder.energy_of(step.q, step.dim) / (mu @ mu))).astype(np.float32)


def order_of(step: ChannelStep) -> NDArray[np.int64]:
    """Return the coordinates in the order of the layer: the permutation, from another place on."""
    moved = int(rng.words(step.seed, rng.Stream.PERMUTATION, step.layer + 1, 1)[0]) % step.dim
    order = rng.permutation(step.seed, step.dim)
    return np.concatenate((order[moved:], order[:moved]))


def path_scores(mu: Floats, coder: TrellisCoder, step: ChannelStep) -> list[NDArray[np.float64]]:
    """Return log N(c; mu, I) / N(c; 0, (1 + v) I), up to a constant, by lane: (stages, 1024)."""
    order = order_of(step)
    dealt = mu[order] * rng.signs(step.seed, rng.Stream.SIGNS, step.layer, step.dim)
    n, v = step.stage_size, coder.excess_variance(step)
    out = []
    for lane, (first, last) in enumerate(lane_bounds(step.stages)):
        wave = codebook.wave(step, lane)
        book = codebook.entries(wave, np.arange(1024), n).astype(np.float64) * math.sqrt(1 + v)
        rows = dealt[first * n : last * n].astype(np.float64).reshape(-1, n)
        away = np.square(rows[:, None, :] - book).sum(axis=2) if n < 40 else None
        if away is None:
            away = np.square(book).sum(axis=1) - 2 * rows @ book.T
        out.append(np.square(book).sum(axis=1) / (2 * (1 + v)) - away / 2)
    return out


def test_states_and_coders_are_as_named() -> None:
    """The default coder is the trellis of 14 state bits."""
    coder = load_coder("trellis")
    assert (coder.name, coder.parameter) == ("trellis", 14)
    assert load_coder("trellis", 5).parameter == 5


@pytest.mark.parametrize("q", [0, 24, 47, 56, 75, 80])
def test_scores_are_the_log_likelihood_ratios(q: int) -> None:
    """The scores that are searched, energies included, are those of the definition."""
    coder, step = TrellisCoder(4), ChannelStep(seed=4, layer=1, dim=4 * stage_size(q), q=q)
    mu, excess = mean_of(coder, step), coder.excess_variance(step)
    rows, wave = to_stages(mu, step, step.stage_size), codebook.wave(step, 0)
    found = np.empty((step.stages, 1024), dtype=np.float32)
    search.likelihood_ratios(rows, wave, excess, found)
    expected = path_scores(mu, coder, step)[0]
    constants = (found - expected).mean(axis=1, keepdims=True)
    assert found == pytest.approx(expected + constants, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_search_finds_the_best_of_all_paths(seed: int) -> None:
    """On a lane short enough to try all of its paths, the search returns the best one."""
    coder, step = TrellisCoder(4), ChannelStep(seed=seed, layer=1, dim=6 * 16, q=32)
    mu = 2 * np.random.default_rng(seed).standard_normal(step.dim).astype(np.float32)
    scores = path_scores(mu, coder, step)[0]
    machine = StateMachine(4)
    totals = {
        path: float(scores[np.arange(6), machine.labels(list(path))].sum())
        for path in itertools.product(range(4), repeat=6)
    }
    best = max(totals, key=lambda path: totals[path])
    assert coder.encode(mu, step).tolist() == list(best)


@pytest.mark.parametrize(("state_bits", "stages"), [(4, 120), (5, 60), (6, 1536), (7, 40)])
def test_search_reaches_the_total_of_a_plain_viterbi(state_bits: int, stages: int) -> None:
    """The compiled search is as good as a step-by-step one, in one lane and in several."""
    coder = TrellisCoder(state_bits)
    step = ChannelStep(seed=11, layer=2, dim=stages * 16, q=32)
    mu = mean_of(coder, step, state_bits)
    symbols, machine = coder.encode(mu, step), StateMachine(state_bits)
    lanes = zip(lane_bounds(step.stages), path_scores(mu, coder, step), strict=True)
    for (first, last), scores in lanes:
        labels = machine.labels(symbols[first:last].tolist())
        found = float(scores[np.arange(last - first), labels].sum())
        assert found == pytest.approx(machine.best_total(scores), abs=1e-2)


@given(
    st.integers(4, 16),
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
)
@settings(max_examples=120, deadline=None)
def test_labels_are_those_of_the_state_machine(state_bits: int, symbols: list[int]) -> None:
    """The vectorised walk agrees with the state machine for even and odd numbers of state bits."""
    found = path_labels(np.array(symbols, dtype=np.int64), state_bits)
    assert found.tolist() == StateMachine(state_bits).labels(symbols)


@pytest.mark.parametrize("state_bits", range(4, 17))
def test_every_codeword_of_the_trellis_is_in_the_book(state_bits: int) -> None:
    """Branch labels are 0..1023, and a long random path of a large trellis meets almost all."""
    symbols = np.random.default_rng(0).integers(0, 4, 20_000)
    labels = path_labels(symbols, state_bits)
    assert labels.min() >= 0
    assert labels.max() < 1024
    assert np.unique(labels).size <= 2 ** (state_bits + 2)
    if state_bits >= 12:
        assert np.unique(labels).size > 1000


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=300),
)
@settings(max_examples=100, deadline=None)
def test_symbols_round_trip(symbols: list[int]) -> None:
    """Packed symbols come back, in two bits each, most significant first."""
    coder, step = TrellisCoder(4), ChannelStep(seed=0, layer=0, dim=len(symbols), q=0)
    payload, bits = coder.pack(np.array(symbols), step)
    digits = "".join(f"{symbol:02b}" for symbol in symbols)
    assert bits == len(digits) == coder.expected_bits(0, step.dim) == trellis_bits(step.dim, 0)
    assert payload == int(digits.ljust(8 * len(payload), "0"), 2).to_bytes(-(-bits // 8))
    assert coder.unpack(payload, step).tolist() == symbols


@given(st.integers(1, 10**7))
@settings(max_examples=200, deadline=None)
def test_lanes_cover_all_stages(stages: int) -> None:
    """Lanes are round(stages / 1024) in number, in order, gapless, and equal within one stage."""
    bounds = lane_bounds(stages)
    assert len(bounds) == max(1, (stages + 512) // 1024)
    assert (bounds[0][0], bounds[-1][1]) == (0, stages)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(bounds))
    lengths = [b - a for a, b in bounds]
    assert max(lengths) - min(lengths) <= 1
    assert 0 < min(lengths) <= max(lengths) <= 1536


@pytest.mark.parametrize("stages", [1, 2, 1024, 1535])
def test_one_lane_up_to_one_and_a_half_lengths(stages: int) -> None:
    """Short layers are one lane."""
    assert lane_bounds(stages) == [(0, stages)]


@pytest.mark.parametrize("stages", [1, 1535, 1536, 2559, 2560])
def test_layers_of_any_number_of_stages_can_be_searched(stages: int) -> None:
    """The longest lanes fit the search's memory, and the path covers every stage."""
    coder, step = TrellisCoder(4), ChannelStep(seed=1, layer=0, dim=stages, q=0)
    mu = np.random.default_rng(1).standard_normal(stages).astype(np.float32)
    symbols = coder.encode(mu, step)
    assert symbols.shape == (stages,)
    assert set(symbols.tolist()) <= {0, 1, 2, 3}


def test_decoder_takes_the_codewords_of_the_path() -> None:
    """The decoder puts the path's codewords back in place, with the variance of the proposal."""
    coder, step = TrellisCoder(5), ChannelStep(seed=9, layer=3, dim=1000, q=21)
    symbols = np.random.default_rng(2).integers(0, 4, step.stages)
    labels = StateMachine(5).labels(symbols.tolist())
    rows = codebook.entries(codebook.wave(step, 0), np.array(labels), step.stage_size)
    dealt = rows.reshape(-1)[: step.dim] * rng.signs(9, rng.Stream.SIGNS, 3, step.dim)
    expected = np.empty(step.dim)
    expected[order_of(step)] = dealt * math.sqrt(1 + coder.excess_variance(step))
    assert coder.decode(symbols, step) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dim", [1, 2, 3, 75, 1000, 1025, 5000])
@pytest.mark.parametrize("q", [0, 9, 40, 80, 95, 255])
def test_any_dimension_and_stage_size_can_be_coded(dim: int, q: int) -> None:
    """Stages that do not divide the dimension, or are larger than it, are coded and decoded."""
    coder, step = TrellisCoder(4), ChannelStep(seed=5, layer=0, dim=dim, q=q)
    mu = np.random.default_rng(dim).standard_normal(dim).astype(np.float32)
    symbols = coder.encode(mu, step)
    assert symbols.shape == (step.stages,)
    z = coder.decode(symbols, step)
    assert z.shape == (dim,)
    assert z.dtype == np.float32
    assert np.isfinite(z).all()


def test_the_stage_size_fits_the_energy() -> None:
    """`choose_q` undoes `energy_of`, and asks for smaller stages for more energy."""
    coder = TrellisCoder()
    for q in (16, 40, 64, 90, 120):
        assert coder.choose_q(coder.energy_of(q, LONG_DIM), LONG_DIM) == q
    chosen = [coder.choose_q(10.0**k, LONG_DIM) for k in range(-12, 7)]
    assert chosen == sorted(chosen, reverse=True)
    assert coder.choose_q(0.0, LONG_DIM) == q_nearest(LONG_DIM)


@pytest.mark.parametrize("q", [40, 56, 72, 80, 88])
def test_bits_paid_per_bit_of_signal(q: int) -> None:
    """With 14 state bits z reaches mu within 3 %, for at most 1.08 times the divergence."""
    coder, step = TrellisCoder(14), ChannelStep(seed=7, layer=2, dim=LONG_DIM, q=q)
    mu = mean_of(coder, step, q)
    symbols = coder.encode(mu, step)
    z, energy = coder.decode(symbols, step).astype(np.float64), float(mu @ mu)
    assert 0.97 < float(z @ mu) / energy < 1.03
    ideal = kl_bits(energy, step.dim, coder.excess_variance(step))
    assert coder.pack(symbols, step)[1] <= 1.08 * ideal


def test_stated_efficiencies_are_what_the_search_delivers() -> None:
    """For small trellises the projection per bit is that of the table within 3 %."""
    for state_bits in (4, 6, 8, 10):
        coder = TrellisCoder(state_bits)
        step = ChannelStep(seed=3, layer=1, dim=LONG_DIM, q=56)
        mu = mean_of(coder, step, state_bits)
        z = coder.decode(coder.encode(mu, step), step)
        assert float(z @ mu) / float(mu @ mu) == pytest.approx(1, abs=0.03)


@pytest.fixture(scope="module")
def noises() -> list[tuple[Floats, Floats]]:
    """Return (mu, z - mu) of four layers, the first two of different seeds but the same mean."""
    coder, out = TrellisCoder(14), []
    for seed, layer in ((1, 4), (2, 4), (1, 5), (1, 6)):
        step = ChannelStep(seed=seed, layer=layer, dim=LONG_DIM, q=40)
        mu = mean_of(coder, step, layer)
        out.append((mu, coder.decode(coder.encode(mu, step), step) - mu))
    return out


def test_noise_has_unit_variance(noises: list[tuple[Floats, Floats]]) -> None:
    """The noise has mean 0 within four standard errors and variance 1 within 1 %.

    The variance is not exact: the search takes the best path, it does not sample one.
    """
    for _, noise in noises:
        assert abs(float(noise.mean())) < 4 / math.sqrt(noise.size)
        assert float(noise.var()) == pytest.approx(1, abs=0.01)


def test_noise_is_white_in_space(noises: list[tuple[Floats, Floats]]) -> None:
    """The Ljung-Box statistic of the first 50 lags of the noise is that of white noise."""
    for _, noise in noises:
        x = (noise - noise.mean()).astype(np.float64)
        lags = np.arange(1, 51)
        rho = np.array([float(x[lag:] @ x[:-lag]) for lag in lags]) / float(x @ x)
        statistic = x.size * (x.size + 2) * float((rho**2 / (x.size - lags)).sum())
        assert stats.chi2.sf(statistic, lags.size) > LEVEL


def test_noise_has_a_flat_spectrum(noises: list[tuple[Floats, Floats]]) -> None:
    """The energies of 100 equal bands of the spectrum differ no more than chance lets them."""
    for _, noise in noises:
        power = np.abs(np.fft.rfft(noise.astype(np.float64)))[1:-1] ** 2 / noise.size
        bands = power[: power.size // 100 * 100].reshape(100, -1).mean(axis=1)
        per_band = power.size // 100
        z = (bands / float(noise.var()) - 1) * math.sqrt(per_band)
        assert stats.chi2.sf(float(z @ z), 100) > LEVEL


def test_noise_is_uncorrelated_with_mean_and_position(noises: list[tuple[Floats, Floats]]) -> None:
    """Noise knows neither mu, nor |mu|, nor its position; its size does not either."""
    for mu, noise in noises:
        bound = 4.5 / math.sqrt(noise.size)
        place = np.arange(noise.size)
        for known in (np.abs(mu), place, np.cos(2 * np.pi * place / 64)):
            assert abs(float(np.corrcoef(known, noise)[0, 1])) < bound
        assert abs(float(np.corrcoef(place, noise**2)[0, 1])) < bound
        # Along mu the sum is steered towards |mu|^2, so this is far below what chance gives.
        assert abs(float(np.corrcoef(mu, noise)[0, 1])) < bound


def test_noise_along_mu_shrinks(noises: list[tuple[Floats, Floats]]) -> None:
    """The known deviation: the variance along mu, stage by stage, is below 1 by over 5 %."""
    mu, noise = noises[0]
    step = ChannelStep(seed=1, layer=4, dim=LONG_DIM, q=40)
    order, n = order_of(step), step.stage_size
    rows = noise[order][: LONG_DIM // n * n].reshape(-1, n)
    means = mu[order][: LONG_DIM // n * n].reshape(-1, n)
    along = (rows * means).sum(axis=1) / np.sqrt(np.square(means).sum(axis=1))
    assert 0.5 < float(along.var()) < 0.95


def test_layers_together_are_normal(noises: list[tuple[Floats, Floats]]) -> None:
    """The sum of layers' noises, as a chain makes it, passes Kolmogorov-Smirnov and Jarque-Bera.

    One lane has only 1024 magnitudes, so a single layer is not tested for normality.
    """
    total = sum(noise for _, noise in noises[1:]) / math.sqrt(3)
    assert stats.kstest(total, "norm").pvalue > LEVEL
    assert stats.jarque_bera(total[:20_000]).pvalue > LEVEL


def test_seeds_and_layers_give_unrelated_noise(noises: list[tuple[Floats, Floats]]) -> None:
    """The noises of another seed, for the same mean, and of another layer are uncorrelated."""
    first = noises[0][1]
    for _, other in noises[1:]:
        assert abs(float(np.corrcoef(first, other)[0, 1])) < 4.5 / math.sqrt(first.size)


def test_encoding_is_deterministic() -> None:
    """Two encoders, and one encoder used twice, find the same path."""
    step = ChannelStep(seed=1, layer=0, dim=30_000, q=40)
    coder = TrellisCoder(8)
    mu = mean_of(coder, step)
    first = coder.encode(mu, step)
    assert np.array_equal(first, coder.encode(mu, step))
    assert np.array_equal(first, TrellisCoder(8).encode(mu, step))


@pytest.mark.parametrize("q", [40, 88])
def test_nothing_depends_on_the_number_of_threads(q: int) -> None:
    """One thread and many find the same symbols and the same z, in one lane and in several."""
    step = ChannelStep(seed=1, layer=0, dim=LONG_DIM, q=q)
    mu = mean_of(TrellisCoder(6), step)
    with threads.limited(1):
        symbols = TrellisCoder(6).encode(mu, step)
        z = TrellisCoder(6).decode(symbols, step)
    for count in (2, 3, 17):
        coder = TrellisCoder(6)
        with threads.limited(count):
            assert np.array_equal(coder.encode(mu, step), symbols)
            assert np.array_equal(coder.decode(symbols, step), z)


def test_search_reuses_its_memory_without_leaks() -> None:
    """A search after a longer one gives what a fresh search gives."""
    coder = TrellisCoder(6)
    for dim in (20_000, 3_000, 40_000, 5):
        step = ChannelStep(seed=1, layer=0, dim=dim, q=24)
        mu = mean_of(coder, step)
        assert np.array_equal(coder.encode(mu, step), TrellisCoder(6).encode(mu, step))


def test_unreachable_states_never_win() -> None:
    """However bad all scores are, the path starts in state 0."""
    coder, step = TrellisCoder(4), ChannelStep(seed=2, layer=0, dim=32, q=32)
    mu = np.full(32, -1e4, dtype=np.float32)
    symbols = coder.encode(mu, step)
    scores = path_scores(mu, coder, step)[0]
    labels = StateMachine(4).labels(symbols.tolist())
    best = StateMachine(4).best_total(scores)
    assert float(scores[np.arange(2), labels].sum()) == pytest.approx(best, rel=1e-5)
    assert -2 * float(np.abs(scores).max()) > search.UNREACHABLE
