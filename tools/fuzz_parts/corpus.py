"""What fuzzing begins with: the fixtures, small pictures in every format that is read, words."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from rdpcodec.container import SIGNATURE
from rdpcodec.container.prior_name import PRIOR_NUMBERS
from rdpcodec.images import encode_picture, picture_from
from rdpcodec.images.formats import FORMATS

ROOT = Path(__file__).parents[2]
_FIXTURE_BYTES_MAX = 1 << 14  # a longer one only takes longer
_FIRST = ("one-layer", "trellis-gaussian-rgb", "pfr-gaussian-rgb", "alpha-webp")
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
_IMAGE_WORDS = (
    b"IHDR", b"IDAT", b"IEND", b"iCCP", b"cHRM", b"gAMA", b"sRGB", b"cICP", b"eXIf", b"tRNS",
    b"PLTE", b"acTL", b"fcTL", b"iTXt", b"zTXt", b"caBX", b"VP8 ", b"VP8L", b"VP8X", b"ALPH",
    b"ANIM", b"ANMF", b"EXIF", b"XMP ", b"ICCP", b"Exif\0\0", b"II*\0", b"MM\0*", b"\xff\xd8",
    b"\xff\xe1", b"\xff\xc0", b"\xff\xc2", b"\xff\xda", b"\xff\xd9", b"ftyp", b"avif", b"meta",
    b"av1C", b"ispe", b"colr", b"nclx", b"jp2h", b"jp2c", b"acsp", b"rTRC", b"DX10",
)  # fmt: skip


def files() -> dict[str, bytes]:
    """Return the .rdp files of the fixtures, valid and invalid, by path."""
    paths = sorted((ROOT / "fixtures").glob("*valid/**/*.rdp"))
    found = {str(path.relative_to(ROOT / "fixtures")): path.read_bytes() for path in paths}
    return {name: data for name, data in found.items() if len(data) < _FIXTURE_BYTES_MAX}


def beginnings() -> list[bytes]:
    """Return the files, the valid ones many times: most changes to the others change no answer."""
    found = files()
    return [data for name, data in found.items() for _ in range(1 + 9 * name.startswith("valid"))]


def first(*, of_images: bool) -> list[bytes]:
    """Return inputs that have everything loaded and compiled, so that times after them tell."""
    if of_images:
        found, names = images(), ("PNG-RGBA", "PNG-L", "JPEG-RGB")
    else:
        found = files()
        names = tuple(f"valid/{name}/stream.rdp" for name in _FIRST)
    return [found[name] for name in names]


def images() -> dict[str, bytes]:
    """Return small pictures in every format that is read, with all that a file may hold."""
    found = {}
    for name in FORMATS:
        for mode in ("L", "RGB", "RGBA", "P", "LA", "1"):
            try:
                found[f"{name}-{mode}"] = _saved(name, mode)
            except (OSError, ValueError, KeyError):
                continue  # no such format has this mode, or this Pillow writes none
    found["TIFF-pages"] = _saved("TIFF", "L", save_all=True, append_images=[_picture("L")])
    found["JPEG-progressive"] = _saved("JPEG", "RGB", progressive=True)
    found["TIFF-deflate"] = _saved("TIFF", "RGB", compression="tiff_adobe_deflate")
    for channels in (1, 2, 3, 4):
        samples = np.random.default_rng(channels).integers(0, 65536, (9, 11, channels), np.uint16)
        for suffix in (".png", ".tif"):
            data = encode_picture(picture_from(samples), suffix)
            found[f"{suffix[1:].upper()}-16-bits-{channels}"] = data
    return found


def words() -> list[bytes]:
    """Return what means something in an .rdp file or in an image."""
    priors = [bytes([number]) for number in PRIOR_NUMBERS.values()]
    names = [b"\0\x0adiffusers:", b"diffusers:a/b", b"gaussian-1", b"latents-1"]
    return [SIGNATURE, *priors, *names, *_IMAGE_WORDS]


def dictionary() -> str:
    """Return the words as libFuzzer reads them."""
    lines = ("".join(f"\\x{byte:02x}" for byte in word) for word in words())
    return "".join(f'"{line}"\n' for line in lines)


def write(folder: Path, data: dict[str, bytes]) -> None:
    """Write inputs for libFuzzer to begin with."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in data.items():
        (folder / name.replace("/", "_")).write_bytes(content)


def _picture(mode: str) -> Image.Image:
    y, x = np.mgrid[0:11, 0:13]
    planes = [(x * 17 + y * k * 9) % 256 for k in range(4)]
    return Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8)).convert(mode)


def _saved(name: str, mode: str, **options: object) -> bytes:
    exif = Image.Exif()
    exif[271], exif[274], exif[306] = "maker", 6, "2026:01:01 00:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    held = {"exif": exif.tobytes(), "icc_profile": profile, "xmp": _XMP}
    if name in ("JPEG", "WEBP", "AVIF", "PNG"):
        options = {**held, **options}
    out = io.BytesIO()
    _picture(mode).save(out, name, **options)
    return out.getvalue()
