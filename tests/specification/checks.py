"""What notices a misreading: a fixture, a group of vectors, or a check of a choice of decoders."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import make_vectors
import numpy as np
import pytest
from PIL import Image
from vector_parts.writing import Rows, read, wrong

from rdpcodec import codec, conformance, container
from rdpcodec.errors import ISSUE, RdpError
from rdpcodec.priors.diffusers.parameterisation import noise_schedule

VALID = Path(__file__).parents[2] / "fixtures" / "valid"
SPEC = Path(__file__).parents[2] / "spec" / "rdp.md"
GROUPS = {group.name: group for group in make_vectors.GROUPS}


class CrashedError(Exception):
    """A decoder has failed for another reason than a wrong value."""


def fixture(name: str) -> None:
    """Fail if a case of the conformance suite is not read as it must be."""
    (result,) = conformance.run(VALID / name).results
    if result.check == "crash":
        raise CrashedError(result)
    assert result.check is None, result


def stored() -> dict[str, Rows]:
    """Return the vectors of the specification."""
    return read(make_vectors.STORED.read_text(encoding="utf-8"))


def vector(group: str) -> None:
    """Fail if a group of vectors is not as the specification has it."""
    assert wrong(GROUPS[group].made(), stored()[group]) == []


def defaults() -> None:
    """Fail if a file is not shown with `geodesic`, its hint or rho = 0.5, and N = 10."""
    asked: list[int] = []

    def progress(_kind: str, _done: int, number: int) -> None:
        asked.append(number)

    for name, rho in (("one-layer", 0.5), ("rho-hint", 178 / 255)):
        received = codec.open((VALID / name / "stream.rdp").read_bytes(), progress=progress)
        shown = received.at()
        assert asked[-1] == 10
        expected = received.at(rho, reconstruction="geodesic", evaluations=10)
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


def other_digest() -> None:
    """Fail if a file is read with a prior that has not the digest of the file."""
    file = container.parse((VALID / "one-layer" / "stream.rdp").read_bytes())
    other = replace(file, header=replace(file.header, prior_digest=bytes(4)))
    refused = None
    try:
        codec.open(container.build(other)).at()
    except RdpError as exc:
        refused = exc.issue
    assert refused == ISSUE.PRIOR_MISMATCH


def clipping() -> None:
    """Fail if a pipeline is clipped that 10.5 does not clip, or not clipped though it does."""
    pytest.importorskip("diffusers", exc_type=ImportError)
    for kind, clip in (("PNDMScheduler", None), ("DDIMScheduler", 0.75), ("DDPMScheduler", 0.75)):
        config = {"_class_name": kind, "clip_sample": True, "clip_sample_range": 0.75}
        assert noise_schedule("x", config).clip == clip


CHECKS: dict[str, Callable[[], None]] = {
    **{f"vector {name}": partial(vector, name) for name in GROUPS},
    "defaults": defaults, "map": rho_map, "clipping": clipping, "other digest": other_digest,
}  # fmt: skip


def check(name: str) -> None:
    """Run a check, or a case of the conformance suite, by its name."""
    CHECKS.get(name, partial(fixture, name))()
