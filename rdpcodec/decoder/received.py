"""A received picture: parsed once, received once, read at any rho."""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rdpcodec import container
from rdpcodec.arrays import Array
from rdpcodec.chain import Estimator
from rdpcodec.compute import neutral
from rdpcodec.container import Header, RdpFile
from rdpcodec.container.layout import EXIF, XMP
from rdpcodec.decoder import least_error
from rdpcodec.decoder.file_prior import estimator_of
from rdpcodec.decoder.reconstruction import Geodesic, Noisy, descent_steps, ode
from rdpcodec.decoder.sampling import fresh_noise
from rdpcodec.decoder.walk import Walk
from rdpcodec.images import Picture, Pixels, at_depth, decode_alpha, to_samples
from rdpcodec.options import (
    DEFAULT_EVALUATIONS,
    DEFAULT_RECONSTRUCTION,
    DEFAULT_RHO,
    DecodeOptions,
)
from rdpcodec.ranges import invalid

if TYPE_CHECKING:
    from rdpcodec.options import Rho

Floats = NDArray[np.float32]


class Received:
    """The picture of one file, with the layers that were asked for.

    Nothing but the header is looked at until a picture is wanted. Then the layers are decoded,
    once; the two ends of `geodesic` are found once, and every other rho is a blend of them.
    """

    def __init__(self, file: RdpFile, walk: Walk, options: DecodeOptions, file_bytes: int) -> None:
        self.file = file
        self._walk = walk
        self._options = options
        self._file_bytes = file_bytes
        self._distortion: dict[tuple[int, int], Floats] = {}
        self._perception: dict[int, Floats] = {}
        self._evaluated = 0
        self._to_evaluate = 0

    @property
    def header(self) -> Header:
        """The header of the file."""
        return self.file.header

    @property
    def info(self) -> dict[str, object]:
        """What `inspect --json` prints."""
        return container.describe(self.file, self._file_bytes, self._options.limits)

    @property
    def estimator(self) -> Estimator:
        """The prior in the domain of the file's states; loaded when first asked for."""
        return self._walk.estimator

    @cached_property
    def state(self) -> Noisy:
        """The state y_T that the layers lead to, and its level."""
        with neutral(self._options.threads):
            return self._walk.state_after(self.layer_count)

    @property
    def layer_count(self) -> int:
        """How many layers the picture is made of."""
        return self._options.layers or self.file.layers_whole

    @cached_property
    def alpha(self) -> Pixels | None:
        """How opaque each pixel is, (H, W) with the file's depth; None for an opaque picture.

        Raises:
            MalformedError: If it is damaged.
        """
        stored = container.unpack_alpha(self.file.ancillary, self.header)
        if stored is None:
            return None
        header = self.header
        return decode_alpha(stored.form, stored.data, header.width, header.height, header.depth)

    def layers(self, count: int) -> "Received":
        """Return the picture of the `count` coarsest layers.

        Asked for from few to many, no layer is decoded twice.

        Raises:
            UsageError: If the file does not hold so many.
        """
        options = replace(self._options, layers=count)
        return Received(self.file, self._walk, _fitting(options, self.file), self._file_bytes)

    def at(
        self,
        rho: "Rho | None" = None,
        *,
        reconstruction: str | None = None,
        evaluations: int | None = None,
        average: int | None = None,
        symmetries: int | None = None,
        depth: int | None = None,
    ) -> Picture:
        """Return the picture at one rho; what is None is as the file was opened.

        Args:
            rho: 0 (least distortion) .. 1 (best perception); the file's hint, else 0.5, when
                neither says. A map gives every pixel its own: (H, W), floats in 0..1 or uint8
                with 255 for 1.
            reconstruction: `geodesic` or `ode`.
            evaluations: Evaluations of the denoiser on the way to rho = 1, or along the `ode`.
            average: How many samples of the posterior the picture at rho = 0 is the mean of; 1 is
                that of the estimate of least error.
            symmetries: How many symmetries of the square that estimate is the mean over, 1 .. 8.
            depth: Bits of a sample, 8 or 16; those of the file when None.

        Returns:
            The picture, with the colour profile and the alpha that the file holds.

        Raises:
            UsageError: If an argument is out of range.
            RdpError: If the file's layers or its prior cannot be read.

        Example:
            >>> import numpy as np
            >>> import rdpcodec
            >>> ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (24, 1))
            >>> received = rdpcodec.open(rdpcodec.encode(ramp, prior="gaussian-1", bpp=2))
            >>> smooth, crisp = received.at(0).pixels, received.at(1).pixels
            >>> left_crisp = np.zeros((24, 32))
            >>> left_crisp[:, :16] = 1
            >>> mixed = received.at(left_crisp).pixels
            >>> np.array_equal(mixed[:, :16], crisp[:, :16])
            True
            >>> np.array_equal(mixed[:, 16:], smooth[:, 16:])
            True
        """
        options = self._with(
            rho=rho,
            reconstruction=reconstruction,
            evaluations=evaluations,
            average=average,
            symmetries=symmetries,
            depth=depth,
        )
        beside, wanted = self._beside(options), self._rho(options.rho)
        with neutral(self._options.threads):
            if (options.reconstruction or DEFAULT_RECONSTRUCTION) == "geodesic":
                found = self._blend(wanted, options)
            else:
                found = self._pixels(self._along_ode(wanted, options))
            return Picture(self.shown(found, options.depth), **beside)

    def endpoints(
        self,
        evaluations: int | None = None,
        average: int | None = None,
        symmetries: int | None = None,
    ) -> tuple[Floats, Floats]:
        """Return the two ends of `geodesic`, rho = 0 and rho = 1.

        Args:
            evaluations: As in `at`.
            average: As in `at`.
            symmetries: As in `at`.

        Returns:
            Twice (H, W) or (H, W, 3) float32, black at -1, white at 1, not clipped. The picture at
            rho is that of `(1 - rho) * first + rho * second`.
        """
        options = self._with(evaluations=evaluations, average=average, symmetries=symmetries)
        with neutral(self._options.threads):
            return self._both_ends(options)

    def shown(self, pixels: Floats, depth: int | None = None) -> Pixels:
        """Return the samples, (H, W) or (H, W, 3): one channel may stand for three.

        Args:
            pixels: As `endpoints` returns them.
            depth: 8 or 16 bits; those of the file when None.
        """
        values = to_samples(pixels, depth or self.header.depth)
        if self.header.kind != "equal-rgb":
            return values
        return np.repeat(values[:, :, None], 3, axis=2)

    def _beside(self, options: DecodeOptions) -> dict[str, Any]:
        """Return what the picture has besides its pixels."""
        chunks, limits = self.file.ancillary, options.limits
        depth = options.depth or self.header.depth
        return {
            "icc": container.unpack_icc(chunks, limits=limits),
            "alpha": None if self.alpha is None else at_depth(self.alpha, depth),
            "exif": container.unpack_metadata(chunks, EXIF, limits=limits),
            "xmp": container.unpack_metadata(chunks, XMP, limits=limits),
        }

    def _with(self, **changes: Any) -> DecodeOptions:
        given = {name: value for name, value in changes.items() if value is not None}
        return replace(self._options, **given) if given else self._options

    def _blend(self, rho: float | Floats, options: DecodeOptions) -> Floats:
        if not np.any(rho):
            self._expect(self._descent() + 1 + self._of_least_error(options))
            return self._distortion_end(options)
        first, second = self._both_ends(options)
        share = np.asarray(rho, dtype=np.float32)
        if share.ndim == 2 and first.ndim == 3:
            share = share[:, :, None]
        return first + share * (second - first)

    def _both_ends(self, options: DecodeOptions) -> tuple[Floats, Floats]:
        steps = _evaluations(options)
        self._expect(self._descent() + steps + self._of_least_error(options))
        return self._distortion_end(options), self._perception_end(steps)

    def _along_ode(self, rho: float | Floats, options: DecodeOptions) -> Array:
        if not isinstance(rho, float):
            raise invalid("rho", "a map", "a number: only `geodesic` reads at a map")
        for name in ("average", "symmetries"):
            if (getattr(options, name) or 1) > 1:
                found = str(getattr(options, name))
                raise invalid(name, found, "1: only `geodesic` averages")
        evaluations = _evaluations(options)
        self._expect(evaluations)
        return ode(self._counted, self.state, rho, evaluations)

    @cached_property
    def _geodesic(self) -> Geodesic:
        estimator = self.estimator
        return Geodesic(self._counted, self.state, estimator.sigma_max, estimator.domain.basis)

    def _distortion_end(self, options: DecodeOptions) -> Floats:
        count, steps = _samples(options), _evaluations(options)
        key = (count, steps) if count > 1 else (1, self._symmetries(options))
        if key not in self._distortion:
            self._distortion[key] = (
                self._pixels(self._geodesic.distortion(self._symmetries(options)))
                if count == 1
                else self._mean_of_samples(count, steps)
            )
        return self._distortion[key]

    def _symmetries(self, options: DecodeOptions) -> int:
        """Return how many symmetries to average."""
        count, most = options.symmetries, self.estimator.domain.symmetries
        if count is None:
            return self.estimator.symmetries
        if count > most:
            raise invalid("symmetries", str(count), f"{most}, all that these states have")
        return count

    def _of_least_error(self, options: DecodeOptions) -> int:
        """Return the evaluations besides the first that the picture at rho = 0 takes."""
        if _samples(options) > 1:
            return _of_samples(options)
        return least_error.evaluations(self._symmetries(options))

    def _mean_of_samples(self, count: int, steps: int) -> Floats:
        """Return the mean, in pixels, of pictures of samples of the posterior (spec 11.3)."""
        seed, shape, device = self.header.seed, self.state.y.shape, self.estimator.device
        noises = (fresh_noise(seed, k, shape, device) for k in range(count))
        total = sum(self._pixels(self._geodesic.sample(steps, noise)) for noise in noises)
        return np.asarray(total / np.float32(count), dtype=np.float32)

    def _perception_end(self, evaluations: int) -> Floats:
        if evaluations not in self._perception:
            end = self._geodesic.perception(evaluations, self.estimator.overshoot)
            self._perception[evaluations] = self._pixels(end)
        return self._perception[evaluations]

    def _pixels(self, clean: Array) -> Floats:
        return self.estimator.domain.to_pixels(clean)

    def _descent(self) -> int:
        """Return the evaluations on the way into the prior's own range."""
        return descent_steps(self.state.sigma, self.estimator.sigma_max)

    def _expect(self, evaluations: int) -> None:
        self._evaluated, self._to_evaluate = 0, evaluations

    def _counted(self, y: Array, sigma: float) -> Array:
        """Return the estimate, and report the evaluation."""
        estimate = self.estimator(y, sigma)
        self._evaluated += 1
        if self._options.progress:
            self._options.progress("reading", self._evaluated, self._to_evaluate)
        return estimate

    def _rho(self, rho: "Rho | None") -> float | Floats:
        if rho is None:
            hint = container.unpack_rho(self.file.ancillary)
            return DEFAULT_RHO if hint is None else hint
        if not isinstance(rho, np.ndarray):
            return float(rho)
        size = self.header.height, self.header.width
        if rho.shape != size:
            raise invalid("rho", f"a map of shape {rho.shape}", f"{size}, the picture's (H, W)")
        return rho.astype(np.float32) / np.float32(255 if rho.dtype == np.uint8 else 1)


def receive(file: RdpFile, file_bytes: int, options: DecodeOptions) -> Received:
    """Return the picture of a parsed file; errors as in `codec.open`."""
    walk = Walk(file, lambda: estimator_of(file, options), options.progress)
    return Received(file, walk, _fitting(options, file), file_bytes)


def _fitting(options: DecodeOptions, file: RdpFile) -> DecodeOptions:
    """Refuse more layers than the file holds."""
    whole = file.layers_whole
    if options.layers is not None and options.layers > whole:
        raise invalid("layers", str(options.layers), f"1..{whole}, the layers of this file")
    return options


def _evaluations(options: DecodeOptions) -> int:
    return DEFAULT_EVALUATIONS if options.evaluations is None else options.evaluations


def _samples(options: DecodeOptions) -> int:
    return 1 if options.average is None else options.average


def _of_samples(options: DecodeOptions) -> int:
    """Return the evaluations that samples take; all begin with the estimate that is there."""
    count = _samples(options)
    return 0 if count == 1 else count * (_evaluations(options) - 1)
