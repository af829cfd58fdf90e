"""The measures of quality by name, and the difference that a picture's copy makes in each."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from rdpcodec.bench.base import Pixels
from rdpcodec.errors import RdpError
from rdpcodec.metrics import psnr

Compare = Callable[[Pixels, Pixels], float]


def _psnr() -> Compare:
    return psnr


def _ms_ssim() -> Compare:
    from rdpcodec.metrics.ms_ssim import ms_ssim  # noqa: PLC0415 - an extra

    return ms_ssim


def _lpips() -> Compare:
    from rdpcodec.metrics.lpips import Lpips  # noqa: PLC0415 - an extra

    return Lpips()


def _ssimulacra2() -> Compare:
    from rdpcodec.metrics.ssimulacra2 import ssimulacra2  # noqa: PLC0415 - an extra

    return ssimulacra2


def _frechet() -> Compare:
    from rdpcodec.metrics.frechet import PatchFrechet  # noqa: PLC0415 - an extra

    return PatchFrechet()


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name: Its column.
        label: What people call it, with its unit.
        load: Returns the function of the original and its copy.
        higher: Whether more is better.
        gain: The scale on which curves are drawn through points for the BD-rate; more is better.
    """

    name: str
    label: str
    load: Callable[[], Compare]
    higher: bool
    gain: Callable[[float], float]


def _itself(value: float) -> float:
    return value


def _minus_log(value: float) -> float:
    return -math.log(max(value, 1e-12))


def _decibels(value: float) -> float:
    return -10 * math.log10(max(1 - value, 1e-12))


MEASURES = (
    Measure("psnr", "PSNR (dB)", _psnr, higher=True, gain=_itself),
    Measure("ms_ssim", "MS-SSIM", _ms_ssim, higher=True, gain=_decibels),
    Measure("lpips", "LPIPS", _lpips, higher=False, gain=_minus_log),
    Measure("ssimulacra2", "SSIMULACRA 2", _ssimulacra2, higher=True, gain=_itself),
    Measure("frechet", "patch Fréchet", _frechet, higher=False, gain=_minus_log),
)


@dataclass
class Scorer:
    """All measures of a copy; one that is not installed is named once and left out.

    Attributes:
        note: Told what is left out, in a sentence.
    """

    note: Callable[[str], None]
    _loaded: dict[str, Compare | None] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)

    def scores(self, original: Pixels, copy: Pixels) -> dict[str, float | None]:
        """Return the value of every measure, None where there is none."""
        return {measure.name: self._score(measure, original, copy) for measure in MEASURES}

    def _score(self, measure: Measure, original: Pixels, copy: Pixels) -> float | None:
        if measure.name not in self._loaded:
            self._loaded[measure.name] = self._load(measure)
        compare = self._loaded[measure.name]
        if compare is None:
            return None
        try:
            return float(compare(original, copy))
        except ImportError as error:
            self._loaded[measure.name] = None
            self._refuse(measure, error)
        except (ValueError, RdpError) as error:  # the picture is too small for it
            self._refuse(measure, error)
        return None

    def _load(self, measure: Measure) -> Compare | None:
        try:
            return measure.load()
        except (ImportError, ValueError, RdpError) as error:
            self._refuse(measure, error)
            return None

    def _refuse(self, measure: Measure, error: Exception) -> None:
        sentence = f"{measure.name} is left out: {error}"
        if sentence not in self._refused:
            self._refused.add(sentence)
            self.note(sentence)
