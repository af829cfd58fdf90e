"""`gaussian-1`: the closed form of `domains.gaussian` as a prior; the conformance model."""

from importlib.metadata import version

from rdpcodec.arrays import Array
from rdpcodec.compute import HOST, Compute, neutral
from rdpcodec.domains import gaussian
from rdpcodec.priors.base import Prior, PriorCard, PriorIdentity, torch_engine

MANIFEST = {
    "id": "gaussian-1",
    "parameterisation": "closed form",
    "amplitude": list(gaussian.AMPLITUDE),
    "exponent": list(gaussian.EXPONENT),
    "corner": gaussian.CORNER,
    "basis": "(1,1,1)/sqrt3 (1,0,-1)/sqrt2 (1,-2,1)/sqrt6, DCT-II orthonormal",
}


class GaussianPrior(Prior):
    """A stationary Gaussian picture. There are no weights, so it is exact (spec 10.3)."""

    identity = PriorIdentity("gaussian-1", MANIFEST)
    card = PriorCard(
        summary="stationary Gaussian, power-law spectrum, decorrelated colour; closed form",
        licence="Apache-2.0 (part of rdpcodec)",
        training_data="seven numbers fitted on 148 photos",
        quality="Kodak, noise 5/15/25/50/75 of 255: 37.79/31.15/28.58/25.77/24.46 dB",
        parameters=7,
    )
    engine = f"scipy {version('scipy')}"

    def __init__(self, compute: Compute = HOST) -> None:
        self.compute = compute
        if compute.wants_torch:
            self.device, self.engine = compute.device, torch_engine()

    @neutral()
    def denoise(self, y: Array, sigma: float) -> Array:
        """Return the Wiener estimate; see `Prior.denoise`."""
        return gaussian.denoise(y, sigma)
