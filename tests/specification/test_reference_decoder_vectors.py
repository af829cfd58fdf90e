"""The vectors of section 17 and the example of section 16, by the second decoder."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "rdpcodec" / "priors" / "photo_1" / "weights.safetensors"
VECTORS = json.loads((ROOT / "spec" / "vectors.json").read_text())
GROUPS = {group["name"]: group["rows"] for group in VECTORS["groups"]}
TEXT = (ROOT / "spec" / "rdp.md").read_text("utf-8")
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def parts() -> Iterator[SimpleNamespace]:
    """Return the modules of the decoder that these numbers are about."""
    sys.path.insert(0, str(ROOT / "spec" / "reference_decoder"))
    names = {"chunks": "s03_chunks", "coders": "s08_coders", "priors": "s10_priors"}
    names["reconstructions"] = "s11_reconstructions"
    yield SimpleNamespace(**{short: __import__(name) for short, name in names.items()})
    sys.path.pop(0)


def _pattern(n: int, channels: int, height: int, width: int) -> Floats:
    """Return f_n of section 17."""
    c, v, u = np.ogrid[:channels, :height, :width]
    return ((7 * v + 11 * u + 5 * c + v * u + 3 * n * (u + 1)) % 33) / 16 - 1


def _number(name: str, symbol: str) -> float:
    """Return the number that the name of a row gives a symbol, as `sigma = 300/255`."""
    found = re.search(rf"\b{symbol} = (\d+)(?:/(\d+))?", name)
    assert found is not None
    return int(found[1]) / int(found[2] or 1)


def _agree(row: list[float], found: Any) -> None:
    atol = VECTORS["tolerance"] * max(map(abs, row))
    np.testing.assert_allclose(np.ravel(found), row, rtol=0, atol=atol)


def _prior(kind: str, priors: ModuleType, prior: Any) -> Any:
    prior.axes = priors.AXES if kind == "RGB" else np.eye(1)
    return prior


def test_the_annotated_example(parts: SimpleNamespace) -> None:
    """The file of 4.4 has the symbols and the z of section 16; its prior is refused."""
    block = TEXT.split("### 4.4 Example")[1].split("```")[1]
    rows = [re.split(r" {3,}|,|$", line.strip())[0] for line in block.strip().splitlines()]
    data = bytes.fromhex("".join(re.findall(r"\b[0-9a-f]{2}\b", " ".join(rows))))
    file = parts.chunks.parse(data, allow_partial=False)
    indices = list(parts.coders.read_indices(file, 2))
    assert [symbols.tolist() for symbols in indices] == [[3, 2, 1], [3, 1, 0, 0]]
    for k, z in enumerate(parts.coders.samples(file.header, indices)):
        printed = TEXT.split(f"z of layer {k + 1}:")[1].split("\n\n")[0].split()
        np.testing.assert_allclose(z.ravel(), [float(x) for x in printed], atol=1e-6)


def test_the_first_words_of_streams(parts: SimpleNamespace) -> None:
    """8.2 prints them for three seeds."""
    words = parts.coders.words
    for seed, purpose, index, printed in (
        (0, "permutation", 0, "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b"),
        (1, "signs", 2, "94dfbd1b7bdf01cb 5b97f228bfff78aa 79b4442a534c65c6"),
        (2**64 - 1, "codebook", 5, "85768dc20fb95ca6 4734741cd3411ff4 3cc5dac1bb39fc1a"),
    ):
        assert printed in TEXT
        assert " ".join(f"{word:016x}" for word in words(seed, purpose, index, 3)) == printed


def test_bands_and_calibration(parts: SimpleNamespace) -> None:
    """Bands are integers; E of `photo-1` is that of its published calibration."""
    _agree([b for row in GROUPS["bands"].values() for b in row], parts.priors.bands(8, 5))
    photo = parts.priors.Photo(WEIGHTS)
    for name, row in GROUPS["calibration of photo-1"].items():
        error = _prior(name.split(", ")[1], parts.priors, photo).error(0.3)
        _agree(row, error[int(name.split("axis ")[1][0])])


@pytest.mark.parametrize("sigma", [1 / 64, 1 / 4, 1])
def test_networks(sigma: float, parts: SimpleNamespace) -> None:
    """Both networks of `photo-1` return the numbers of the text."""
    found = parts.priors.Photo(WEIGHTS).N(_pattern(0, 3, 16, 16), sigma)
    rows = {name: row for name, row in GROUPS["network"].items() if name.startswith("N at")}
    rows = {name: row for name, row in rows.items() if _number(name, "sigma") == sigma}
    assert len(rows) == 3
    for channel, row in enumerate(rows.values()):
        _agree(row, found[channel, 2, :8])


@pytest.mark.parametrize("name", [name for name in GROUPS["photo"] if "sigma" in name])
def test_octaves(name: str, parts: SimpleNamespace) -> None:
    """Padding, octaves and what reaches the network are as in the text."""
    photo = parts.priors.Photo(WEIGHTS)
    photo.network = lambda p, s: p**2 / 2 + s * p.mean()
    sides = int(_number(name, "H")), int(_number(name, "W"))
    found = photo.denoise(_pattern(0, 3, *sides), _number(name, "sigma"))[1]
    _agree(GROUPS["photo"][name], found[1, :8] if "row 1" in name else found[-1, -8:])


@pytest.mark.parametrize("turned", [False, True])
def test_tiles(turned: bool, parts: SimpleNamespace) -> None:
    """Tiles begin at multiples of 1024 and are evaluated with 64 pixels of their neighbours."""
    photo = parts.priors.Photo(WEIGHTS)
    photo.network = lambda p, s: p**2 / 2 + s * p.mean()
    state = _pattern(0, 3, 16, 2096) + np.arange(2096) / 1024
    found = photo.denoise(state.transpose(0, 2, 1) if turned else state, 1.0)[0]
    row = next(row for name, row in GROUPS["photo"].items() if name[0] == "WH"[turned])
    _agree(row, (found.T if turned else found)[0, [0, 1023, 1024, 2047, 2048, 2095]])


@pytest.mark.parametrize("name", GROUPS["shown"])
def test_what_the_state_shows(name: str, parts: SimpleNamespace) -> None:
    """11.6 puts back what the state shows beyond doubt."""
    prior = _prior(name.partition(",")[0], parts.priors, parts.priors.Prior())
    f_0 = _pattern(0, len(prior.axes), 8, 8)
    prior.denoise = lambda y, _: np.repeat(f_0, 3, 0) if len(f_0) == 1 else f_0 + 0 * y
    y = f_0 + _pattern(1, len(f_0), 8, 8) / int(re.findall(r"f_1 / (\d+)", name)[0])
    _agree(GROUPS["shown"][name], prior.estimate(y, 1 / 8)[-1, 0])


def test_moved_estimates(parts: SimpleNamespace) -> None:
    """11.5: what is learnt at three evaluations, and the estimates between them."""
    level, d, b = np.ogrid[:3, :3, :14]
    made_up = np.array([1, 6, 9])[level] * 2.0 ** (-6 - d - b / 2)
    photo = _prior("grey", parts.priors, parts.priors.Photo(WEIGHTS))
    photo.calibration = {"sigma": [1 / 8, 1, 8], "spectrum": made_up}
    x, refine = _pattern(0, 1, 8, 8) / 4, parts.reconstructions.Refiner(photo)
    photo.estimate = lambda _y, _sigma: x
    checker = 3 * (-1.0) ** np.add.outer(np.arange(8), np.arange(8))
    states = x + _pattern(1, 1, 8, 8) / 4, x + checker, x + _pattern(2, 1, 8, 8) / 64
    for n, (t, y) in enumerate(zip((2176, 1920, 1408), states, strict=True), start=1):
        refine(y, SimpleNamespace(t=t, sigma=2 ** (t / 256 - 10)))
        for letter in "ABV":
            stored = GROUPS["moved"][f"{letter}, evaluation {n}"]
            found = np.broadcast_to(getattr(refine, letter), (1, 14))
            _agree(stored, found[0, [0, 7, 8, 9, 10, 11, 12, 13]])
        below = SimpleNamespace(t=t - 48, sigma=2 ** ((t - 48) / 256 - 10))
        moved = refine(x + _pattern(3, 1, 8, 8) / 64, below)
        _agree(GROUPS["moved"][f"moved estimate after {n}, row 0"], moved[0, 0])


@pytest.mark.parametrize("name", [name for name in GROUPS["least error"] if "K = 4" in name])
def test_the_estimate_of_least_error(name: str, parts: SimpleNamespace) -> None:
    """11.3 with the four symmetries of `photo-1`; a reader's other choices are left out."""
    prior = _prior(name.partition(",")[0], parts.priors, parts.priors.Prior())
    prior.symmetries = 4

    def denoise(y: Floats, sigma: float) -> Floats:
        v, u = np.ogrid[: y.shape[1], : y.shape[2]]
        return 4 / 5 * np.tanh(y / (1 + sigma)) + u / 64 - v / 32

    prior.denoise = denoise
    y = _pattern(1, len(prior.axes), 20, 24) / float(re.findall(r"f_1 / ([\d.]+)", name)[0])
    found = parts.reconstructions.least_error(prior, y, 2 ** (_number(name, "t") / 256 - 10))
    _agree(GROUPS["least error"][name], found[-1, 1, :8])


def test_the_solver(parts: SimpleNamespace) -> None:
    """11.3: the clean state of one normal number, for N = 1, 2, 4 and c = 1.5."""
    prior = SimpleNamespace(estimate=lambda y, sigma: y / (1 + sigma**2))
    found = [parts.reconstructions.ode(prior, 1.0, 2.0, 0.5, N) for N in (1, 2, 4)]
    _agree(GROUPS["solver"]["x_(N-1), N = 1, 2, 4"], found)
