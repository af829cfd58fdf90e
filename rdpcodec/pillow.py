"""A plugin for Pillow: `import rdpcodec.pillow`, and Pillow opens and saves .rdp pictures.

    >>> import io
    >>> import rdpcodec.pillow
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.linear_gradient("L").resize((32, 24)).save(file, "RDP", bpp=3, prior="gaussian-1")
    >>> image = Image.open(file)
    >>> image.size, image.mode, image.format
    ((32, 24), 'L', 'RDP')
    >>> image.rho = 0.2
    >>> image.getpixel((0, 23)) > image.getpixel((0, 0))
    True

Opening parses a file and decodes nothing; the codec is loaded with the pixels.
"""

import dataclasses
import io
from collections.abc import Callable
from typing import IO, Any, BinaryIO, TypeVar, cast

from PIL import Image, ImageFile, UnidentifiedImageError

from rdpcodec import schedule
from rdpcodec.container import (
    SIGNATURE,
    Header,
    RdpFile,
    parse,
    unpack_alpha,
    unpack_icc,
    unpack_metadata,
    unpack_rho,
)
from rdpcodec.container.layout import EXIF, XMP
from rdpcodec.errors import InputError, RdpError
from rdpcodec.files import read_stream
from rdpcodec.limits import DEFAULT
from rdpcodec.options import DEFAULT_RECONSTRUCTION, DEFAULT_RHO, DecodeOptions, EncodeOptions

FORMAT, MIME = "RDP", "image/x-rdp"
_EXIF_PREFIX = b"Exif\0\0"  # as in JPEG; Pillow expects it
_OPTIONS = frozenset(field.name for field in dataclasses.fields(EncodeOptions))
# What Pillow itself or an image hands on; the pixels that are encoded have it already, or it is
# of other formats.
_PASSED_ON = frozenset({"icc_profile", "exif", "xmp", "dpi", "save_all", "append_images"})
_Result = TypeVar("_Result")


class RdpImageFile(ImageFile.ImageFile):
    """An .rdp picture; how it is read may be changed until its pixels are loaded.

    Attributes:
        rho: From 0, least error, to 1, full realism; at first the file's hint, else 0.5.
        reconstruction: `geodesic` or `ode`.
        layers: How many of the layers, from the coarsest, the picture is made of.
        prior: Where to take the prior from, if it is not built in.
    """

    format = FORMAT
    format_description = "rdpcodec picture"

    rho: float
    reconstruction: str
    layers: int
    prior: str | None

    def _open(self) -> None:
        """Parse the file; no pixel is decoded.

        Raises:
            OSError: If it is damaged.
        """
        partial = ImageFile.LOAD_TRUNCATED_IMAGES
        self._data = _as_pillow(lambda: read_stream(cast(BinaryIO, self.fp), DEFAULT))
        file = _as_pillow(lambda: parse(self._data, allow_partial=partial))
        self.info.update(_as_pillow(lambda: _metadata(file)))
        hint = unpack_rho(file.ancillary)
        self._size = (file.header.width, file.header.height)
        self._mode = _as_pillow(lambda: _mode(file))
        self._header = file.header
        self.rho = DEFAULT_RHO if hint is None else hint
        self.reconstruction, self.prior = DEFAULT_RECONSTRUCTION, None
        self.layers = file.layers_whole
        self.tile = [ImageFile._Tile("raw", (0, 0, *self._size), 0, self._mode)]  # noqa: SLF001
        self._decoded = False

    def draft(
        self, mode: str | None, size: tuple[int, int] | None
    ) -> tuple[str, tuple[int, int, float, float]] | None:
        """Take no more layers than a picture that will be reduced to a size can show.

        Averaging s x s pixels takes noise down to 1/s: layers are left out where that is below
        the noise which the file ends at.

        Args:
            mode: Not looked at.
            size: The width and height that the picture will be reduced to.

        Returns:
            The mode and the box of the whole picture, whose size does not change; None if nothing
            is left out.
        """
        del mode
        if self._decoded or size is None:
            return None
        times = max(1.0, min(self.width / max(1, size[0]), self.height / max(1, size[1])))
        enough = _enough(self._header, self.layers, times)
        if enough == self.layers:
            return None
        self.layers = enough
        return self.mode, (0, 0, *self.size)

    def load(self) -> Any:
        """Decode the picture, once; see `PIL.Image.Image.load`.

        Raises:
            OSError: If it cannot be decoded.
            ValueError: If an attribute is out of range.
        """
        if not self._decoded and self.tile:
            pixels = _as_pillow(self._decode)
            if self.fp is not None and self._exclusive_fp:
                self.fp.close()
            self.fp = io.BytesIO(pixels)
            self._decoded, self._data = True, b""
        return super().load()

    def load_seek(self, pos: int) -> None:
        """Do nothing: the pixels are in memory."""

    def _decode(self) -> bytes:
        from rdpcodec import codec  # noqa: PLC0415 - loads the codec
        from rdpcodec.images import samples  # noqa: PLC0415 - loads numpy

        partial = ImageFile.LOAD_TRUNCATED_IMAGES
        options = DecodeOptions(
            rho=self.rho,
            reconstruction=self.reconstruction,
            layers=self.layers,
            prior=self.prior,
            allow_partial=partial,
            depth=8,
        )
        return samples(codec.open_as(self._data, options).at())


def thumbnail_png(data: bytes, size: int) -> bytes:
    """Return a small picture as PNG, of no more layers than it can show.

    Args:
        data: An .rdp file.
        size: The longer side, pixels; a smaller picture keeps its size.

    Raises:
        RdpError: As `rdpcodec.open` and `Received.at`.
    """
    out = io.BytesIO()
    try:
        with cast(RdpImageFile, Image.open(io.BytesIO(data), formats=[FORMAT])) as image:
            image.rho = 0.0  # what rho adds is finer than what a small picture shows
            image.thumbnail((size, size), reducing_gap=1.0)
            image.save(out, "PNG")
    except UnidentifiedImageError:
        parse(data)  # says what the file is instead
        raise
    except OSError as error:
        raise error.__cause__ if isinstance(error.__cause__, RdpError) else error from None
    return out.getvalue()


def _metadata(file: RdpFile) -> dict[str, bytes]:
    """Return what Pillow's formats call `icc_profile`, `exif` and `xmp`."""
    exif = unpack_metadata(file.ancillary, EXIF)
    found = {
        "icc_profile": unpack_icc(file.ancillary),
        "exif": None if exif is None else _EXIF_PREFIX + exif,
        "xmp": unpack_metadata(file.ancillary, XMP),
    }
    return {name: value for name, value in found.items() if value is not None}


def _mode(file: RdpFile) -> str:
    grey, alpha = file.header.kind == "grey", unpack_alpha(file.ancillary, file.header)
    if alpha is None:
        return "L" if grey else "RGB"
    return "LA" if grey else "RGBA"


def _enough(header: Header, layers: int, times: float) -> int:
    """Return how many layers leave no more noise, averaged, than all of them at full size."""
    most = schedule.sigma(header.layers[layers - 1].t) * times
    return next(k for k, layer in enumerate(header.layers, 1) if schedule.sigma(layer.t) <= most)


def _as_pillow(read: Callable[[], _Result]) -> _Result:
    """Call a function of ours; what it refuses is an error as Pillow's users expect them."""
    try:
        return read()
    except InputError:
        raise
    except RdpError as error:
        raise OSError(f"{error.issue}: {error.message}") from error


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(SIGNATURE)


def _save(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Encode an image; the options are those of `rdpcodec.encode`.

    Raises:
        TypeError: If there is no such option.
        RdpError: As `rdpcodec.encode`.
    """
    del filename
    from rdpcodec import codec  # noqa: PLC0415 - loads the codec

    given = dict(im.encoderinfo)
    if unknown := given.keys() - _OPTIONS - _PASSED_ON:
        message = f"unknown option {min(unknown)!r}, expected one of {', '.join(sorted(_OPTIONS))}"
        raise TypeError(message)
    options = {name: value for name, value in given.items() if name in _OPTIONS}
    fp.write(codec.encode(im, **options))


Image.register_open(FORMAT, RdpImageFile, _accept)
Image.register_save(FORMAT, _save)
Image.register_extension(FORMAT, ".rdp")
Image.register_mime(FORMAT, MIME)
