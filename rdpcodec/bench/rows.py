"""The table of measurements, a line for each picture, codec, reading and rate, and its CSV file."""

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rdpcodec.errors import ISSUE, InputError, UsageError
from rdpcodec.files import write_atomic

Key = tuple[str, str, str, str, float]
_TEXT = ("picture", "codec", "prior", "reading", "version")


@dataclass(frozen=True)
class Row:
    """One line; a number that nobody measured is None.

    Attributes:
        bpp_asked: The rate asked for, in bits per pixel.
        bytes: The whole file.
        bpp: The rate of the whole file.
        encode_seconds: One encode at the setting found.
        decode_seconds: From the file to this reading alone.
        encode_peak_mib: Most memory of the whole process while it encoded.
        decode_peak_mib: The same while it decoded.
        layers: Of an .rdp file.
        coded_over_kl: Bits of an .rdp file's layers over their KL divergence.
        version: The package that did the work.
    """

    picture: str
    codec: str
    prior: str
    reading: str
    bpp_asked: float
    bytes: float
    bpp: float
    psnr: float | None = None
    ms_ssim: float | None = None
    lpips: float | None = None
    ssimulacra2: float | None = None
    frechet: float | None = None
    encode_seconds: float | None = None
    decode_seconds: float | None = None
    encode_peak_mib: float | None = None
    decode_peak_mib: float | None = None
    layers: float | None = None
    coded_over_kl: float | None = None
    version: str = ""

    @property
    def key(self) -> Key:
        """What makes a line the same measurement as another."""
        return self.picture, self.codec, self.prior, self.reading, self.bpp_asked

    @property
    def label(self) -> str:
        """The codec with its prior and its reading, as tables and plots call it."""
        return " ".join(part for part in (self.codec, self.prior, self.reading) if part)

    def value(self, column: str) -> float | None:
        """Return a number by the name of its column."""
        found: float | None = getattr(self, column)
        return found


COLUMNS = tuple(field.name for field in fields(Row))


def read_rows(path: Path) -> list[Row]:
    """Return the lines of a CSV file.

    Raises:
        InputError: If it cannot be read.
        UsageError: If it is not such a table.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the table {path} cannot be read: {error}"
        raise InputError(ISSUE.INPUT_UNREADABLE, message) from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        found = ",".join(reader.fieldnames or ()) or "nothing"
        message = f"the columns of {path} are {found}, expected {','.join(COLUMNS)}"
        raise UsageError(ISSUE.INVALID_OPTION, message)
    try:
        return [_row(line) for line in reader]
    except (TypeError, ValueError) as error:
        message = f"line {reader.line_num} of {path} has a value that cannot be read: {error}"
        raise UsageError(ISSUE.INVALID_OPTION, message) from error


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Replace a CSV file as a whole.

    Raises:
        OutputError: If it cannot be written.
    """
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _text(value) for name, value in asdict(row).items()} for row in rows)
    write_atomic(path, stream.getvalue().encode())


def _row(line: dict[str, str]) -> Row:
    numbers = {name: float(text) for name, text in line.items() if name not in _TEXT and text != ""}
    return Row(**{name: line[name] for name in _TEXT}, **numbers)  # type: ignore[arg-type]


def _text(value: object) -> str:
    if isinstance(value, float):
        return format(value, ".7g")
    return "" if value is None else str(value)
