"""The theorems that tools/check_theorems.py checks, in small."""

import importlib
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rdpcodec.domains.gaussian import spectrum
from rdpcodec.schedule import sigma

pytestmark = pytest.mark.usefixtures("one_thread")
TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module, on small pictures."""
    monkeypatch.syspath_prepend(str(TOOLS))
    module = importlib.import_module("check_theorems")
    monkeypatch.setattr(module, "HEIGHT", 96)
    monkeypatch.setattr(module, "WIDTH", 128)
    return module


@pytest.mark.parametrize("t", [2500, 1900])
def test_a_gaussian_source_is_on_the_surface(tool: ModuleType, t: int) -> None:
    """Rate, distortion and perception of real files are the closed forms, at every rho."""
    points = tool.gaussian_points(t, seed=3)
    assert len(points) == 10
    for point in points:
        assert 1.0 < point.coded_bits / point.kl_bits < 1.15
        assert 0.97 < point.kl_bits / point.information_bits < 1.4  # a kilobit at 2500
        assert point.mse == pytest.approx(point.mse_theory, rel=0.08)
        assert point.perception == pytest.approx(point.perception_theory, rel=0.05, abs=5e-3)
        assert 10 * math.log10(point.mse / point.bound) < 0.4
    for reconstruction in ("ode", "geodesic"):
        path = [p for p in points if p.reconstruction == reconstruction]
        assert [p.mse for p in path] == sorted(p.mse for p in path)
        assert [p.perception for p in path] == sorted((p.perception for p in path), reverse=True)


def test_one_rho_costs_little(tool: ModuleType) -> None:
    """On a spectrum like that of photos a few hundredths of a dB, but not nothing."""
    variance = spectrum(96, 128).astype(np.float64)
    worst = [tool.worst_single_rho(variance, sigma(t) ** 2) for t in (2700, 2400, 2100, 1800)]
    assert 1e-5 < max(worst) < 0.05


def test_water_filling_is_below_white_noise(tool: ModuleType) -> None:
    """One noise level for all frequencies costs more than R(D), which is exact for flat spectra."""
    flat = np.full((3, 8, 8), 2.0)
    assert tool.water_filling_bits(flat, 0.5) == pytest.approx(192 * 1.0, rel=1e-6)
    variance, noise = spectrum(96, 128).astype(np.float64), sigma(2100) ** 2
    mmse = float((variance * noise / (variance + noise)).mean())
    white = float(np.log2(1 + variance / noise).sum() / 2)
    assert 0.5 * white < tool.water_filling_bits(variance, mmse) < white


def test_rho_0_of_ode_is_not_least_error_on_two_modes(tool: ModuleType) -> None:
    """Theory: 0.629, 0.584 and 0.459 at sigma = 1; the one-step estimate is the least."""
    found = tool.modes_table(1.0, samples=60_000, evaluations=100)
    assert found["ode rho=0"][0] == pytest.approx(0.629, abs=0.02)
    assert found["ode rho=1"][0] == pytest.approx(0.584, abs=0.02)
    assert found["geodesic rho=0"][0] == pytest.approx(0.459, abs=0.02)


def test_ode_at_rho_1_is_ddim(tool: ModuleType) -> None:
    """In the limit of many steps of both."""
    assert tool.ddim_gap(1.0, steps=4000) < 0.01
