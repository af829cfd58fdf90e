"""Image files and Python objects to pictures; nothing is lost without a refusal or a note."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from rdpcodec.errors import ISSUE, ImageError, RdpError
from rdpcodec.files import read_file
from rdpcodec.images.boxes import jpeg_scans
from rdpcodec.images.colour import choose_profile
from rdpcodec.images.conversion import CONVERTED, in_srgb_from
from rdpcodec.images.deep import INVISIBLE_NOTE, OPAQUE_NOTE, Deep, deep_of
from rdpcodec.images.depth import FORGETFUL, GREY_MODES, check_samples, icon_entries
from rdpcodec.images.formats import FORMATS, bomb, not_identified, unsupported
from rdpcodec.images.frames import choose_frame
from rdpcodec.images.kept import kept_exif, kept_xmp
from rdpcodec.images.metadata import apply_orientation, note_metadata
from rdpcodec.images.picture import Picture, Pixels
from rdpcodec.images.resolution import told_resolution
from rdpcodec.images.source import is_closed, source_of
from rdpcodec.limits import DEFAULT, Limits

SOURCE_BYTES_PER_PIXEL = 8  # an uncompressed 16-bit RGBA source is still opened and named
JPEG_SCANS_MAX = 128  # programs write some 10; each takes a few bytes and the time of the picture
_UNUSED_ALPHA = ("BMP", "TGA")  # programs write 0 into the fourth byte
_OPAQUE = 255
_TRUNCATED = "image file is truncated"  # begins what Pillow says
_CLOSED = "the Pillow image is closed, expected one that is open or was loaded before"
_LACKS_END = (
    "the JPEG lacks its end, expected a whole file; "
    "--allow-damaged (allow_damaged=True in Python) reads what is there"
)
_END_OF_JPEG = b"\xff\xd9"


def read_picture(
    source: bytes | Path,
    limits: Limits = DEFAULT,
    *,
    allow_damaged: bool = False,
    frame: int | None = None,
    opaque: bool = False,
) -> tuple[Picture, list[str]]:
    """Read an image file.

    Args:
        source: Its path, or its content.
        limits: What to accept; sides and pixels are checked before pixels are decoded.
        allow_damaged: Read a JPEG that lacks its end.
        frame: Which frame or page of several to take, 1 for the first.
        opaque: Refuse a picture with transparent pixels.

    Returns:
        The picture, upright, and one note for each thing that was applied or left out.

    Raises:
        InputError: If the file is missing or may not be read.
        ImageError: If it is damaged or of an unknown format, or has what the format does not carry.
        LimitError: If a limit is hit.
    """
    data = read_file(source, source_limits(limits)) if isinstance(source, Path) else source
    if not data:
        raise ImageError(ISSUE.IMAGE_UNREADABLE, "the file is empty, expected an image")
    try:
        picture, notes = _read(data, limits, frame)
    except ImageError as error:
        if error.message != _LACKS_END or not allow_damaged:
            raise
        picture, notes = _read(data + _END_OF_JPEG, limits, frame)
        notes = [*notes, "the JPEG lacks its end; what is missing was filled in"]
    if opaque and picture.alpha is not None:
        raise unsupported("the image has transparent pixels (alpha)", "an opaque picture")
    return picture, notes


def _read(data: bytes, limits: Limits, frame: int | None) -> tuple[Picture, list[str]]:
    with _pillow(), _open(data, limits) as image:
        check_samples(image, data)
        return _convert(image, data, limits, frame)


def _open(data: bytes, limits: Limits) -> Image.Image:
    """Open a file and check its size; an icon is decoded as it is opened, so it is looked into."""
    if data.startswith(b"\0\0\1\0"):
        for width, height, _ in icon_entries(data):
            _check_size(width, height, limits)
    try:
        image = Image.open(io.BytesIO(data), formats=list(FORMATS))
    except UnidentifiedImageError as error:
        raise not_identified(data) from error
    _check_size(image.width, image.height, limits)
    if image.format in ("JPEG", "MPO") and jpeg_scans(data, JPEG_SCANS_MAX + 1) > JPEG_SCANS_MAX:
        raise unsupported(f"the JPEG has more than {JPEG_SCANS_MAX} scans", "fewer")
    return image


def source_limits(limits: Limits = DEFAULT) -> Limits:
    """Return limits for the size of an image file, which may hold uncompressed pixels.

    Args:
        limits: What to accept.

    Returns:
        The same with a larger `file_bytes`.
    """
    return replace(limits, file_bytes=limits.file_bytes + SOURCE_BYTES_PER_PIXEL * limits.pixels)


def picture_from(
    image: object,
    limits: Limits = DEFAULT,
    *,
    allow_damaged: bool = False,
    frame: int | None = None,
) -> Picture:
    """Return the picture in an object of Python.

    Args:
        image: A `Picture`, a Pillow image, a uint8 or uint16 array (H, W) or (H, W, C), or the
            path or the content of an image file. One or two channels are grey, two and four end
            in alpha. The file of a Pillow image is checked as if it had been given itself; a copy
            of an image has no file and is taken as it is.
        limits: What to accept.
        allow_damaged: Read a JPEG that lacks its end.
        frame: Which frame or page of a file of several to take, 1 for the first.

    Returns:
        The picture; with EXIF and XMP if it has them.

    Raises:
        ImageError: If it has what the format does not carry.
        LimitError: If a limit is hit.
        TypeError: If it is something else, or an array that is neither uint8 nor uint16.
        ValueError: If the shape of an array is wrong.
    """
    if isinstance(image, Path | str | bytes):
        source = Path(image) if isinstance(image, str) else image
        return read_picture(source, limits, allow_damaged=allow_damaged, frame=frame)[0]
    if isinstance(image, Image.Image):
        return _from_pillow(image, limits, frame, allow_damaged=allow_damaged)
    picture = image if isinstance(image, Picture) else _from_array(image)
    _check_size(picture.width, picture.height, limits)
    return picture


def _from_array(image: object) -> Picture:
    if not isinstance(image, np.ndarray):
        expected = (
            "a Picture, a Pillow image, a uint8 or uint16 array, or the path or bytes of a file"
        )
        raise TypeError(f"the image is a {type(image).__name__}, expected {expected}")
    alpha = None
    if image.ndim == 3 and image.shape[2] in (2, 4):
        image, alpha = image[:, :, :-1], np.ascontiguousarray(image[:, :, -1])
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    return Picture(np.ascontiguousarray(image), alpha=alpha)


def _from_pillow(
    image: Image.Image, limits: Limits, frame: int | None, *, allow_damaged: bool
) -> Picture:
    """Check the file behind an image, then take the pixels of the image itself."""
    if is_closed(image):
        raise ImageError(ISSUE.IMAGE_UNREADABLE, _CLOSED)
    _check_size(image.width, image.height, limits)
    data = source_of(image, source_limits(limits))
    if data is None and image.format in FORGETFUL and not image.mode.startswith("I;16"):
        found = f"the file of the loaded {image.format} image is gone, so its depth is unknown"
        raise unsupported(found, "the file, or image.copy() for the 8-bit pixels as they are")
    if data is not None and allow_damaged and getattr(image, "tile", None):
        return read_picture(data, limits, allow_damaged=True, frame=frame)[0]
    with _pillow():
        if data is not None:
            with _open(data, limits) as file:
                check_samples(file, data)
        check_samples(image, data)
        return _convert(image, data, limits, frame)[0]


def _convert(
    image: Image.Image, data: bytes | None, limits: Limits, frame: int | None
) -> tuple[Picture, list[str]]:
    """Take the picture out of a Pillow image whose samples are checked, cheapest steps first."""
    notes: list[str] = []
    choose_frame(image, data, frame, notes)
    _check_size(image.width, image.height, limits)
    check_samples(image, data)  # those of the chosen page
    deep = deep_of(image, data)
    grey = image.mode in GREY_MODES if deep is None else deep.grey
    mode = "L" if grey else "RGB"
    icc = None
    if image.mode not in CONVERTED:
        icc = choose_profile(image, data, mode, limits, notes)
    _load(image)
    resolution = told_resolution(image)
    note_metadata(image, data, notes)
    upright = apply_orientation(image, notes)
    exif = kept_exif(upright, resolution, notes)
    if deep is None:
        colours, alpha = _split_alpha(upright, image.format, notes)
        if image.mode in CONVERTED:
            colours = in_srgb_from(colours, image.info.get("icc_profile", b""), notes)
        pixels = np.array(colours.convert(mode))
    else:
        pixels, alpha = deep.split(upright, _upright_low(deep), notes)
    return Picture(pixels, icc, alpha, exif, kept_xmp(upright)), notes


def _upright_low(deep: Deep) -> Image.Image | None:
    """Return the other bytes of an image of 16 bits, turned as the image itself was."""
    if deep.low is None:
        return None
    _load(deep.low)
    return apply_orientation(deep.low, [])


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except OSError as error:
        if image.format not in ("JPEG", "MPO") or not str(error).startswith(_TRUNCATED):
            raise
        raise ImageError(ISSUE.IMAGE_UNREADABLE, _LACKS_END) from error


def _check_size(width: int, height: int, limits: Limits) -> None:
    limits.check("side", width, "the width of the image")
    limits.check("side", height, "the height of the image")
    limits.check("pixels", width * height, "the number of pixels of the image")


def _split_alpha(
    image: Image.Image, file_format: str | None, notes: list[str]
) -> tuple[Image.Image, Pixels | None]:
    """Return the colours, and the alpha if it says anything."""
    if not image.has_transparency_data:
        return image, None
    full = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    least, most = full.getchannel("A").getextrema()
    if most == 0 and file_format in _UNUSED_ALPHA:
        notes.append(
            f"the alpha channel is 0 everywhere, unused as often in {file_format}: dropped"
        )
        return full.convert("RGB"), None
    if least == _OPAQUE:
        notes.append(OPAQUE_NOTE)
        return full.convert("RGB"), None
    if least == 0:
        notes.append(INVISIBLE_NOTE)
    return full.convert("RGB"), np.array(full.getchannel("A"))


@contextmanager
def _pillow() -> Iterator[None]:
    """Turn whatever Pillow raises on a damaged file into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (RdpError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise bomb(error) from error
    except Exception as error:  # Pillow's parsers raise anything on damaged files
        closed = str(error) == "Operation on closed image"
        message = (
            _CLOSED if closed else f"the image is damaged: {str(error) or type(error).__name__}"
        )
        raise ImageError(ISSUE.IMAGE_UNREADABLE, message) from error
