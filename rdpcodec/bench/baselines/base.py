"""What the baselines have in common: pixels to a state, a state to pixels, the envelope."""

from abc import ABC, abstractmethod
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rdpcodec.bench.baselines.envelope import OVERHEAD_BYTES, Envelope, seal, unseal
from rdpcodec.codec import to_pixels, to_tensor
from rdpcodec.images import Picture
from rdpcodec.priors.base import Prior, denoise_state
from rdpcodec.readers import DEFAULT_EVALUATIONS, DEFAULT_READER, read

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Shape = tuple[int, int, int]
SEED = 0


class NoisyState(NamedTuple):
    """What a baseline delivers: (1, 3, H, W) float32 and the standard deviation of its noise."""

    y: Tensor
    sigma: float


class BaselineCodec(ABC):
    """A picture to bytes and back with a prior; the file does not name the prior.

    Attributes:
        name: What tables call it.
        kind: The first byte of its files.
    """

    name: str
    kind: int

    def __init__(self, prior: Prior) -> None:
        self._prior = prior

    def encode(self, pixels: Pixels, target_bytes: int) -> bytes:
        """Return the file of a picture.

        Args:
            pixels: (H, W, 3) uint8.
            target_bytes: The size that the file must not exceed and should come near to. Where
                that cannot be had, the nearest setting is used: the coarsest one makes a file of
                some 30 bytes however small the target, the finest may leave bytes unused.

        Returns:
            The file.

        Raises:
            ValueError: If the picture is not (H, W, 3) or has a side over 65535.
        """
        if pixels.ndim != 3:
            raise ValueError(f"the picture has the shape {pixels.shape}, expected (H, W, 3)")
        picture = Picture(pixels)
        body = self._body(to_tensor(picture), max(0, target_bytes - OVERHEAD_BYTES))
        return seal(Envelope(self.kind, picture.height, picture.width, body))

    def decode(self, data: bytes, rho: float = 0.0) -> Pixels:
        """Return the picture of a file.

        Args:
            data: The file.
            rho: 0 (least distortion) .. 1 (best perception), as in `rdpcodec.decode`.

        Returns:
            (H, W, 3) uint8.

        Raises:
            ValueError: If the file is cut short, damaged or of another codec, or rho is out of
                range.
        """
        envelope = unseal(data, self.kind)
        try:
            state = self._state(envelope.body, (3, envelope.height, envelope.width))
        except (AssertionError, IndexError, OverflowError) as exc:
            raise ValueError(f"the coded data cannot be read: {exc}") from exc
        return to_pixels(self._read(state, rho))

    @abstractmethod
    def _body(self, x_0: Tensor, room_bytes: int) -> bytes:
        """Return the coded bits of (1, 3, H, W), `room_bytes` at most."""

    @abstractmethod
    def _state(self, body: bytes, shape: Shape) -> NoisyState:
        """Return the noisy state that the coded bits lead to."""

    def _denoise(self, y: Tensor, sigma: float) -> Tensor:
        return denoise_state(self._prior, y, sigma)

    def _read(self, state: NoisyState, rho: float) -> Tensor:
        return read(
            partial(denoise_state, self._prior),
            state.y,
            state.sigma,
            rho=rho,
            reader=DEFAULT_READER,
            evaluations=DEFAULT_EVALUATIONS,
            sigma_max=self._prior.sigma_max,
        )
