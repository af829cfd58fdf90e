"""The pictures of a folder: which files are measured, what the table calls them, their pixels."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import numpy as np

from rdpcodec.bench.base import Pixels
from rdpcodec.errors import ISSUE, ImageError, InputError, LimitError
from rdpcodec.images import at_depth, read_picture

Note = Callable[[str], None]
Progress = Callable[[str, int, int], None]

# Names that promise a picture. Every other file is tried as well, but is no loss.
_PROMISING = re.compile(
    r"\.(avif|bmp|dds|gif|hei[cf]|ico|jfif|jp2|jpe?g|jxl|mpo|a?png|p[bgnp]m|qoi|tga|tiff?|webp)",
    re.IGNORECASE,
)
_CROPPED = re.compile(r".*@(\d+)", re.DOTALL)


@dataclass
class Found:
    """What lies in a folder.

    Attributes:
        pictures: The files that can be read, by the name that the table gives them.
        refused: The names of the files that should be pictures and cannot be measured.
    """

    pictures: dict[str, Path]
    refused: list[str] = field(default_factory=list)


def find_pictures(folder: Path, note: Note, progress: Progress | None = None) -> Found:
    """Try every file of a folder but the hidden ones.

    Args:
        folder: Its folders are left alone.
        note: Told in a sentence of each file that cannot be measured.
        progress: Called with the file looked at, the number of files done and of all.

    Returns:
        The pictures, in the order of their file names, and what was refused.

    Raises:
        InputError: If the folder cannot be read or nothing in it can.
    """
    files, readable, refused, strangers = _files(folder), [], [], []
    for done, file in enumerate(files):
        if progress is not None:
            progress(f"looking at {_shown(file)}", done, len(files))
        error = _refusal(file)
        if error is None:
            readable.append(file)
        elif _PROMISING.fullmatch(file.suffix):
            refused.append(_shown(file))
            note(f"{_shown(file)} is left out: {error}")
        else:
            strangers.append(_shown(file))
    if strangers:
        note(f"no pictures, left out: {', '.join(strangers)}")
    if not readable:
        raise InputError(ISSUE.INPUT_UNREADABLE, f"{folder} holds no picture that can be read")
    names = unique_names([_shown(file) for file in readable])
    return Found(dict(zip(names, readable, strict=True)), refused)


def unique_names(files: Sequence[str]) -> list[str]:
    """Return a name for each of some files of one folder, no two of them the same.

    Args:
        files: Their file names.

    Returns:
        The stem, or the file name where another file could be meant by the stem, or where it
        looks like the name of a crop.
    """
    stems, taken = Counter(PurePath(file).stem for file in files), set(files)

    def name(file: str) -> str:
        stem = PurePath(file).stem
        alone = stems[stem] == 1 and (stem == file or stem not in taken)
        return stem if alone and crop_of(stem) is None else file

    return [name(file) for file in files]


def cropped_name(name: str, side: int | None) -> str:
    """Return what the table calls the middle of a picture, of this side; None is all of it."""
    return name if side is None else f"{name}@{side}"


def crop_of(name: str) -> int | None:
    """Return the side in a name that `cropped_name` has made, None if it is of a whole picture."""
    found = _CROPPED.fullmatch(name)
    return int(found[1]) if found else None


def read_pixels(path: Path, crop: int | None) -> Pixels:
    """Return the pixels of a picture, or of its middle, (H, W, 3); grey gets three channels.

    Raises:
        InputError: If the file is missing or may not be read.
        ImageError: If it is damaged or of an unknown format, or has what the format does not carry.
        LimitError: If a limit is hit.
    """
    pixels = _read(path)
    if crop is not None:
        top, left = (max(0, (side - crop) // 2) for side in pixels.shape[:2])
        pixels = np.ascontiguousarray(pixels[top : top + crop, left : left + crop])
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def _files(folder: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        message = f"the directory {folder} cannot be read: {error.strerror}"
        raise InputError(ISSUE.INPUT_UNREADABLE, message) from error
    return [path for path in found if not path.name.startswith(".") and not path.is_dir()]


def _refusal(file: Path) -> str | None:
    """Return why a file cannot be measured, None if it can."""
    if file.exists() and not file.is_file():  # reading a pipe would wait for ever
        return "it is neither a file nor a link to one"
    try:
        _read(file)
    except (ImageError, InputError, LimitError) as error:
        return str(error)
    return None


def _read(file: Path) -> Pixels:
    """Return the pixels of a picture that every codec of the table takes."""
    picture, _ = read_picture(file, opaque=True)
    if picture.depth != 8:
        message = f"the image has {picture.depth}-bit samples, expected 8-bit samples"
        raise ImageError(ISSUE.IMAGE_UNSUPPORTED, message)
    return at_depth(picture.pixels, 8)


def _shown(file: Path) -> str:
    """Return the name of a file as UTF-8 can hold it."""
    return file.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
