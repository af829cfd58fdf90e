"""One file: a path or address in, one out, options, and a record of what became of it.

Nothing here knows of processes, so that whatever spreads the work calls the same functions.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from io import BytesIO

from rdpcodec import codec
from rdpcodec.batch.jobs import Job
from rdpcodec.batch.record import Record
from rdpcodec.container import unpack_alpha, unpack_icc
from rdpcodec.errors import ISSUE, RdpError, TruncatedError, WorkerLostError, of_machine
from rdpcodec.files import Place, prepare_place, read_place, read_stream, write_place
from rdpcodec.images import (
    check_format,
    depth_for,
    encode_picture,
    not_held,
    on_colour,
    read_picture,
    source_limits,
)
from rdpcodec.limits import Limits
from rdpcodec.options import DecodeOptions, EncodeOptions

Done = frozenset[tuple[str, str]]

_NOTHING: Done = frozenset()
_OF_THE_RUN = ("limits", "progress", "threads")  # no output depends on them


@dataclass(frozen=True)
class Compressing:
    """Compresses one picture after the other.

    Attributes:
        encode: The options; `prior` is a name, `progress` is None.
        done: Hashes of inputs and outputs that need no work; see `record.read_done`.
    """

    encode: EncodeOptions
    done: Done = _NOTHING
    command = "compress"

    @property
    def options(self) -> dict[str, object]:
        """What an output depends on."""
        return _plain(self.encode)

    @property
    def threads(self) -> int | None:
        """How many threads it may use."""
        return self.encode.threads

    def __call__(self, job: Job, data: bytes | None = None) -> Record:
        """Do one job."""
        return compress_file(job.source, job.out, self, data)


@dataclass(frozen=True)
class Decompressing:
    """Decompresses one file after the other.

    Attributes:
        decode: The options; `progress` is None, `rho` a number or None.
        suffix: The extension that names the format of the outputs.
        drop_profile: Leave the ICC profile out.
        background: The colour that transparent pictures are laid on; None to keep alpha.
        done: As in `Compressing`.
    """

    decode: DecodeOptions
    suffix: str = ".png"
    drop_profile: bool = False
    background: str | None = None
    done: Done = _NOTHING
    command = "decompress"

    @property
    def options(self) -> dict[str, object]:
        """What an output depends on."""
        return {
            **_plain(self.decode),
            "format": self.suffix.removeprefix("."),
            "drop_profile": self.drop_profile,
            "background": self.background,
        }

    @property
    def threads(self) -> int | None:
        """How many threads it may use."""
        return self.decode.threads

    def __call__(self, job: Job, data: bytes | None = None) -> Record:
        """Do one job."""
        return decompress_file(job.source, job.out, self, data)


Work = Compressing | Decompressing


def compress_file(
    source: Place, out: Place, work: Compressing, data: bytes | None = None
) -> Record:
    """Compress an image file to an .rdp file, whose folder is made if it is missing.

    Args:
        source: The image file.
        out: Appears whole or not at all.
        work: How.
        data: The content of the image file, if it has been read already.

    Returns:
        The record; of a failure too.
    """

    def make(data: bytes, record: Record) -> tuple[bytes, Record]:
        picture, notes = read_picture(
            data, allow_damaged=work.encode.allow_damaged, frame=work.encode.frame
        )
        encoded = codec.encode_as(picture, work.encode)
        record = replace(record, notes=tuple(notes), report=encoded.report.to_json())
        return encoded.data, replace(record, width=picture.width, height=picture.height)

    return _do(Job(source, out), work, _Input(source_limits(work.encode.limits), data), make)


def decompress_file(
    source: Place, out: Place, work: Decompressing, data: bytes | None = None
) -> Record:
    """Decompress an .rdp file to an image file; arguments and record as for `compress_file`."""

    def make(data: bytes, record: Record) -> tuple[bytes, Record]:
        received = codec.open_as(data, work.decode)
        header = received.header
        has_profile = unpack_icc(received.file.ancillary) is not None and not work.drop_profile
        check_format(
            work.suffix,
            header.width,
            header.height,
            header.channels,
            profile=has_profile,
            alpha=unpack_alpha(received.file.ancillary, header) is not None and not work.background,
        )
        meant = work.decode.depth or header.depth
        picture = received.at(depth=depth_for(work.suffix, work.decode.depth, meant))
        if work.drop_profile:
            picture = replace(picture, icc=None)
        if work.background is not None:
            picture = on_colour(picture, work.background)
        lost = not_held(work.suffix, picture, meant)
        notes = (f"{work.suffix} is written without {' and '.join(lost)}",) if lost else ()
        record = replace(record, width=header.width, height=header.height, notes=notes)
        return encode_picture(picture, work.suffix), record

    return _do(Job(source, out), work, _Input(work.decode.limits, data), make)


def lost(work: Work, job: Job, exit_code: int | None) -> Record:
    """Return the record of a job whose process has ended in the middle of it.

    Args:
        work: How it was done.
        job: The job.
        exit_code: Of the process; negative for the number of a signal, None if nobody knows.
    """
    memory = "as systems do that run out of memory: fewer --jobs need less"
    if exit_code is None:
        how = f"was lost whenever it was tried, {memory}"
    elif exit_code < 0:
        how = f"was killed by signal {-exit_code}, {memory}"
    else:
        how = f"ended with code {exit_code}"
    message = f"the process that worked on it {how}"
    return _failed(_begun(job, work), WorkerLostError(ISSUE.WORKER_LOST, message))


@dataclass(frozen=True)
class _Input:
    """The limits of an input, and its content if somebody has read it."""

    limits: Limits
    data: bytes | None

    def read(self, source: Place) -> bytes:
        if self.data is None:
            return read_place(source, self.limits)
        return read_stream(BytesIO(self.data), self.limits)


def _do(
    job: Job,
    work: Work,
    given: _Input,
    make: Callable[[bytes, Record], tuple[bytes, Record]],
) -> Record:
    start, record = time.perf_counter(), _begun(job, work)
    try:
        data = given.read(job.source)
        record = replace(record, in_bytes=len(data), in_sha256=_sha256(data))
        record = _kept(record, job, work.done) or _write(record, job, make, data)
    except Exception as error:
        known = error if isinstance(error, RdpError) else of_machine(error)
        if known is None:
            raise
        record = _failed(record, known)
    return replace(record, seconds=round(time.perf_counter() - start, 3))


def _kept(record: Record, job: Job, done: Done) -> Record | None:
    """Return the record of an output that needs no work, None if it does."""
    if not done or not job.out.is_file():
        return None
    there = job.out.read_bytes()
    if (record.in_sha256, before := _sha256(there)) not in done:
        return None
    return replace(record, status="kept", out_bytes=len(there), out_sha256=before)


def _write(
    record: Record, job: Job, make: Callable[[bytes, Record], tuple[bytes, Record]], data: bytes
) -> Record:
    prepare_place(job.out)
    made, record = make(data, record)
    write_place(job.out, made)
    return replace(record, out_bytes=len(made), out_sha256=_sha256(made))


def _begun(job: Job, work: Work) -> Record:
    return Record(
        command=work.command,
        status="done",
        source=str(job.source),
        out=str(job.out),
        options=work.options,
    )


def _failed(record: Record, error: RdpError) -> Record:
    hint = ""
    if isinstance(error, TruncatedError) and error.layers_whole:
        hint = "; --allow-partial reads these"
    told = {"id": str(error.issue), "message": f"{error.message}{hint}"}
    return replace(record, status="failed", error=told)


def _plain(options: EncodeOptions | DecodeOptions) -> dict[str, object]:
    values: Mapping[str, object] = {f.name: getattr(options, f.name) for f in fields(options)}
    return {k: v for k, v in values.items() if k not in _OF_THE_RUN and v is not None}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
