"""What became of one file: a line of JSON, as spec/batch.schema.json describes it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from rdpcodec import __version__

Status = Literal["done", "kept", "failed", "left out"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of one file.

    Attributes:
        command: `compress` or `decompress`.
        status: `kept` is an output that an earlier run had made of this input in the same way;
            `left out` is a file of a folder that is not read.
        source: The input.
        out: The output; None for what is left out.
        in_bytes: Size of the input; None if it could not be read, as for all below.
        in_sha256: Its hash.
        out_bytes: Size of the output, None if there is none.
        out_sha256: Its hash.
        width: Pixels.
        height: Pixels.
        seconds: From reading the input to the output on the disk.
        options: All that the output depends on besides the input and the version.
        notes: Sentences about the picture, as of metadata that is dropped.
        report: As `compress --report` for one picture; None for other commands.
        error: `id` and `message` of a failure.
        version: Of this package.
    """

    command: str
    status: Status
    source: str
    out: str | None = None
    in_bytes: int | None = None
    in_sha256: str | None = None
    out_bytes: int | None = None
    out_sha256: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float = 0.0
    options: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    report: Mapping[str, object] | None = None
    error: Mapping[str, str] | None = None
    version: str = __version__

    def to_line(self) -> bytes:
        """Return the line, with its end."""
        return f"{json.dumps(asdict(self))}\n".encode()

    @classmethod
    def of_line(cls, line: str | bytes) -> "Record":
        """Return the record of a line that `to_line` of this version has made."""
        entry = json.loads(line)
        return cls(**{**entry, "notes": tuple(entry["notes"])})


def read_done(
    lines: Iterable[bytes], command: str, options: Mapping[str, object]
) -> frozenset[tuple[str, str]]:
    """Return what earlier runs of this version have made in the same way.

    Args:
        lines: Of a report; what is no record, as the last line of a run that was killed, is
            passed over.
        command: The command.
        options: As in `Record`.

    Returns:
        The hashes of inputs and of their outputs.
    """
    wanted = (command, __version__, json.loads(json.dumps(dict(options))))
    found = set()
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if not isinstance(entry, dict) or entry.get("status") not in ("done", "kept"):
            continue
        if (entry.get("command"), entry.get("version"), entry.get("options")) == wanted:
            found.add((str(entry.get("in_sha256")), str(entry.get("out_sha256"))))
    return frozenset(found)
