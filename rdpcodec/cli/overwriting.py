"""What a command does not replace unless it is told to: its inputs, and files of another kind."""

import contextlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from rdpcodec.cli.streams import is_stdout
from rdpcodec.container import KIND_RDP, kind_of
from rdpcodec.errors import ISSUE, OutputError, UsageError
from rdpcodec.files import same_file

_PROBE = 512
_IMAGE_SUFFIX = re.compile(
    r"\.(apng|arw|avif|bmp|cr2|cr3|dds|dng|exr|gif|hdr|hei[cf]|hif|ico|j2c|j2k|jfif|jp2|jpe|jpe?g|jxl"
    r"|mpo|nef|orf|p[bgnp]m|png|psd|qoi|raf|raw|rw2|svg|tga|tiff?|webp|xcf)",
    re.IGNORECASE,
)

Keep = Callable[[Path], str | None]


def check_overwriting(
    out: str, *, inputs: Mapping[str, str | None], keep: Keep, force: bool
) -> None:
    """Refuse to replace an input, or a file that somebody may want to keep.

    Args:
        out: The output, a path or `-`; already checked by `check_destination`.
        inputs: Files that the command reads, by the names of their arguments; None if not given.
        keep: Says what the existing file is if it is to be kept, with article.
        force: Replace it all the same.

    Raises:
        OutputError: If it would be replaced.
    """
    if force or is_stdout(out):
        return
    path = Path(out)
    role = _same(path, inputs)
    if role:
        raise _kept(f"the output {out} is {role} itself")
    found = keep(path) if path.is_file() else None
    if found:
        raise _kept(f"the output {out} exists and is {found}")


def check_apart(
    option: str,
    name: str,
    *,
    outputs: Mapping[str, str | None],
    inputs: Mapping[str, str | None],
) -> None:
    """Refuse two names for one file in one command.

    Args:
        option: The option that names an output.
        name: Its value, a path or `-`.
        outputs: The other outputs, by the names of their arguments; None if not given.
        inputs: The same for what the command reads; `-` is standard input there.

    Raises:
        UsageError: If one of them is the same file, by another name or through links.
    """
    if is_stdout(name):
        role = next((r for r, other in outputs.items() if other and is_stdout(other)), None)
    else:
        role = _same(Path(name), {**inputs, **outputs})
    if role:
        message = f"{role} and {option} are both {name}, expected two different files"
        raise UsageError(ISSUE.INVALID_OPTION, message)


def has_image_suffix(path: Path) -> bool:
    """Say whether a name has the extension of an image format, read here or not."""
    return _IMAGE_SUFFIX.fullmatch(path.suffix) is not None


def not_rdp(path: Path) -> str | None:
    """Keep what is no .rdp picture: images by content or extension, connection files.

    Args:
        path: An existing file.

    Returns:
        What it is, with article; None if it may be replaced.
    """
    found = _kind(path)
    if found == KIND_RDP:
        return None  # whatever its extension says
    if found is None and has_image_suffix(path):
        return f"an image, by its extension {path.suffix}"
    return found


def rdp(path: Path) -> str | None:
    """Keep .rdp pictures; arguments as for `not_rdp`."""
    return KIND_RDP if _kind(path) == KIND_RDP else None


def any_picture(path: Path) -> str | None:
    """Keep images and .rdp pictures; arguments as for `not_rdp`."""
    return rdp(path) or not_rdp(path)


def _kind(path: Path) -> str | None:
    with contextlib.suppress(OSError), path.open("rb") as file:  # may be written, not read
        return kind_of(file.read(_PROBE))
    return None


def _same(path: Path, others: Mapping[str, str | None]) -> str | None:
    for role, name in others.items():
        if name and not is_stdout(name) and same_file(path, Path(name)):
            return role
    return None


def _kept(found: str) -> OutputError:
    return OutputError(ISSUE.OUTPUT_NOT_WRITABLE, f"{found}; --force replaces it")
