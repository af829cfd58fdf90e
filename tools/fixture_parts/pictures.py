"""Pictures of the fixtures, and an ICC profile: drawn from a name, with nothing to download."""

import itertools
import random
import struct

import numpy as np
from numpy.typing import NDArray

GREY, RGB = 1, 3
NOISE_EXPONENT = 1.3


def scene(name: str, width: int, height: int, channels: int) -> NDArray[np.uint8]:
    """Return a picture that is somewhat like a photo, always the same for the same name."""
    return _drawn(name, width, height, channels).round().clip(0, 255).astype(np.uint8)


def deep_scene(name: str, width: int, height: int, channels: int) -> NDArray[np.uint16]:
    """Return such a picture with samples of 16 bits."""
    drawn = 257 * _drawn(name, width, height, channels)
    return drawn.round().clip(0, 65535).astype(np.uint16)


def _drawn(name: str, width: int, height: int, channels: int) -> NDArray[np.float64]:
    """Return it in numbers, (H, W, 3) or (H, W), about 0 .. 255."""
    drawn = random.Random(name)  # noqa: S311 - a picture, not a secret
    luma = _power_law(drawn, width, height)
    planes = [luma + 0.4 * _power_law(drawn, width, height) for _ in range(channels)]
    rows, columns = np.mgrid[0:height, 0:width]
    sky = np.linspace(30, -30, height)[:, None]
    inside = np.hypot(rows - 0.6 * height, columns - 0.35 * width) < 0.3 * min(width, height)
    disc = np.where(inside, 55.0, 0.0)
    stacked = np.stack([110 + sky + disc + 28 * plane for plane in planes], axis=-1)
    return stacked if channels == RGB else stacked[:, :, 0]


def _power_law(drawn: random.Random, width: int, height: int) -> NDArray[np.float64]:
    white = np.array([drawn.random() - 0.5 for _ in range(width * height)]).reshape(height, width)
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    radius = np.hypot(rows, columns) + 1 / max(width, height)
    noise = np.fft.ifft2(np.fft.fft2(white) * radius**-NOISE_EXPONENT).real
    return (noise - noise.mean()) / (noise.std() or 1.0)


def grey_profile(gamma: float) -> bytes:
    """Return a small ICC profile for grey pictures, version 2.1."""
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


def rgb_profile(gamma: float) -> bytes:
    """Return a small ICC profile for RGB pictures with the primaries of sRGB, version 2.1."""
    primaries = {
        b"rXYZ": (28578, 14581, 912),
        b"gXYZ": (25241, 46981, 6362),
        b"bXYZ": (9376, 3972, 46796),
    }
    tags = {tag: _xyz(*point) for tag, point in primaries.items()}
    return _profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma)))


def _profile(space: bytes, own: dict[bytes, bytes]) -> bytes:
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78 + 1),
        b"cprt": b"text" + bytes(4) + b"none" + bytes(4),
        b"wtpt": _xyz(63190, 65536, 54061),
    } | own
    start = 128 + 4 + 12 * len(tags)
    ends = list(itertools.accumulate((len(body) for body in tags.values()), initial=start))
    table = b"".join(
        tag + struct.pack(">II", at, len(body))
        for (tag, body), at in zip(tags.items(), ends, strict=False)
    )
    head = struct.pack(">I4x4s", ends[-1], b"\2\x10\0\0") + b"mntr" + space + b"XYZ "
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">iii", 63190, 65536, 54061) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + b"".join(tags.values())


def _xyz(*point: int) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">iii", *point)


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IHxx", 1, round(256 * gamma))


def disc_alpha(width: int, height: int) -> NDArray[np.uint8]:
    """Return alpha of a disc whose edge is soft, in exact integers."""
    rows, columns = np.ogrid[:height, :width]
    far = (2 * rows - height) ** 2 + (2 * columns - width) ** 2
    return np.clip((height**2 - far) * 2040 // height**2, 0, 255).astype(np.uint8)


def deep_alpha(width: int, height: int) -> NDArray[np.uint16]:
    """Return alpha of 16 bits of a soft disc, in exact integers; 0 and 65535 occur."""
    rows, columns = np.ogrid[:height, :width]
    far = (2 * rows - height) ** 2 + (2 * columns - width) ** 2
    return np.clip((height**2 - far) * 150_000 // height**2, 0, 65535).astype(np.uint16)
