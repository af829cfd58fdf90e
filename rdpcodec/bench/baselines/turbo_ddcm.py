"""Turbo-DDCM: at each step the noise is the normalised sum of many signed atoms."""

import struct
from itertools import pairwise

import torch
from torch import Tensor

from rdpcodec import levels, schedule
from rdpcodec.bench.baselines import ranges
from rdpcodec.bench.baselines.atoms import LayerCode, decode_layer
from rdpcodec.bench.baselines.base import BaselineCodec, NoisyState, Shape
from rdpcodec.bench.baselines.turbo_sender import LAYERS_MAX, Sender
from rdpcodec.chain import Chain
from rdpcodec.priors.base import Prior

_FIELDS = struct.Struct(">HHB")
BLOCKS_MAX = 2**15


class TurboDdcmCodec(BaselineCodec):
    """Turbo-DDCM: M of K atoms a step, those of largest inner product, with their signs.

    M is chosen at every step so that the sum's projection on the residual is what the transition
    asks for, and at the last one so that the file is full. The levels are those of the format's
    encoder. K is 2^14 as published (less for pictures of fewer coordinates); the atoms are signed
    rows of a Walsh-Hadamard matrix. Where a step has bits enough, each of several blocks of the
    picture has its own K atoms; `blocks_max=1` is the published rule, which pays more at high
    rates. The coarsest file has one step of one atom; the finest ends at the lowest level.

    Source:
        Vaisman et al. 2025, "Turbo-DDCM" (AmitVaisman/Turbo-DDCM).
    """

    name = "turbo-ddcm"
    kind = 2

    def __init__(self, prior: Prior, *, blocks_max: int = BLOCKS_MAX) -> None:
        super().__init__(prior)
        self._blocks_max = min(blocks_max, BLOCKS_MAX)

    def _body(self, x_0: Tensor, room_bytes: int) -> bytes:
        chain = Chain(self._prior, _shape(x_0))
        sender = Sender(x_0, chain, room_bytes - _FIELDS.size, self._blocks_max)
        while sender.send():
            pass
        path = sender.path
        return _FIELDS.pack(path[0], path[-1], len(path)) + ranges.to_bytes(sender.coder)

    def _state(self, body: bytes, shape: Shape) -> NoisyState:
        path = _parse_path(body)
        chain = Chain(self._prior, shape)
        coder = ranges.new_decoder(body[_FIELDS.size :])
        for layer, t in enumerate(path):
            chain.advance(t, receive(decode_layer(coder, layer, chain.y.numel()), chain.y))
        return NoisyState(chain.y, chain.sigma)


def receive(code: LayerCode, like: Tensor) -> Tensor:
    """Return the noise that a layer's atoms sum to, in the shape of `like`."""
    return torch.from_numpy(code.total()).view_as(like)


def _shape(x_0: Tensor) -> Shape:
    _, channels, height, width = x_0.shape
    return channels, height, width


def _parse_path(body: bytes) -> list[int]:
    """Return the levels: the first and the last are in the file, the rest as the table predicts."""
    if len(body) < _FIELDS.size:
        raise ValueError("the file ends before its levels")
    first, last, layers = _FIELDS.unpack_from(body)
    path = [first]
    while len(path) < min(layers, LAYERS_MAX):
        path.append(levels.next_t(len(path), path[-1], 0.0, 0))
    path[-1] = last
    falling = all(above > below for above, below in pairwise(path))
    if layers == 0 or first > schedule.T_MAX or not falling:
        raise ValueError(f"{layers} layers from t {first} to {last} are out of range")
    return path
