"""What notices a misreading that no picture of the fixtures shows."""

import math
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from specification import reference, vectors
from torch import Tensor

from rdpcodec import codec, conformance
from rdpcodec.chain import Chain, Estimator
from rdpcodec.compute import HOST
from rdpcodec.decoder.reconstruction import Geodesic, Noisy
from rdpcodec.domains import pixel_domain
from rdpcodec.priors.base import Prior, PriorCard, PriorIdentity
from rdpcodec.priors.diffusers.parameterisation import noise_schedule
from rdpcodec.priors.diffusers.prior import Parts, PipelinePrior

VALID = Path(__file__).parents[2] / "fixtures" / "valid"


class CrashedError(Exception):
    """A decoder has failed for another reason than a wrong picture."""


def fixture(name: str) -> None:
    """Fail if a case of the conformance suite is not read as it must be."""
    (result,) = conformance.run(VALID / name).results
    if result.check == "crash":
        raise CrashedError(result)
    assert result.check is None, result


def printed(group: str) -> None:
    """Fail if a group of vectors is not as section 17 prints it."""
    assert vectors.wrong(vectors.GROUPS[group](), vectors.printed()) == []


class Bounded(Prior):
    """The prior of the reference, with its largest noise level."""

    sigma_max = reference.BOUND
    compute = HOST
    identity = PriorIdentity("bounded", {"bounded": True})
    card = PriorCard("a prior with a bound", "Apache-2.0", "none", "none", 0)

    def denoise(self, y: Tensor, sigma: float) -> Tensor:
        """Return the reference's estimate."""
        return torch.from_numpy(reference.prior(y[0].double().numpy(), sigma)[None]).to(y)


def bound() -> None:
    """Fail if a prior with a bound is not read as the reference reads it, above and below it."""
    # From 2673 and 2590 M equal ratios end above the bound, by rounding.
    for channels, t_last in ((3, 2673), (3, 2300), (1, 2590), (1, 2200)):
        shape = channels, 10, 12
        estimator = Estimator(Bounded(), pixel_domain(*shape))
        chain, layers = Chain(estimator), []
        for n, t in enumerate(range(t_last + 360, t_last - 1, -60)):
            z = 1.7 * vectors.pattern(n, *shape)[0].numpy()
            chain.advance(t, z)
            layers.append((t, z.astype(np.float64)))
        found = Geodesic(estimator, Noisy(chain.y, chain.sigma), estimator.sigma_max)
        expected = reference.ends(*reference.state(shape, layers), 6)
        np.testing.assert_allclose(found.distortion[0].numpy(), expected[0], atol=2e-4)
        np.testing.assert_allclose(found.perception(6)[0].numpy(), expected[1], atol=2e-4)


@lru_cache
def _network(outputs: int) -> Any:
    """Return a seeded network of a few thousand weights."""
    diffusers: Any = pytest.importorskip("diffusers", exc_type=ImportError)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        blocks = {"down_block_types": ["DownBlock2D"] * 3, "up_block_types": ["UpBlock2D"] * 3}
        return diffusers.UNet2DModel(
            **blocks, sample_size=16, attention_head_dim=4, block_out_channels=(4, 8, 8),
            layers_per_block=1, norm_num_groups=4, out_channels=outputs,
        ).eval().requires_grad_(requires_grad=False)  # fmt: skip


def pipeline() -> None:
    """Fail if a `diffusers:` pipeline is not evaluated as 10.5 says, step by step."""
    for prediction, kind, outputs in (
        ("epsilon", "PNDMScheduler", 3),
        ("v_prediction", "PNDMScheduler", 6),
        ("sample", "DDPMScheduler", 3),
        ("epsilon", "DDIMScheduler", 3),
    ):
        network = _network(outputs)
        variance = "learned_range" if outputs == 6 else "fixed_small"
        config = {
            "_class_name": kind, "prediction_type": prediction, "variance_type": variance,
            "clip_sample": True, "clip_sample_range": 0.75, "num_train_timesteps": 10,
            "beta_end": 0.6,
        }  # fmt: skip
        prior = PipelinePrior(Parts("diffusers:x", network, noise_schedule("x", config), ""), HOST)
        bar = np.cumprod(1 - np.linspace(1e-4, 0.6, 10))
        s = np.sqrt((1 - bar) / bar)
        assert prior.sigma_max == pytest.approx(s[-1], rel=1e-4)
        for sigma in (s[0] / 2, 0.31, 2.0):
            time = 0.0 if sigma < s[0] else float(np.interp(np.log(sigma), np.log(s), range(10)))
            y = vectors.pattern(1, 3, 3, 9)
            expected = _evaluated(network, y, sigma, time, prediction)
            if kind != "PNDMScheduler":
                expected = expected.clamp(-0.75, 0.75)
            torch.testing.assert_close(prior.denoise(y, sigma), expected, rtol=1e-4, atol=2e-4)


def _evaluated(network: Any, y: Tensor, sigma: float, time: float, prediction: str) -> Tensor:
    """Return x0_hat of 3 rows and 9 columns by step 2; three blocks need 8 rows, 12 columns."""
    alpha_bar = 1 / (1 + sigma**2)
    x_t = math.sqrt(alpha_bar) * y
    rows, columns = [min(i, 2) for i in range(8)], [min(i, 8) for i in range(12)]
    output = network(x_t[..., rows, :][..., columns], torch.tensor(time)).sample[:, :3, :3, :9]
    if prediction == "sample":
        return output
    if prediction == "epsilon":
        return y - sigma * output
    return math.sqrt(alpha_bar) * x_t - math.sqrt(1 - alpha_bar) * output


def defaults() -> None:
    """Fail if a file is not shown with `geodesic`, its hint or rho = 0.5, and N = 10."""
    asked: list[int] = []

    def progress(_kind: str, _done: int, number: int) -> None:
        asked.append(number)

    for name, rho in (("one-layer", 0.5), ("rho-hint", 178 / 255)):
        received = codec.open((VALID / name / "stream.rdp").read_bytes(), progress=progress)
        shown = received.at()
        assert asked[-1] == 10
        expected = received.at(rho, reader="geodesic", evaluations=10)
        np.testing.assert_array_equal(shown.pixels, expected.pixels)


def rho_map() -> None:
    """Fail if the rho of a map does not hold where it stands."""
    case = VALID / "trellis-gaussian-rgb"
    first, second = (
        np.asarray(Image.open(case / f"expected_rho{rho}_geodesic.png")) for rho in (0, 1)
    )
    chosen = np.zeros(first.shape[:2], dtype=np.float32)
    chosen[:10, 5:] = 1
    found = codec.open((case / "stream.rdp").read_bytes()).at(chosen).pixels
    expected = np.where(chosen[:, :, None] == 1, second, first)
    assert np.abs(found.astype(int) - expected).max() <= 1


CHECKS: dict[str, Callable[[], None]] = {
    **{f"vector {group}": partial(printed, group) for group in vectors.GROUPS},
    "bound": bound, "pipeline": pipeline, "defaults": defaults, "map": rho_map,
}  # fmt: skip


def check(name: str) -> None:
    """Run a check, or a case of the conformance suite, by its name."""
    CHECKS.get(name, partial(fixture, name))()
