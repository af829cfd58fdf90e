"""Pictures, codecs and rates to lines of the table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rdpcodec.bench import catalogue
from rdpcodec.bench.base import BenchCodec, Coded, Pixels, Reading
from rdpcodec.bench.measures import Scorer
from rdpcodec.bench.pictures import (
    Found,
    Note,
    Progress,
    cropped_name,
    find_pictures,
    read_pixels,
)
from rdpcodec.bench.rows import Key, Row, read_rows, write_rows
from rdpcodec.bench.ways import DEFAULT_WAYS, parse_way
from rdpcodec.compute import neutral
from rdpcodec.errors import ISSUE, ImageError, InputError, LimitError, RdpError, UsageError
from rdpcodec.files import check_output
from rdpcodec.options import DEFAULT_PRIOR, THREADS

DEFAULT_BPP = (0.125, 0.25, 0.5, 1.0)
BPP_MAX = 100.0


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
        memo: Share the prior's estimates among all files of a picture: the same files and
            pictures in less time, but no seconds and no memory.
        crop: Measure the middle of each picture, of this side, alone; it is then called
            `NAME@crop`.
        threads: How many our codecs use; see `EncodeOptions`.
    """

    folder: Path
    csv: Path | None = None
    names: Sequence[str] = catalogue.DEFAULT_NAMES
    rates: Sequence[float] = DEFAULT_BPP
    readings: Sequence[str] = DEFAULT_WAYS
    prior_id: str = DEFAULT_PRIOR
    memo: bool = False
    crop: int | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Measured:
    """What a run leaves.

    Attributes:
        rows: All lines, those that were there before included.
        refused: What could not be measured, a file name or a picture and a codec each.
    """

    rows: list[Row]
    refused: list[str]


def run(plan: Plan, *, progress: Progress | None = None, note: Note = lambda _: None) -> Measured:
    """Measure what is missing.

    Args:
        plan: What to measure.
        progress: Called with what is done now, how much of it is done, and how much there is.
        note: Called with a sentence about what could not be measured as asked.

    Returns:
        The lines, and what was refused; a picture that is refused does not end the run.

    Raises:
        RdpError: If an option is wrong, no picture can be read, or the table cannot be read or
            written.
    """
    _check(plan)
    rows = read_rows(plan.csv) if plan.csv is not None and plan.csv.exists() else []
    job = _Job(plan, rows, find_pictures(plan.folder, note, progress), progress, note)
    make = catalogue.load(plan.names, plan.prior_id, memo=plan.memo)
    with neutral(plan.threads):
        for name in job.found.pictures:
            job.measure(name, make())
    return Measured(job.rows, job.found.refused)


def _check(plan: Plan) -> None:
    """Refuse wrong options before any work is done."""
    for rate in plan.rates:
        if not 0 < rate <= BPP_MAX:
            message = (
                f"--bpp is {rate}, expected more than 0 and at most {BPP_MAX:g} bits per pixel"
            )
            raise UsageError(ISSUE.INVALID_OPTION, message)
    if plan.crop is not None and plan.crop < 1:
        message = f"--crop is {plan.crop}, expected a side in pixels"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    if plan.threads is not None:
        THREADS("--threads", plan.threads)
    for name in plan.readings:
        parse_way(name)
    catalogue.check_names(plan.names)
    if plan.csv is not None:
        check_output(plan.csv)


@dataclass
class _Job:
    plan: Plan
    rows: list[Row]
    found: Found
    progress: Progress | None
    note: Note
    done: int = 0
    have: set[Key] = field(init=False)
    scorer: Scorer = field(init=False)

    def __post_init__(self) -> None:
        self.have = {row.key for row in self.rows}
        self.scorer = Scorer(self.note)

    def measure(self, picture: str, codecs: list[BenchCodec]) -> None:
        """Measure what is missing of one picture."""
        name = cropped_name(picture, self.plan.crop)
        pixels: Pixels | None = None
        for codec in codecs:
            for rate in self.plan.rates:
                wanted = self._wanted(name, codec, rate)
                self._report(f"{name} {codec.name} {rate:g} bpp", len(codecs))
                if wanted and pixels is None and (pixels := self._pixels(picture)) is None:
                    return
                if wanted and pixels is not None:
                    self._add(_File(name, codec, rate, pixels), wanted)

    def _pixels(self, picture: str) -> Pixels | None:
        """Return what is measured of a picture, None if it has changed and is refused now."""
        path = self.found.pictures[picture]
        try:
            return read_pixels(path, self.plan.crop)
        except (ImageError, InputError, LimitError) as error:
            self._refuse(path.name, path.name, error)
            return None

    def _refuse(self, what: str, where: str, error: RdpError) -> None:
        self.note(f"{where} is left out: {error}")
        if what not in self.found.refused:
            self.found.refused.append(what)

    def _wanted(self, picture: str, codec: BenchCodec, rate: float) -> list[str]:
        names = codec.readings(self.plan.readings)
        key = picture, codec.name, codec.prior
        return [name for name in dict.fromkeys(names) if (*key, name, rate) not in self.have]

    def _report(self, phase: str, codecs: int) -> None:
        if self.progress:
            count = len(self.found.pictures)
            self.progress(phase, self.done, count * codecs * len(self.plan.rates))
        self.done += 1

    def _add(self, file: "_File", readings: list[str]) -> None:
        try:
            coded = file.codec.encode(file.pixels, file.target_bytes)
        except (ImageError, LimitError) as error:
            self._refuse(f"{file.picture} by {file.codec.name}", file.name, error)
            return
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
