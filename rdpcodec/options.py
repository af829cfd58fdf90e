"""The options of `encode`, `open`, `decode` and `trim`: names, defaults and ranges, in one place.

An option is a field of a dataclass, which checks it when it is made, before any work, and a key
of the dictionary below it, which tells type checkers the keywords.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypedDict
from unicodedata import normalize

from rdpcodec.container.layout import DEPTHS
from rdpcodec.container.prompt import flaw
from rdpcodec.container.varint import MAX_VALUE
from rdpcodec.errors import ISSUE, UsageError
from rdpcodec.layers import CODERS, PARAMETER_MAX, PARAMETER_MIN
from rdpcodec.limits import DEFAULT, Limits
from rdpcodec.ranges import Check, flag, integer, invalid, one_of, real, shown, that
from rdpcodec.schedule import T_MAX

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rdpcodec.priors.base import Prior

    Map = NDArray[np.generic]
    Rho = float | Map

Progress = Callable[[str, int, int], None]

STRIPPABLE = ("exif", "xmp", "icc")  # fields of a picture
RECONSTRUCTIONS = ("ode", "geodesic")
PRECISIONS = ("float32", "bfloat16", "float16")
DEFAULT_PRIOR = "photo-1"
DEFAULT_T = 1984
DEFAULT_RHO = 0.5
DEFAULT_RECONSTRUCTION = "geodesic"
DEFAULT_EVALUATIONS = 10
EVALUATIONS_MAX = 1000
AVERAGE_MAX = 1000
SYMMETRIES_MAX = 8
BPP_MAX = 8 * DEFAULT.file_bytes  # the largest file, of a single pixel
PSNR_MAX = 100
DEFAULT_ROI_GAIN = 2.0
ROI_GAIN_MAX = 16
THREADS = integer(1, 1024)
RHO_RANGE = "0 (least distortion) .. 1 (best perception)"


def bytes_at(bpp: float, pixels: int) -> int:
    """Return how many bytes a file of a picture may have at a number of bits per pixel."""
    return int(bpp * pixels / 8)


def _in_unit(value: float) -> bool:
    return 0 <= value <= 1


def _map(name: str, value: object, values: str, expected: str = "a numpy array") -> object:
    """Check a map, whose shape only the picture tells."""
    import numpy as np  # noqa: PLC0415 - the command line starts without it

    if not isinstance(value, np.ndarray):
        raise invalid(name, f"a {type(value).__name__}", expected)
    if value.dtype.kind != "f" and value.dtype != np.uint8:
        raise invalid(name, f"a map of {value.dtype}", "floats in 0..1, or uint8")
    if value.dtype.kind == "f" and not ((value >= 0) & (value <= 1)).all():
        raise invalid(name, "a map with values out of range", values)
    return value


def _rho(name: str, value: object) -> object:
    """Check a number or a map."""
    if not getattr(value, "ndim", 0):
        return real(RHO_RANGE, _in_unit)(name, value)
    return _map(name, value, RHO_RANGE, "a number or a numpy array")


def _roi(name: str, value: object) -> object:
    return _map(name, value, "0 (worth least) .. 1 (worth most)")


_prior = that(
    "the name of a prior or a prior",
    lambda value: isinstance(value, str) or callable(getattr(value, "denoise", None)),
)


def _prompt(name: str, value: object) -> str | None:
    """Check a prompt; an empty one is none. Its normal form is what the file holds."""
    if not isinstance(value, str):
        raise invalid(name, shown(value), "a text")
    text = normalize("NFC", value)
    if text and (found := flaw(text)):
        raise UsageError(ISSUE.INVALID_OPTION, f"the {name} is {found}")
    return text or None


def _strip(name: str, value: object) -> str:
    """Return names in their order; `all` stands for each."""
    given = value.split(",") if isinstance(value, str) else [shown(value)]
    given = [each.strip() for each in given]
    for each in given:
        if each not in (*STRIPPABLE, "all"):
            raise invalid(name, each, f"all, or some of {', '.join(STRIPPABLE)}")
    return ",".join(each for each in STRIPPABLE if each in given or "all" in given)


def _depth(name: str, value: object) -> object:
    """Check bits of a sample, of any type that can tell them."""
    try:
        found = integer(8, 16)(name, value)
    except UsageError:
        found = None
    if found not in DEPTHS:
        raise invalid(name, shown(value), "8 or 16")
    return found


_bpp = real(f"more than 0, at most {BPP_MAX}", lambda value: 0 < value <= BPP_MAX)
_bytes = integer(1, meaning=" bytes")
_limits = that("a rdpcodec.limits.Limits", lambda value: isinstance(value, Limits))
_text = that("a name", lambda value: isinstance(value, str))


def _option(default: Any, check: Check) -> Any:
    """Return the field of an option; where the default is None, None is accepted too."""
    return field(default=default, metadata={"check": check})


def _check(options: object) -> None:
    """Put the plain value in the place of every value given."""
    for each in fields(options):  # type: ignore[arg-type]
        value = getattr(options, each.name)
        if value is not None or each.default is not None:
            object.__setattr__(options, each.name, each.metadata["check"](each.name, value))


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodeOptions:
    """The options of `encode`.

    Attributes:
        prior: The prior or its name.
        t: Level at which the file ends, 0 (most bits) .. 4095; or
        bpp: bits per pixel of the whole file, met from below; or
        target_bytes: bytes of the whole file, met from below; or
        psnr: decibels that the picture at rho = 0 has at least, with the fewest layers. None of
            the four: `DEFAULT_T`.
        seed: 0 .. 2**64 - 1; another seed gives another, equally good file.
        coder: `trellis` or `pfr`.
        coder_parameter: State bits (`trellis`) or nominal bits per chunk (`pfr`).
        rho_hint: The rho a viewer may start at, stored beside the picture.
        prompt: What the prior is told of the picture, kept in the file; None for nothing.
        rdo: How far bits go where they lessen the error most, 0 .. 1; 0 simulates the channel of
            y = x_0 + sigma n itself. When None, 0.5 for pixels and 0 for latents.
        roi: What is worth most, for each pixel: (H, W), floats in 0..1 or uint8 with 255 for 1.
            All alike when None.
        roi_gain: How far: the weight of 1 over that of 0 in what is sent, 1 .. 16; 2 when None.
        limits: Upper bounds on the picture.
        progress: Called with the phase, the steps done and an estimate of all steps.
        device: `cpu`, `cuda`, `cuda:N` or `mps`; where the prior computes.
        precision: `float32`, or `bfloat16` for a faster prior at large noise; for networks of
            pipelines `float16` too.
        threads: How many the prior uses on the CPU; as many as torch would, when None: by default
            one for each physical core. The result is the same.
        allow_damaged: Read a JPEG that lacks its end.
        frame: Which frame or page of a file of several to take, 1 for the first.
        strip: Metadata to leave out: some of `exif,xmp,icc`, or `all`.

    Raises:
        UsageError: If a value is of another kind or out of range.
    """

    prior: "str | Prior" = _option(DEFAULT_PRIOR, _prior)
    t: int | None = _option(None, integer(0, T_MAX))
    bpp: float | None = _option(None, _bpp)
    target_bytes: int | None = _option(None, _bytes)
    psnr: float | None = _option(
        None, real(f"more than 0 dB, at most {PSNR_MAX}", lambda value: 0 < value <= PSNR_MAX)
    )
    seed: int = _option(0, integer(0, MAX_VALUE))
    coder: str = _option("trellis", one_of(CODERS))
    coder_parameter: int | None = _option(None, integer(PARAMETER_MIN, PARAMETER_MAX))
    rho_hint: float | None = _option(None, real(RHO_RANGE, _in_unit))
    prompt: str | None = _option(None, _prompt)
    rdo: float | None = _option(None, real("0 (all of the noisy state) .. 1", _in_unit))
    roi: "Map | None" = _option(None, _roi)
    roi_gain: float | None = _option(
        None, real(f"1 .. {ROI_GAIN_MAX}", lambda value: 1 <= value <= ROI_GAIN_MAX)
    )
    limits: Limits = _option(DEFAULT, _limits)
    progress: Progress | None = _option(None, that("a function", callable))
    device: str = _option("cpu", _text)
    precision: str = _option(PRECISIONS[0], one_of(PRECISIONS))
    threads: int | None = _option(None, THREADS)
    allow_damaged: bool = _option(default=False, check=flag)
    frame: int | None = _option(None, integer(1, meaning=", 1 for the first"))
    strip: str | None = _option(None, _strip)

    @property
    def stripped(self) -> tuple[str, ...]:
        """The fields of a picture that are left out."""
        return tuple(self.strip.split(",")) if self.strip else ()

    def __post_init__(self) -> None:
        """Check every value, and that one goal at most is given."""
        _check(self)
        goals = (self.t, self.bpp, self.target_bytes, self.psnr)
        if sum(goal is not None for goal in goals) > 1:
            message = "t, bpp, target_bytes and psnr exclude each other; give one of them"
            raise UsageError(ISSUE.INVALID_OPTION, message)
        if self.roi_gain is not None and self.roi is None:
            message = "roi_gain says how far a mask goes, but there is no mask (roi)"
            raise UsageError(ISSUE.INVALID_OPTION, message)


class EncodeKeywords(TypedDict, total=False):
    """The fields of `EncodeOptions` as keywords."""

    prior: "str | Prior"
    t: int | None
    bpp: float | None
    target_bytes: int | None
    psnr: float | None
    seed: int
    coder: str
    coder_parameter: int | None
    rho_hint: float | None
    prompt: str | None
    rdo: float | None
    roi: "Map | None"
    roi_gain: float | None
    limits: Limits
    progress: Progress | None
    device: str
    precision: str
    threads: int | None
    allow_damaged: bool
    frame: int | None
    strip: str | None


@dataclass(frozen=True, kw_only=True, eq=False)
class DecodeOptions:
    """The options of `open` and `decode`; what concerns one picture `Received.at` can change.

    Attributes:
        rho: 0 (least distortion) .. 1 (best perception); the file's hint, else 0.5, when None.
            A map gives every pixel its own: (H, W), floats in 0..1 or uint8 with 255 for 1.
        reconstruction: `ode` or `geodesic`.
        layers: Read only the first layers, a coarser picture; all when None.
        prior: Where to take the prior from, if not by the name in the file; the digest decides.
        evaluations: Denoiser evaluations of the reconstruction.
        average: How many samples of the posterior the picture at rho = 0 of `geodesic` is the mean
            of, each for as many evaluations; 1, the picture of the estimate itself, when None.
        symmetries: How many symmetries of the square the picture at rho = 0 of `geodesic` is the
            mean over, 1 .. 8; 1 is the picture of the estimate itself, K > 1 takes K + 1 more
            evaluations. The prior's own number, when None; latents have one symmetry.
        depth: Bits of a sample of the picture, 8 or 16; those of the file when None.
        vae_tiles: Decode latents in tiles, in less memory, to a slightly different picture.
        limits: Upper bounds on the file.
        allow_partial: Read the whole layers of a truncated file.
        progress: Called with the phase, the steps done and all steps.
        device: As in `EncodeOptions`.
        precision: As in `EncodeOptions`; neither has to be what the encoder used.
        threads: As in `EncodeOptions`.

    Raises:
        UsageError: If a value is of another kind or out of range.
    """

    rho: "Rho | None" = _option(None, _rho)
    reconstruction: str | None = _option(None, one_of(RECONSTRUCTIONS))
    layers: int | None = _option(None, integer(1))
    prior: "str | Prior | None" = _option(None, _prior)
    evaluations: int | None = _option(None, integer(1, EVALUATIONS_MAX))
    average: int | None = _option(None, integer(1, AVERAGE_MAX))
    symmetries: int | None = _option(None, integer(1, SYMMETRIES_MAX))
    depth: int | None = _option(None, _depth)
    vae_tiles: bool = _option(default=False, check=flag)
    limits: Limits = _option(DEFAULT, _limits)
    allow_partial: bool = _option(default=False, check=flag)
    progress: Progress | None = _option(None, that("a function", callable))
    device: str = _option("cpu", _text)
    precision: str = _option(PRECISIONS[0], one_of(PRECISIONS))
    threads: int | None = _option(None, THREADS)

    def __post_init__(self) -> None:
        """Check every value."""
        _check(self)


class DecodeKeywords(TypedDict, total=False):
    """The fields of `DecodeOptions` as keywords."""

    rho: "Rho | None"
    reconstruction: str | None
    layers: int | None
    prior: "str | Prior | None"
    evaluations: int | None
    average: int | None
    symmetries: int | None
    depth: int | None
    vae_tiles: bool
    limits: Limits
    allow_partial: bool
    progress: Progress | None
    device: str
    precision: str
    threads: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class TrimOptions:
    """The options of `trim`: one goal, and how to read.

    Attributes:
        layers: How many layers to keep; or
        bpp: bits per pixel of the whole file, met from below; or
        target_bytes: bytes of the whole file, met from below.
        allow_partial: Read a truncated file. Then no goal means all whole layers.
        limits: Upper bounds on the file.

    Raises:
        UsageError: If a value is of another kind or out of range, or not one goal is given.
    """

    layers: int | None = _option(None, integer(1))
    bpp: float | None = _option(None, _bpp)
    target_bytes: int | None = _option(None, _bytes)
    allow_partial: bool = _option(default=False, check=flag)
    limits: Limits = _option(DEFAULT, _limits)

    def __post_init__(self) -> None:
        """Check every value, and that one goal is given."""
        _check(self)
        given = sum(goal is not None for goal in (self.layers, self.bpp, self.target_bytes))
        if given > 1 or not (given or self.allow_partial):
            message = f"give one of layers, bpp and target_bytes to trim a file, found {given}"
            raise UsageError(ISSUE.INVALID_OPTION, message)


class TrimKeywords(TypedDict, total=False):
    """The fields of `TrimOptions` as keywords."""

    layers: int | None
    bpp: float | None
    target_bytes: int | None
    allow_partial: bool
    limits: Limits
