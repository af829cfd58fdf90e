"""A Fréchet distance between the patches of a picture and of its copy."""

import numpy as np
from numpy.typing import NDArray

from rdpcodec.metrics.features import load_network

Picture = NDArray[np.uint8]
Cloud = tuple[NDArray[np.float64], NDArray[np.float64]]
GROUP = 2  # relu2_2: 128 channels, each sees 14 pixels


class PatchFrechet:
    """Fréchet distance of deep features over the positions of one picture.

    The features of VGG16 (relu2_2, ImageNet) at all positions are taken as a Gaussian cloud, one
    for the original and one for the copy; the distance is that of W2 between the two, squared. It
    asks whether the copy has the same kinds of patches, not whether they are in the right place.
    This is the single-image FID of SinGAN with other features: it is not the published FID, and
    its numbers compare only with each other.
    """

    def __init__(self) -> None:
        self._network = load_network("vgg16")
        self._kept: tuple[Picture, Cloud] | None = None  # an original has many copies

    def __call__(self, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
        """Return the distance.

        Args:
            a: (H, W, 3) uint8, both sides at least 64 pixels.
            b: The same shape.

        Returns:
            0 for equal pictures, in squared units of the features.

        Source:
            Shaham, Dekel and Michaeli 2019, arXiv:1905.01164 (SIFID); Heusel et al. 2017,
            arXiv:1706.08500.
        """
        if min(a.shape[:2]) < 64:
            raise ValueError(f"the shorter side is {min(a.shape[:2])}, expected 64 or more")
        if self._kept is None or not np.array_equal(a, self._kept[0]):
            self._kept = a.copy(), self._cloud(a)
        return frechet(*self._kept[1], *self._cloud(b))

    def _cloud(self, pixels: Picture) -> Cloud:
        """Return mean and covariance of the features over the positions."""
        features = self._network.groups(pixels, GROUP)[-1][0].flatten(1)
        mean = features.mean(dim=1, keepdim=True)
        centred = features - mean
        covariance = centred @ centred.T / (features.shape[1] - 1)
        return mean[:, 0].double().numpy(), covariance.double().numpy()


def frechet(
    mean_a: NDArray[np.float64],
    covariance_a: NDArray[np.float64],
    mean_b: NDArray[np.float64],
    covariance_b: NDArray[np.float64],
) -> float:
    """Return the squared W2 distance of two Gaussians.

    Args:
        mean_a: (C,) float64.
        covariance_a: (C, C) float64.
        mean_b: (C,) float64.
        covariance_b: (C, C) float64.

    Returns:
        |difference of means|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2), at least 0.
    """
    root = _root(covariance_a)
    cross = np.linalg.eigvalsh(root @ covariance_b @ root)
    trace = np.trace(covariance_a) + np.trace(covariance_b) - 2 * np.sqrt(cross.clip(0)).sum()
    return max(0.0, float(np.square(mean_a - mean_b).sum() + trace))


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return root
