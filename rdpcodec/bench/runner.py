"""Pictures, codecs and rates to lines of the table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rdpcodec.bench import catalogue
from rdpcodec.bench.coders import BenchCodec, Coded, Pixels, Reading
from rdpcodec.bench.measures import Scorer
from rdpcodec.bench.rows import CROPPED, Key, Row, read_rows, write_rows
from rdpcodec.bench.ways import DEFAULT_WAYS, parse_way
from rdpcodec.errors import ISSUE, ImageError, UsageError
from rdpcodec.files import check_output
from rdpcodec.images import read_picture
from rdpcodec.priors import DEFAULT_PRIOR

DEFAULT_BPP = (0.125, 0.25, 0.5, 1.0)
BPP_MAX = 100.0
SUFFIXES = {".avif", ".jpeg", ".jpg", ".png", ".webp"}

Progress = Callable[[str, int, int], None]
Note = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        folder: The pictures.
        csv: Lines that it has are not measured again, the others are added; None for no file.
        names: The codecs.
        rates: In bits per pixel.
        readings: How to read the files of a codec that can be read in several ways.
        prior_id: The prior of those that need one.
        memo: Share the prior's answers among all files of a picture: the same files and
            pictures in less time, but no seconds and no memory.
        crop: Measure the middle of each picture, of this side, alone; it is then called
            `NAME@crop`.
    """

    folder: Path
    csv: Path | None = None
    names: Sequence[str] = catalogue.DEFAULT_NAMES
    rates: Sequence[float] = DEFAULT_BPP
    readings: Sequence[str] = DEFAULT_WAYS
    prior_id: str = DEFAULT_PRIOR
    memo: bool = False
    crop: int | None = None


def run(plan: Plan, *, progress: Progress | None = None, note: Note = lambda _: None) -> list[Row]:
    """Measure what is missing.

    Args:
        plan: What to measure.
        progress: Called with what is measured now, the number of files done and of all.
        note: Called with a sentence about what could not be measured as asked.

    Returns:
        All lines, those that were there included.

    Raises:
        RdpError: If an option is wrong, or a picture or the table cannot be read or written.
    """
    pictures = _checked(plan)
    rows = read_rows(plan.csv) if plan.csv is not None and plan.csv.exists() else []
    job = _Job(plan, rows, len(pictures), progress, note)
    make = catalogue.load(plan.names, plan.prior_id, memo=plan.memo)
    for path in pictures:
        job.measure(path, make())
    return job.rows


def _checked(plan: Plan) -> list[Path]:
    """Return the pictures, when all options are right."""
    for rate in plan.rates:
        if not 0 < rate <= BPP_MAX:
            message = (
                f"--bpp is {rate}, expected more than 0 and at most {BPP_MAX:g} bits per pixel"
            )
            raise UsageError(ISSUE.INVALID_OPTION, message)
    if plan.crop is not None and plan.crop < 1:
        message = f"--crop is {plan.crop}, expected a side in pixels"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    for name in plan.readings:
        parse_way(name)
    catalogue.check_names(plan.names)
    if plan.csv is not None:
        check_output(plan.csv)
    try:
        found = sorted(p for p in plan.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    except OSError as error:
        message = f"the directory {plan.folder} cannot be read: {error.strerror}"
        raise ImageError(ISSUE.IMAGE_UNREADABLE, message) from error
    if not found:
        message = f"{plan.folder} holds no picture, expected {', '.join(sorted(SUFFIXES))}"
        raise ImageError(ISSUE.IMAGE_UNREADABLE, message)
    return found


@dataclass
class _Job:
    plan: Plan
    rows: list[Row]
    pictures: int
    progress: Progress | None
    note: Note
    done: int = 0
    have: set[Key] = field(init=False)
    scorer: Scorer = field(init=False)

    def __post_init__(self) -> None:
        self.have = {row.key for row in self.rows}
        self.scorer = Scorer(self.note)

    def measure(self, path: Path, codecs: list[BenchCodec]) -> None:
        """Measure what is missing of one picture."""
        pixels: Pixels | None = None
        crop = self.plan.crop
        name = path.stem if crop is None else f"{path.stem}{CROPPED}{crop}"
        for codec in codecs:
            for rate in self.plan.rates:
                wanted = self._wanted(name, codec, rate)
                self._report(f"{name} {codec.name} {rate:g} bpp", len(codecs))
                if wanted:
                    pixels = _pixels(path, crop) if pixels is None else pixels
                    self._add(_File(name, codec, rate, pixels), wanted)

    def _wanted(self, picture: str, codec: BenchCodec, rate: float) -> list[str]:
        names = codec.readings(self.plan.readings)
        key = picture, codec.name, codec.prior
        return [name for name in dict.fromkeys(names) if (*key, name, rate) not in self.have]

    def _report(self, phase: str, codecs: int) -> None:
        if self.progress:
            self.progress(phase, self.done, self.pictures * codecs * len(self.plan.rates))
        self.done += 1

    def _add(self, file: "_File", readings: list[str]) -> None:
        try:
            coded = file.codec.encode(file.pixels, file.target_bytes)
        except UsageError as error:
            if error.issue != ISSUE.TARGET_TOO_SMALL:
                raise
            self.note(f"{file.name} is left out: {error}")
            return
        if len(coded.data) > file.target_bytes:
            bpp = 8 * len(coded.data) / file.size
            self.note(f"{file.name}: its smallest file has {bpp:.4f} bpp")
        new = list(file.lines(coded, readings, self.scorer))
        self.rows += new
        self.have |= {row.key for row in new}
        if self.plan.csv is not None:
            write_rows(self.plan.csv, self.rows)


@dataclass(frozen=True)
class _File:
    """One file to make: a picture, a codec and a rate."""

    picture: str
    codec: BenchCodec
    rate: float
    pixels: Pixels

    @property
    def name(self) -> str:
        return f"{self.picture} {self.codec.name} at {self.rate:g} bpp"

    @property
    def size(self) -> int:
        return self.pixels.shape[0] * self.pixels.shape[1]

    @property
    def target_bytes(self) -> int:
        return max(1, int(self.rate * self.size / 8))

    def lines(self, coded: Coded, readings: list[str], scorer: Scorer) -> Iterator[Row]:
        """Yield the line of each reading; scores are taken when all is decoded and timed."""
        for reading in list(self.codec.decode(coded.data, readings)):
            yield self._line(coded, reading, scorer.scores(self.pixels, reading.pixels))

    def _line(self, coded: Coded, reading: Reading, scores: dict[str, float | None]) -> Row:
        spent: dict[str, float | None] = {}
        for direction, used in (("encode", coded.spent), ("decode", reading.spent)):
            if used is not None:
                spent[f"{direction}_seconds"] = used.seconds
                spent[f"{direction}_peak_mib"] = used.peak_mib
        return Row(
            picture=self.picture,
            codec=self.codec.name,
            prior=self.codec.prior,
            reading=reading.name,
            bpp_asked=self.rate,
            bytes=float(len(coded.data)),
            bpp=8 * len(coded.data) / self.size,
            version=self.codec.version,
            **scores,
            **spent,
            **coded.facts,
        )


def _pixels(path: Path, crop: int | None) -> Pixels:
    """Return the pixels of a picture, or of its middle, (H, W, 3); grey gets three channels."""
    try:
        pixels = read_picture(path)[0].pixels
    except (ImageError, UsageError) as error:
        error.add_note(str(path))
        raise
    if crop is not None:
        top, left = (max(0, (side - crop) // 2) for side in pixels.shape[:2])
        pixels = np.ascontiguousarray(pixels[top : top + crop, left : left + crop])
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
