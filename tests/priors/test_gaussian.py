"""The closed-form prior against linear algebra, information theory and the real channel."""

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from rdpcodec.chain import Chain, Estimator
from rdpcodec.chain.transition import Step, channel_mean, kl_bits, next_state
from rdpcodec.channel import ChannelStep, load_coder
from rdpcodec.container import Header
from rdpcodec.decoder.reconstruction import RECONSTRUCTIONS, Noisy, reconstruct
from rdpcodec.domains import pixel_domain
from rdpcodec.domains.gaussian import AMPLITUDE, COLOUR_BASIS, CORNER, EXPONENT, spectrum
from rdpcodec.encoder.search import Encoder, Goal
from rdpcodec.layers import Layer
from rdpcodec.priors import load_prior
from rdpcodec.priors.base import Prior
from rdpcodec.schedule import nearest_t, sigma
from rdpcodec.transforms.cosine import from_coefficients

pytestmark = pytest.mark.usefixtures("one_thread")
PRIOR = load_prior("gaussian-1")
GREY = np.ones(3) / np.sqrt(3)
AXES = np.array([GREY, np.array([1, 0, -1]) / np.sqrt(2), np.array([1, -2, 1]) / np.sqrt(6)])
Floats = NDArray[np.float64]
State = NDArray[np.float32]


def estimate(prior: Prior, y: State, sigma: float) -> State:
    """Return a prior's estimate of a grey or RGB state."""
    return pixel_domain(*y.shape[1:]).evaluate(prior.denoise, y, sigma)


def dct_matrix(size: int) -> Floats:
    """Return the orthonormal DCT-II, a row per frequency, from its definition."""
    k, i = np.arange(size)[:, None], np.arange(size)[None, :]
    matrix = np.cos(np.pi * (i + 0.5) * k / size) * np.sqrt(2 / size)
    matrix[0] /= np.sqrt(2)
    return matrix


def power_law(axis: int, height: int, width: int) -> Floats:
    """Return S(f) of one colour axis, (H, W), frequency by frequency."""
    out = np.empty((height, width))
    for i in range(height):
        for j in range(width):
            squared = (i / (2 * height)) ** 2 + (j / (2 * width)) ** 2 + CORNER**2
            out[i, j] = AMPLITUDE[axis] * squared ** (-EXPONENT[axis] / 2)
    return out


def covariance(height: int, width: int) -> Floats:
    """Return the covariance of a flattened (3, H, W) picture."""
    plane = np.kron(dct_matrix(height), dct_matrix(width))
    out = np.zeros((3 * height * width, 3 * height * width))
    for axis in range(3):
        block = plane.T @ np.diag(power_law(axis, height, width).reshape(-1)) @ plane
        out += np.kron(np.outer(AXES[axis], AXES[axis]), block)
    return out


def sample(height: int, width: int, batch: int = 1, seed: int = 0) -> State:
    """Return pictures drawn from the prior."""
    shape = (batch, 3, height, width)
    normal = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return from_coefficients(np.sqrt(spectrum(height, width)) * normal, COLOUR_BASIS)


def noise(shape: tuple[int, ...], seed: int) -> State:
    """Return standard normal noise."""
    return np.random.default_rng([7, seed]).standard_normal(shape, dtype=np.float32)


def information_bits(variances: Floats, level: float) -> float:
    """Return 1/2 sum log2(1 + S / sigma^2)."""
    return float(np.log2(1 + variances / level**2).sum()) / 2


def mmse(variances: Floats, level: float) -> Floats:
    """Return S sigma^2 / (S + sigma^2), the least error of every coefficient."""
    return variances if math.isinf(level) else variances * level**2 / (variances + level**2)


def expected_bits(variances: Floats, levels: list[float], excess: list[float]) -> float:
    """Return the mean of the sum of divergences over a ladder, a closed form."""
    total = 0.0
    for (above, below), v in zip(pairwise([math.inf, *levels]), excess, strict=True):
        energy = float(mmse(variances, above).sum()) * Step(above, below).precision
        total += kl_bits(energy, variances.size, v)
    return total


@pytest.mark.parametrize("size", [(6, 5), (1, 1), (1, 7), (8, 1), (3, 3)])
@pytest.mark.parametrize("level", [0.02, 0.5, 10.0])
def test_denoise_is_the_posterior_mean(size: tuple[int, int], level: float) -> None:
    """The Wiener filter equals C (C + sigma^2 I)^-1 y for the explicit covariance C."""
    y = sample(*size, batch=2, seed=1) + level * noise((2, 3, *size), 2)
    c = covariance(*size)
    gain = np.linalg.solve(c + level**2 * np.eye(len(c)), c)
    expected = (y.reshape(2, -1) @ gain).reshape(y.shape)
    found = PRIOR.denoise(y, level)
    assert found.dtype == np.float32
    assert found.shape == y.shape
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(found, expected, atol=2e-5 * scale, rtol=0)


def test_spectrum_is_the_power_law() -> None:
    """S follows the published numbers, at odd sizes too."""
    for height, width in ((1, 1), (5, 8), (33, 16)):
        expected = np.stack([power_law(axis, height, width) for axis in range(3)])
        np.testing.assert_allclose(spectrum(height, width), expected, rtol=1e-5)


def test_sizes_do_not_share_their_spectra() -> None:
    """Pictures of many sizes in turn are each filtered with their own spectrum."""
    first = PRIOR.denoise(sample(4, 6), 0.3)
    for size in ((6, 4), (4, 5), (5, 6), (4, 6)):
        again = PRIOR.denoise(sample(*size), 0.3)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("level", [0.05, 0.7])
def test_grey_rule_is_exact(level: float) -> None:
    """A grey state is denoised as the grey axis of the prior, C / 3, alone, with noise sigma."""
    height, width = 6, 5
    y = noise((2, 1, height, width), 3)
    plane = np.kron(dct_matrix(height), dct_matrix(width))
    c = plane.T @ np.diag(power_law(0, height, width).reshape(-1) / 3) @ plane
    gain = np.linalg.solve(c + level**2 * np.eye(len(c)), c)
    expected = (y.reshape(2, -1) @ gain).reshape(y.shape)
    found = estimate(PRIOR, y, level)
    assert found.shape == y.shape
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_colour_state_goes_to_the_prior_unchanged() -> None:
    """For RGB the state is denoised as it is."""
    y = noise((1, 3, 4, 4), 5)
    assert np.array_equal(estimate(PRIOR, y, 0.4), PRIOR.denoise(y, 0.4))


@pytest.mark.parametrize("level", [0.02, 0.1, 0.6])
def test_one_step_error_is_the_mmse(level: float) -> None:
    """On its own samples the estimate has the closed-form MMSE, within four standard errors."""
    x_0 = sample(32, 24, batch=24, seed=3)
    missing = PRIOR.denoise(x_0 + level * noise(x_0.shape, 4), level) - x_0
    error = np.square(missing).mean(axis=(1, 2, 3))
    expected = mmse(spectrum(32, 24).astype(np.float64), level).mean()
    standard_error = float(error.std(ddof=1)) / math.sqrt(24)
    assert abs(float(error.mean()) - expected) < 4 * standard_error
    assert standard_error < 0.03 * expected


@pytest.mark.parametrize(("height", "width", "end"), [(16, 24, 0.1), (17, 15, 0.03)])
def test_divergence_over_a_fine_ladder_is_the_mutual_information(
    height: int, width: int, end: float
) -> None:
    """With an ideal channel the sum of KL is 1/2 sum log2(1 + S / sigma_T^2).

    180 levels cost up to 4 % more than infinitely many, by the closed form; the sum over 64 samples
    of the prior is within four standard errors of that closed form, and those under 1.5 %.
    """
    variances = spectrum(height, width).astype(np.float64)
    levels = np.geomspace(200, end, 180).tolist()
    x_0 = sample(height, width, batch=64, seed=5)
    y, x0_hat, bits = np.zeros_like(x_0), np.zeros_like(x_0), np.zeros(64)
    for k, (above, below) in enumerate(pairwise([math.inf, *levels])):
        step = Step(above, below)
        mu = channel_mean(x_0 - x0_hat, step)
        bits += np.square(mu).sum(axis=(1, 2, 3)) / (2 * math.log(2))
        y = next_state(y, x0_hat, mu + noise(x_0.shape, 100 + k), step)
        x0_hat = PRIOR.denoise(y, below)
    information = information_bits(variances, end)
    ladder = expected_bits(variances, levels, [0.0] * len(levels))
    assert information < ladder < 1.04 * information
    standard_error = float(bits.std(ddof=1)) / math.sqrt(64)
    assert abs(float(bits.mean()) - ladder) < 4 * standard_error
    assert standard_error < 0.015 * information


def test_state_of_an_ideal_chain_reads_as_the_theory_says() -> None:
    """Errors at rho = 0 and energies at rho = 1 are closed forms, for both reconstructions."""
    level, size, count = 0.3, (32, 24), 24
    x_0 = sample(*size, batch=count, seed=8)
    y = x_0 + level * noise(x_0.shape, 9)
    variances = spectrum(*size).astype(np.float64)
    for reconstruction in RECONSTRUCTIONS:
        low = reconstruct(
            PRIOR.denoise, Noisy(y, level), rho=0.0, reconstruction=reconstruction, evaluations=30
        )
        error = np.square(low - x_0).mean(axis=(1, 2, 3))
        within(error, mmse(variances, level).mean(), 0.02)
        # Where S is far below SIGMA_END^2 the last step drops energy, under 1 % in all.
        high = reconstruct(
            PRIOR.denoise, Noisy(y, level), rho=1.0, reconstruction=reconstruction, evaluations=30
        )
        within(np.square(high).mean(axis=(1, 2, 3)), variances.mean(), 0.3)
        detail = band(high, 6)
        within(detail, band_variance(variances, 6), 0.03)


def within(found: Floats, expected: float, largest: float) -> None:
    """Check a mean over samples to four standard errors, which are themselves bounded."""
    standard_error = float(found.std(ddof=1)) / math.sqrt(found.size)
    assert abs(float(found.mean()) - expected) < 4 * standard_error + 0.005 * expected
    assert standard_error < largest * expected


def band(pictures: State, low: int) -> Floats:
    """Return the mean energy of the grey coefficients from index `low` on both axes up."""
    grey = pictures.astype(np.float64).mean(axis=1) * math.sqrt(3)
    height, width = grey.shape[1:]
    found = dct_matrix(height) @ grey @ dct_matrix(width).T
    return (found[:, low:, low:] ** 2).mean(axis=(1, 2))


def band_variance(variances: Floats, low: int) -> float:
    """Return the mean variance of the same coefficients."""
    return float(variances[0, low:, low:].mean())


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("reconstruction", RECONSTRUCTIONS)
def test_reconstructions_have_the_gain_of_the_theory(rho: float, reconstruction: str) -> None:
    """The ode's gain is a^(1 - rho / 2), the geodesic's (1 - rho) a + rho sqrt(a)."""
    level = 0.4
    y = sample(20, 20, seed=2) + level * noise((1, 3, 20, 20), 1)
    variances = spectrum(20, 20).astype(np.float64)
    a = variances / (variances + level**2)
    gain = a ** (1 - rho / 2) if reconstruction == "ode" else (1 - rho) * a + rho * np.sqrt(a)
    found = reconstruct(
        PRIOR.denoise, Noisy(y, level), rho=rho, reconstruction=reconstruction, evaluations=60
    )
    mixed = np.einsum("ca,bahw->bchw", AXES, y)
    coefficients = np.einsum("ih,bchw,jw->bcij", dct_matrix(20), mixed, dct_matrix(20))
    back = np.einsum("ih,bcij,jw->bchw", dct_matrix(20), gain * coefficients, dct_matrix(20))
    expected = np.einsum("ca,bchw->bahw", AXES, back)
    error = float(np.square(found - expected).mean())
    # What is lost is what lies below SIGMA_END.
    assert error < 0.01**2
    assert error < 2e-3 * float(np.square(expected).mean())


def code(x_0: State, t: int, state_bits: int = 12) -> Encoder:
    """Return the real encoder after it coded a float picture down to level t."""
    _, channels, height, width = x_0.shape

    def header(layers: tuple[Layer, ...]) -> Header:
        return Header(
            width=width,
            height=height,
            kind="grey" if channels == 1 else "rgb",
            coder="trellis",
            coder_parameter=state_bits,
            prior_id=PRIOR.id,
            prior_digest=PRIOR.digest,
            seed=5,
            layers=layers,
        )

    encoder = Encoder(
        x_0=x_0,
        chain=Chain(Estimator(PRIOR, pixel_domain(channels, height, width))),
        coder=load_coder("trellis", state_bits),
        header=header,
        seed=5,
        ancillary=(),
        goal=Goal(t=t),
    )
    encoder.run(lambda *_: None)
    return encoder


@pytest.fixture(scope="module")
def coded() -> Encoder:
    """Return a sample of the prior, 128 x 96, coded with the trellis down to sigma = 0.1."""
    return code(sample(96, 128, seed=12), nearest_t(0.1))


def test_real_chain_costs_the_mutual_information(coded: Encoder) -> None:
    """The sum of KL over the encoder's levels is the closed form of that ladder within 3 %.

    And that is at most 8 % above the mutual information, the price of 41 finite steps.
    """
    variances = spectrum(96, 128).astype(np.float64)
    levels = [sigma(layer.layer.t) for layer in coded.coded]
    steps = [ChannelStep(5, k, variances.size, c.layer.q) for k, c in enumerate(coded.coded)]
    excess = [coded.coder.excess_variance(step) for step in steps]
    ladder = expected_bits(variances, levels, excess)
    found = sum(layer.kl_bits for layer in coded.coded)
    information = information_bits(variances, levels[-1])
    assert found == pytest.approx(ladder, rel=0.03)
    assert information < ladder < 1.08 * information


def test_real_chain_keeps_the_noise_level(coded: Encoder) -> None:
    """The trellis leaves y_T - x_0 with standard deviation sigma_T within 2 %."""
    noise_found = (coded.chain.y - coded.x_0) / coded.chain.sigma
    assert float(noise_found.std()) == pytest.approx(1, abs=0.02)
    assert abs(float(noise_found.mean())) < 4 / math.sqrt(noise_found.size)


def test_real_chain_reads_as_the_theory_says(coded: Encoder) -> None:
    """From the trellis too rho = 0 has the MMSE and rho = 1 the variance of the source.

    One sample: both errors, S sigma^2 / (S + sigma^2) and 2 S (1 - sqrt(a)), within 5 %; the energy
    of the finer part of the grey coefficients within four standard errors of as many normals.
    """
    variances, level = spectrum(96, 128).astype(np.float64), coded.chain.sigma
    least = mmse(variances, level).mean()
    most = float((2 * variances * (1 - np.sqrt(variances / (variances + level**2)))).mean())
    assert most > 1.1 * least
    detail = band_variance(variances, 8)
    shares = variances[0, 8:, 8:] / variances[0, 8:, 8:].sum()
    bound = 4 * math.sqrt(2 * float(np.square(shares).sum()))
    for reconstruction in RECONSTRUCTIONS:
        low = reconstruct(
            PRIOR.denoise,
            Noisy(coded.chain.y, level),
            rho=0.0,
            reconstruction=reconstruction,
            evaluations=20,
        )
        assert float(np.square(low - coded.x_0).mean()) == pytest.approx(least, rel=0.05)
        high = reconstruct(
            PRIOR.denoise,
            Noisy(coded.chain.y, level),
            rho=1.0,
            reconstruction=reconstruction,
            evaluations=20,
        )
        assert band(high, 8).item() == pytest.approx(detail, rel=bound)
        assert bound < 0.16
        assert band(low, 8).item() < 0.95 * band(high, 8).item()
        assert float(np.square(high - coded.x_0).mean()) == pytest.approx(most, rel=0.05)
