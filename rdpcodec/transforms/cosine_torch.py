"""The orthonormal DCT-II for tensors, by way of complex Fourier transforms.

Source:
    Makhoul 1980, "A fast cosine transform in one and two dimensions": the transform of n values
    is that of their even places followed by the odd ones backwards, turned by a quarter sample.
"""

import math

import torch
from torch import Tensor


def dct(x: Tensor) -> Tensor:
    """Return the orthonormal DCT-II over the last two axes."""
    return _dct(_dct(x).mT).mT.contiguous()


def inverse_dct(x: Tensor) -> Tensor:
    """Return what `dct` was made of."""
    return _inverse_dct(_inverse_dct(x).mT).mT.contiguous()


def _dct(x: Tensor) -> Tensor:
    """Return the transform over the last axis."""
    n = x.shape[-1]
    folded = torch.cat((x[..., ::2], x[..., 1::2].flip(-1)), dim=-1)
    return (torch.fft.fft(folded) * _turn(n, x)).real * _scale(n, x)


def _inverse_dct(x: Tensor) -> Tensor:
    """Return what `_dct` was made of."""
    n = x.shape[-1]
    cosine = x / _scale(n, x)
    sine = torch.cat((torch.zeros_like(cosine[..., :1]), cosine[..., 1:].flip(-1)), dim=-1)
    folded = torch.fft.ifft(torch.complex(cosine, -sine) * _turn(n, x).conj()).real
    restored = torch.empty_like(x)
    restored[..., ::2], restored[..., 1::2] = (
        folded[..., : (n + 1) // 2],
        folded[..., (n + 1) // 2 :].flip(-1),
    )
    return restored


def _turn(n: int, like: Tensor) -> Tensor:
    """Return exp(-i pi k / 2n) for k = 0 .. n - 1."""
    angle = torch.arange(n, dtype=torch.float32, device=like.device) * (-math.pi / (2 * n))
    return torch.polar(torch.ones_like(angle), angle)


def _scale(n: int, like: Tensor) -> Tensor:
    """Return what makes the transform orthonormal: sqrt(2 / n), and sqrt(1 / n) for k = 0."""
    scale = torch.full((n,), math.sqrt(2 / n), dtype=torch.float32, device=like.device)
    scale[0] = math.sqrt(1 / n)
    return scale
