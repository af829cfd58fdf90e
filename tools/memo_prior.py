"""A prior that remembers its answers, for tools that read one file many times."""

import hashlib

from torch import Tensor

from rdpcodec.priors.base import Prior


class MemoPrior(Prior):
    """Another prior, asked once for each state and noise level."""

    def __init__(self, prior: Prior) -> None:
        self.manifest, self.card = prior.manifest, prior.card
        self.sigma_max, self.calibration = prior.sigma_max, prior.calibration
        self._prior = prior
        self._answers: dict[tuple[float, bytes], Tensor] = {}

    def denoise(self, y: Tensor, sigma: float) -> Tensor:
        """Return the prior's estimate; see `Prior.denoise`."""
        question = sigma, hashlib.blake2b(y.contiguous().cpu().numpy()).digest()
        if question not in self._answers:
            self._answers[question] = self._prior.denoise(y, sigma)
        return self._answers[question]
