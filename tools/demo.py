"""Compress a photo, explain the file, read it at several rho and put the results side by side.

    tools/demo [PHOTO] [--bpp B] [--out DIRECTORY]

Without PHOTO it takes a Kodak picture from ../shared/data/kodak or, where that is missing, draws
one. It runs the public commands and calls the public `decode` once for every rho.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

from rdpcodec import decode, load_prior
from rdpcodec.cli.progress import progress
from rdpcodec.container import parse
from rdpcodec.errors import RdpError
from rdpcodec.images import Picture, png_bytes, read_picture
from rdpcodec.metrics import psnr
from rdpcodec.priors.memo import MemoPrior

KODAK = Path(__file__).parents[2] / "shared" / "data" / "kodak" / "kodim23.webp"
RHOS = (0.0, 0.3, 0.5, 1.0)
ON_SHEET = (0.0, 0.3, 1.0)
SIDE_MAX_PX = 768
TILE_PX = 480
GAP_PX = 16
LABEL_PX = 26
CROP_SHARE = 4
INK, PAPER, MARK = (235, 235, 235), (24, 24, 24), (255, 210, 0)


@dataclass(frozen=True)
class Reading:
    """The file read at one rho."""

    rho: float
    picture: Picture
    psnr_db: float
    seconds: float


def main() -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", type=Path, metavar="PHOTO", help="any 8-bit image")
    parser.add_argument("--bpp", type=float, default=0.25, help="bits per pixel (default 0.25)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="directory (default ./out)")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        run(options.photo, options.bpp, options.out)
    except RdpError as error:
        print(f"tools/demo: {error}", file=sys.stderr)
        return error.exit_code
    except subprocess.CalledProcessError as error:  # the command has said why
        return error.returncode
    print(f"took {time.monotonic() - started:.0f} s")
    return 0


def run(photo: Path | None, bpp: float, out: Path) -> None:
    """Compress, inspect, read and compare.

    Args:
        photo: The picture; None for one that is at hand.
        bpp: Bits per pixel of the file.
        out: Where results go.
    """
    out.mkdir(parents=True, exist_ok=True)
    source = choose(photo, out)
    original = read_picture(source)[0]
    file = out / f"{source.stem}.rdp"
    rdpcodec("compress", str(source), str(file), "--bpp", str(bpp))
    rdpcodec("inspect", str(file))
    readings = read(file, original)
    show_table(file, original, readings)
    sheet = out / f"{source.stem}-sheet.png"
    draw_sheet(original, [r for r in readings if r.rho in ON_SHEET], file).save(
        sheet, icc_profile=original.icc
    )
    print(f"side by side: {sheet}\nany other rho: rdpcodec view {file} --rho 0.7")


def choose(photo: Path | None, out: Path) -> Path:
    """Return the picture to compress, a smaller copy of it if it is large."""
    source = photo or (KODAK if KODAK.is_file() else None)
    if source is None:
        source = out / "drawn.png"
        source.write_bytes(png_bytes(Picture(landscape(288, 432))))
        print(f"no photo given and no Kodak picture at hand: {source} is drawn")
    picture = read_picture(source)[0]
    largest = max(picture.width, picture.height)
    if largest <= SIDE_MAX_PX:
        return source
    size = [max(1, round(n * SIDE_MAX_PX / largest)) for n in (picture.width, picture.height)]
    scaled = Image.fromarray(picture.pixels).resize((size[0], size[1]), Image.Resampling.LANCZOS)
    small = out / f"{source.stem}-small.png"
    small.write_bytes(png_bytes(replace(picture, pixels=np.asarray(scaled))))
    print(
        f"{picture.width} x {picture.height} pixels would take minutes: the demo uses a copy of "
        f"{size[0]} x {size[1]}\nfull size: rdpcodec compress {source} photo.rdp"
    )
    return small


def rdpcodec(*arguments: str) -> None:
    """Run a command as a user would."""
    print("\n$ rdpcodec", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "rdpcodec", *arguments], check=True)


def read(file: Path, original: Picture) -> list[Reading]:
    """Read the file at every rho."""
    data = file.read_bytes()
    prior = MemoPrior(load_prior(parse(data).header.prior_id))
    readings = []
    for rho in RHOS:
        print(f"\n$ rdpcodec view {file} --rho {rho:g}", flush=True)
        started = time.monotonic()
        with progress("decoding", quiet=False) as shown:
            picture = decode(data, rho=rho, prior=prior, progress=shown)
        seconds = time.monotonic() - started
        readings.append(Reading(rho, picture, psnr(original.pixels, picture.pixels), seconds))
        print(f"rho {rho:g}: {readings[-1].psnr_db:.2f} dB in {seconds:.1f} s", flush=True)
    return readings


def show_table(file: Path, original: Picture, readings: list[Reading]) -> None:
    """Print rho against PSNR and size."""
    size = file.stat().st_size
    bpp = 8 * size / (original.width * original.height)
    table = Table("rho", "PSNR", "bytes", "bits per pixel", title=f"{file}: one file, any rho")
    for r in readings:
        table.add_row(f"{r.rho:g}", f"{r.psnr_db:.2f} dB", f"{size}", f"{bpp:.3f}")
    print()
    Console().print(table)
    print("rho 0 aims at the least error, rho 1 at full realism; the file does not change.")
    raw = original.pixels.size
    print(f"uncompressed: {raw} bytes, {raw / size:.0f} times as many\n")


def draw_sheet(original: Picture, readings: list[Reading], file: Path) -> Image.Image:
    """Return the original and the readings side by side, each with an enlarged detail below."""
    size = file.stat().st_size
    bpp = 8 * size / (original.width * original.height)
    columns = [("original", f"{original.width} x {original.height}", original)]
    columns += [(f"rho = {r.rho:g}", f"{r.psnr_db:.2f} dB", r.picture) for r in readings]
    box = busiest(original)
    left, top, right, bottom = box
    tile_height = max(1, round(TILE_PX * original.height / original.width))
    detail_height = max(1, round(TILE_PX * (bottom - top) / (right - left)))
    width = GAP_PX + len(columns) * (TILE_PX + GAP_PX)
    head = GAP_PX + LABEL_PX + GAP_PX
    sheet = Image.new(
        "RGB", (width, head + tile_height + detail_height + 3 * GAP_PX + LABEL_PX), PAPER
    )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(LABEL_PX)
    for k, (name, note, picture) in enumerate(columns):
        x, y = GAP_PX + k * (TILE_PX + GAP_PX), head
        draw.text((x, GAP_PX - 2), name, INK, font)
        draw.text((x + TILE_PX, GAP_PX - 2), note, INK, font, anchor="ra")
        image = Image.fromarray(picture.pixels).convert("RGB")
        sheet.paste(image.resize((TILE_PX, tile_height), Image.Resampling.LANCZOS), (x, y))
        scale = TILE_PX / original.width
        if k == 0:
            frame = [x + left * scale, y + top * scale, x + right * scale, y + bottom * scale]
            draw.rectangle(frame, outline=MARK, width=2)
        y += tile_height + GAP_PX
        detail = image.crop(box).resize((TILE_PX, detail_height), Image.Resampling.NEAREST)
        sheet.paste(detail, (x, y))
    line = f"{file.name}: {size} bytes, {bpp:.3f} bits per pixel, the same file for every rho"
    draw.text((GAP_PX, sheet.height - GAP_PX - LABEL_PX), line, INK, font)
    return sheet


def busiest(picture: Picture) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the part with most fine detail."""
    width = max(1, picture.width // CROP_SHARE)
    height = max(1, picture.height // CROP_SHARE)
    grey = np.asarray(Image.fromarray(picture.pixels).convert("L"), dtype=np.float64)
    slopes = np.zeros_like(grey)
    slopes[1:, 1:] = np.abs(np.diff(grey, axis=0)[:, 1:]) + np.abs(np.diff(grey, axis=1)[1:])
    corners = [
        (x, y)
        for y in range(0, picture.height - height + 1, max(1, height // 4))
        for x in range(0, picture.width - width + 1, max(1, width // 4))
    ]
    x, y = max(corners, key=lambda c: slopes[c[1] : c[1] + height, c[0] : c[0] + width].sum())
    return x, y, x + width, y + height


def landscape(height: int, width: int, seed: int = 3) -> NDArray[np.uint8]:
    """Return a drawn picture of hills under a sky, with the 1/f spectrum of photos.

    Args:
        height: H in pixels.
        width: W in pixels.
        seed: Of its shapes.

    Returns:
        (H, W, 3) uint8.
    """
    random = np.random.default_rng(seed)
    rows = np.linspace(0, 1, height)[:, None]
    haze = rows[..., None] * np.array([150.0, 90.0, 10.0]) + np.array([90.0, 140.0, 215.0])
    picture = haze + 22 * fractal(random, (height, width), 1.3)[..., None]
    for nearness in (0.2, 0.45, 0.7, 1.0):
        ridge = 0.3 + 0.45 * nearness + 0.07 * fractal(random, (1, width), 1.5)
        texture = 30 * nearness * fractal(random, (height, width), 1.3 - 0.5 * nearness)
        ground = np.array([48.0, 72.0, 36.0]) + texture[..., None] * np.array([1.1, 1.0, 0.7])
        hill = nearness * ground + (1 - nearness) * haze
        picture = np.where((rows > ridge)[..., None], hill, picture)
    return picture.clip(0, 255).round().astype(np.uint8)


def fractal(
    random: np.random.Generator, shape: tuple[int, int], exponent: float
) -> NDArray[np.float64]:
    """Return noise of amplitude f^-exponent, mean 0 and variance 1."""
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None])
    frequency[0, 0] = np.inf
    noise = np.fft.ifft2(np.fft.fft2(random.standard_normal(shape)) * frequency**-exponent).real
    return noise / noise.std()


if __name__ == "__main__":
    sys.exit(main())
