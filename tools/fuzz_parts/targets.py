"""What is asked of any bytes: a value or an error of the project, and what has to hold of values.

Each target takes any bytes. Whatever else it raises is a find.
"""

import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

import rdpcodec.pillow  # noqa: F401 - registers the plugin
from rdpcodec import cli, codec, container
from rdpcodec.channel import load_coder
from rdpcodec.container.layout import EXIF, XMP
from rdpcodec.errors import RdpError, TruncatedError
from rdpcodec.images import encode_picture, for_screen, read_picture
from rdpcodec.limits import Limits
from rdpcodec.options import DecodeOptions, EncodeOptions

SMALL = Limits(
    file_bytes=1 << 16, side=128, pixels=1 << 12, state=1 << 14, layers=256, chunks=64,
    ancillary_bytes=1 << 15, icc_bytes=1 << 15, prompt_bytes=1024,
)  # fmt: skip
PRIOR = "gaussian-1"
_CODES = (0, 2, 3, 4)  # fine, bad input, prior, limit


class BrokenPromiseError(Exception):
    """What holds of every file or picture does not hold of this one."""


def inspect(data: bytes) -> None:
    """Parse, whole and cut; describe; take the ancillary chunks; cut and build again."""
    for partial in (False, True):
        try:
            file = container.parse(data, limits=SMALL, allow_partial=partial)
        except TruncatedError:
            continue
        except RdpError:
            return
        json.dumps(container.describe(file, len(data)))
        container.unpack_rho(file.ancillary)
        container.unpack_icc(file.ancillary, limits=SMALL)
        container.unpack_alpha(file.ancillary, file.header)
        for kind in (EXIF, XMP):
            container.unpack_metadata(file.ancillary, kind, limits=SMALL)
        if not partial:
            _expect(container.build(file) == data, "a file is not built again as it was")
        shorter = container.build(file.truncated(max(1, file.layers_whole - 1)))
        container.parse(shorter, limits=SMALL)
        return


def verify(data: bytes) -> None:
    """Unpack the indices of every layer, and pack them again."""
    file = _parsed(data)
    if file is None:
        return
    coder = load_coder(file.header.coder, file.header.coder_parameter)
    for layer, step, bits in file.steps():
        with contextlib.suppress(RdpError):
            packed = coder.pack(coder.unpack(bits, step), step)
            _expect(packed == (bits, layer.bits), "a layer is not packed again as it was")


def decode(data: bytes) -> None:
    """Make pictures of a file, and image files of every kind of these."""
    file = _parsed(data)
    if file is None or file.header.prior_id != PRIOR:
        return
    options = DecodeOptions(limits=SMALL, allow_partial=True, evaluations=2, threads=1)
    with contextlib.suppress(RdpError):
        received = codec.open_as(data, options)
        for rho in (None, 1.0):
            picture = received.at(rho)
        size = (file.header.height, file.header.width)
        _expect(picture.pixels.shape[:2] == size, "a picture has another size than its header")
        for_screen(picture, 16)
        for suffix in (".png", ".webp", ".tif"):
            written = encode_picture(picture, suffix)
            with Image.open(io.BytesIO(written)) as image:
                _expect(image.size == size[::-1], f"{suffix} has another size than the picture")


def command(data: bytes) -> None:
    """Give a file to `inspect`, `verify`, `trim` and `decompress`: documented exit codes."""
    with tempfile.TemporaryDirectory() as folder:
        name, out = f"{folder}/in.rdp", Path(folder, "out")
        Path(name).write_bytes(data)
        reads = [["inspect", name], ["inspect", "--json", "--allow-partial", name]]
        if (file := _parsed(data)) is not None and file.header.prior_id == PRIOR:
            reads += [["verify", name], ["trim", name, f"{out}.rdp", "--layers", "1"],
                      ["decompress", name, f"{out}.png", "--evaluations", "2"]]  # fmt: skip
        for args in reads:
            code = _quietly(args)
            _expect(code in _CODES, f"the exit code of {args[0]} is {code}")
            _expect(not list(Path(folder).glob(".*")), "a temporary file is left behind")


def compress(data: bytes) -> None:
    """Take any bytes for an image file, and read the file that is made of it."""
    try:
        picture, _ = read_picture(data, SMALL, allow_damaged=True)
    except RdpError:
        return
    options = EncodeOptions(prior=PRIOR, limits=SMALL, t=3000, threads=1)
    with contextlib.suppress(RdpError):
        made = codec.encode_as(picture, options).data
        header = container.parse(made, limits=SMALL).header
        size = (header.width, header.height)
        _expect(size == (picture.width, picture.height), "a file has another size than its picture")


Target = Callable[[bytes], None]
OF_FILES: dict[str, Target] = {
    "inspect": inspect, "verify": verify, "decode": decode, "command": command
}  # fmt: skip
OF_IMAGES: dict[str, Target] = {"compress": compress}


def _parsed(data: bytes) -> container.RdpFile | None:
    try:
        return container.parse(data, limits=SMALL, allow_partial=True)
    except RdpError:
        return None


def _quietly(args: list[str]) -> int:
    """Return the exit code of the command line."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in before)
    try:
        return cli.main(args)
    finally:
        sys.stdout, sys.stderr = before


def _expect(holds: bool, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not holds:
        raise BrokenPromiseError(sentence)
