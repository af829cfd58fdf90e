"""The usual image formats, each coded by a library that is kept up, with its slow settings."""

import importlib
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image, features

from rdpcodec.bench.base import Coded, Meter, Pixels, Reading, Spent, missing
from rdpcodec.errors import ISSUE, ImageError


@dataclass(frozen=True)
class Format:
    """How to save one format.

    Attributes:
        save: The arguments of `Image.save`, but for the quality.
        qualities: The settings that are searched, in rising order of size.
        scale: The quality that is saved at a setting is the setting times this.
        package: The distribution that codes it.
        plugin: The module that teaches Pillow the format, and what in it does so.
        feature: What Pillow calls the library inside it that codes it.
    """

    save: Mapping[str, object]
    qualities: range = range(101)
    scale: float = 1
    package: str = "pillow"
    plugin: tuple[str, Callable[[Any], object]] | None = None
    feature: str | None = None


def _jpeg(subsampling: str) -> Format:
    save = {"format": "JPEG", "progressive": True, "optimize": True, "subsampling": subsampling}
    return Format(save, range(1, 101), feature="jpg")


def _avif(subsampling: str, **advanced: str) -> Format:
    save = {"format": "AVIF", "codec": "aom", "speed": 3, "max_threads": 1}
    return Format(save | {"subsampling": subsampling, "advanced": advanced}, feature="avif")


_JXL = {"format": "JXL", "effort": 9, "num_threads": 1}
_HEIC = {"format": "HEIF", "chroma": "444"}

FORMATS = {
    "jpeg-444": _jpeg("4:4:4"),
    "jpeg-420": _jpeg("4:2:0"),
    "webp": Format({"format": "WEBP", "method": 6}, feature="webp"),
    "avif-444-psnr": _avif("4:4:4", tune="psnr"),
    "avif-444": _avif("4:4:4"),
    "avif-420": _avif("4:2:0"),
    "jxl": Format(
        _JXL, range(200), 0.5, "pillow-jxl-plugin", ("pillow_jxl", lambda module: module)
    ),
    "heic": Format(
        _HEIC, package="pillow-heif", plugin=("pillow_heif", lambda m: m.register_heif_opener())
    ),
}


def encode(pixels: Pixels, form: Format, setting: int) -> bytes:
    """Return the file of a picture at one of the settings of a format.

    Raises:
        ImageError: If the format cannot hold the picture; WebP ends at 16383 pixels a side.
    """
    stream = io.BytesIO()
    quality = setting if form.scale == 1 else setting * form.scale
    try:
        Image.fromarray(pixels).save(stream, quality=quality, **form.save)  # type: ignore[arg-type]
    except (OSError, RuntimeError, ValueError) as error:  # what Pillow and its plug-ins raise
        size = f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
        message = f"{form.save['format']} cannot hold a picture of {size}: {error}"
        raise ImageError(ISSUE.IMAGE_UNSUPPORTED, message) from error
    return stream.getvalue()


def decode(data: bytes) -> Pixels:
    """Return the pixels of a file, (H, W, 3) uint8."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


@dataclass
class ClassicalCodec:
    """One format at matched rates; the files of a picture are kept while rates are matched."""

    name: str
    prior: str = ""
    _pixels: Pixels | None = None
    _files: dict[int, tuple[bytes, Spent]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Load what codes the format.

        Raises:
            UsageError: If it is not installed.
        """
        form = self._format
        if form.plugin is not None:
            module, register = form.plugin
            try:
                register(importlib.import_module(module))
            except ImportError as exc:
                raise missing(f"the codec {self.name}", form.package) from exc
        elif form.feature and not features.check(form.feature):
            raise missing(f"the codec {self.name}", f"a Pillow built with {form.feature}")

    @property
    def _format(self) -> Format:
        return FORMATS[self.name]

    @property
    def version(self) -> str:
        """The package that does the work, and its version."""
        library = features.version(self._format.feature) if self._format.feature else None
        package = f"{self._format.package} {version(self._format.package)}"
        return f"{package} ({self._format.feature} {library})" if library else package

    def readings(self, asked: Sequence[str]) -> list[str]:  # noqa: ARG002 - of the protocol
        """Return the one way to read it, which has no name."""
        return [""]

    def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
        """Return the largest file of at most `target_bytes`, or the smallest that there is.

        The seconds are those of one encode at the setting found, not of the search.
        """
        if self._pixels is not pixels:
            self._pixels, self._files = pixels, {}
        setting = largest_within(self._size_at, self._format.qualities, target_bytes)
        return Coded(*self._file_at(setting))

    def decode(self, data: bytes, readings: Sequence[str]) -> Iterator[Reading]:
        """Yield the picture of a file."""
        for name in readings:
            meter = Meter()
            pixels = decode(data)
            yield Reading(name, pixels, meter.read())

    def _size_at(self, setting: int) -> int:
        return len(self._file_at(setting)[0])

    def _file_at(self, setting: int) -> tuple[bytes, Spent]:
        if setting not in self._files:
            assert self._pixels is not None  # noqa: S101 - encode has set it
            meter = Meter()
            data = encode(self._pixels, self._format, setting)
            self._files[setting] = data, meter.read()
        return self._files[setting]


def largest_within(size_at: Callable[[int], int], qualities: range, target_bytes: int) -> int:
    """Return the quality whose file comes nearest to a size from below.

    Args:
        size_at: The size of the file at a quality; remembers what it was asked before.
        qualities: The settings, in rising order of size.
        target_bytes: The size that the file must not exceed.

    Returns:
        The quality; the lowest one where even its file is larger than the target.
    """
    low, high = qualities.start - 1, qualities.stop  # fits, does not fit
    sizes: dict[int, int] = {}
    while high - low > 1:
        guess = _guess(sizes, low, high, target_bytes)
        sizes[guess] = size_at(guess)
        if sizes[guess] <= target_bytes:
            low = guess
        else:
            high = guess
    fitting = [quality for quality, size in sizes.items() if size <= target_bytes]
    return max(fitting, key=lambda quality: (sizes[quality], quality), default=qualities.start)


def _guess(sizes: dict[int, int], low: int, high: int, target_bytes: int) -> int:
    """Return where to look between `low` and `high`.

    The line through both on the scale of log bytes, and every third time, lest it crawl along a
    bent curve, the middle.
    """
    middle = (low + high) // 2
    if low not in sizes or high not in sizes or len(sizes) % 3 == 2:
        return middle
    rise = math.log(sizes[high] / sizes[low])
    share = math.log(target_bytes / sizes[low]) / rise
    return min(max(low + round(share * (high - low)), low + 1), high - 1)
