"""`photo-1`: the default prior (spec 10.4). README.md beside this file is its model card."""

import hashlib
import json

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from rdpcodec.arrays import Array
from rdpcodec.compute import HOST, Compute, neutral, torch_is_here
from rdpcodec.domains import gaussian
from rdpcodec.engines import ncnn_network
from rdpcodec.errors import ISSUE, PriorError, PriorUnavailableError, UsageError
from rdpcodec.priors.base import Prior, PriorCard, PriorIdentity, torch_engine
from rdpcodec.priors.calibration import Calibration
from rdpcodec.priors.gaussian import MANIFEST as GAUSSIAN_MANIFEST
from rdpcodec.priors.octaves import denoise_reduced, reduction
from rdpcodec.priors.photo_1 import network, stored
from rdpcodec.priors.photo_1.four_scales import BLOCKS, SIGMA_DATA, TOLD_MIN, WIDTHS
from rdpcodec.priors.photo_1.network import MULTIPLE, Weights, chosen
from rdpcodec.transforms.sizes import pad_to_multiple
from rdpcodec.transforms.tiles import Tiling, in_tiles

# Noise up to 150/255 of the pixel range is the network's own.
NETWORK_SIGMA_MAX = 300 / 255
# From here on bfloat16 costs at most 0.012 dB (12 Kodak crops); at noise 15/255 it would be 0.025.
BFLOAT16_FROM = 40 / 255
TILING = Tiling(size=1024, overlap=64)
# FFDNet sees 26 pixels each way, so that its tiles change nothing; these bound its memory.
FFDNET_TILING = Tiling(size=768, overlap=32)
# A reduced picture with a shorter side than this tells a convolution too little.
REDUCED_SIDE_MIN = 16
REFRESH = 64  # a quarter of an octave of sigma
PRECISIONS = ("float32", "bfloat16")


class PhotoPrior(Prior):
    """FFDNet and a network of four scales, on an octave of their own for every sigma."""

    card = PriorCard(
        summary="denoiser of photos for every noise level, trained for this project",
        licence="Apache-2.0 (part of rdpcodec); FFDNet's weights are MIT",
        training_data="883 crops of 533 freely licensed photos; see its model card",
        quality="Kodak, noise 5/15/25/50/75 of 255: 40.43/34.74/32.25/29.12/27.46 dB",
        parameters=7_622_296,
    )
    refresh = REFRESH
    overshoot = 0.25  # LPIPS and patch Frechet distance are least near it (decision 0016)
    symmetries = 4  # the next four lessen the error by 0.01 dB and take as long as the first three

    def __init__(self, compute: Compute = HOST) -> None:
        if compute.precision not in PRECISIONS:
            message = f"photo-1 computes in {' or '.join(PRECISIONS)}, not in {compute.precision}"
            raise UsageError(ISSUE.INVALID_OPTION, message)
        in_file = _read(stored.WEIGHTS)
        weights = _load_weights(in_file)
        calibration = _read("calibration.json")
        self.compute = compute
        self.identity = PriorIdentity("photo-1", _manifest(in_file, calibration))
        self.calibration = _load_calibration(calibration)
        if compute.wants_torch or ncnn_network.version() is None:
            self._take_torch(weights)
        else:
            self.engine, self.device = f"ncnn {ncnn_network.version()}", None
            self._network = self._coarse = network.by_ncnn(weights)

    def _take_torch(self, weights: Weights) -> None:
        if not torch_is_here():
            message = (
                "photo-1 needs ncnn, which has no wheel for this machine, or PyTorch: "
                "pip install 'rdpcodec[torch]'"
            )
            raise PriorUnavailableError(ISSUE.PRIOR_UNAVAILABLE, message)
        self.engine, self.device = torch_engine(), self.compute.device
        self._network = self._coarse = network.by_torch(weights, self.device)
        if self.compute.precision == "bfloat16":
            self._coarse = network.in_bfloat16(weights, self.device)

    @neutral()
    def denoise(self, y: Array, sigma: float) -> Array:
        """Return the estimate; see `Prior.denoise`."""
        k = reduction(sigma, NETWORK_SIGMA_MAX)
        if k == 1:
            return self._at_home(y, sigma)
        if min(y.shape[-2:]) < k * REDUCED_SIDE_MIN:
            return gaussian.denoise(y, sigma)
        return denoise_reduced(self._at_home, gaussian.denoise, y, sigma, k)

    def _at_home(self, y: Array, sigma: float) -> Array:
        """Return the network's estimate, for sigma within its own range."""
        network = self._coarse if sigma >= BFLOAT16_FROM else self._network
        tiling = FFDNET_TILING if chosen(sigma / 2) == "ffdnet" else TILING

        def evaluate(tile: Array) -> Array:
            height, width = tile.shape[-2:]
            p = (pad_to_multiple(tile, MULTIPLE) + 1) / 2
            clean = network(p, sigma / 2)
            clean *= 2
            clean -= 1
            return clean[..., :height, :width]

        estimate = in_tiles(evaluate, y, tiling)
        if max(y.shape[-2:]) > tiling.size:  # a large picture has better uses for the memory
            ncnn_network.let_go()
        return estimate


def _manifest(weights: bytes, calibration: bytes) -> dict[str, object]:
    return {
        "id": "photo-1",
        "parameterisation": "x_0",
        "ffdnet": "4/255..64/255",
        "four_scales": f"{_joined(WIDTHS)} channels, {_joined(BLOCKS)} blocks",
        "sigma_data": SIGMA_DATA,
        "told_min": f"{TOLD_MIN}/255",
        "network_sigma_max": "300/255",
        "reduced_side_min": REDUCED_SIDE_MIN,
        "tile": TILING.size,
        "tile_overlap": TILING.overlap,
        "above": dict(GAUSSIAN_MANIFEST),
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "refresh": REFRESH,
        "calibration_sha256": hashlib.sha256(calibration).hexdigest(),
    }


def _joined(numbers: tuple[int, ...]) -> str:
    return "/".join(map(str, numbers))


def _read(name: str) -> bytes:
    try:
        return stored.read_weights() if name == stored.WEIGHTS else stored.read(name)
    except OSError as exc:
        raise _broken(name, "cannot be read") from exc


def _load_weights(in_file: bytes) -> Weights:
    """Return the weights, stored as float16, in float32."""
    try:
        weights = {name: value.astype(np.float32) for name, value in load(in_file).items()}
        network.require_shapes(weights)
    except (SafetensorError, ValueError) as exc:
        raise _broken(stored.WEIGHTS, "does not hold the weights of photo-1") from exc
    return weights


def _load_calibration(in_file: bytes) -> Calibration:
    try:
        return Calibration.from_json(json.loads(in_file))
    except (ValueError, KeyError, TypeError) as exc:
        raise _broken("calibration.json", "does not hold the calibration of photo-1") from exc


def _broken(name: str, what: str) -> PriorError:
    return PriorError(ISSUE.PRIOR_INVALID, f"the file {name} of photo-1 {what}; reinstall rdpcodec")
