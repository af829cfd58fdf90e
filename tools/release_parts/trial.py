"""A package tried where there is no checkout: installed by hashes, and put to its main job."""

import json
import shutil
from pathlib import Path

from release_parts.environment import Environment, FailedError, run
from release_parts.locks import PLAIN, TOOLS
from release_parts.ready import ROOT, version

PHOTO = ROOT / "docs" / "images" / "photo.webp"
BPP, PSNR_MIN_DB = 0.3, 28
WHERE = "import rdpcodec; print(rdpcodec.__version__, rdpcodec.__file__)"


def require_metadata(packages: tuple[Path, ...], folder: Path) -> None:
    """Let twine check what the index will be told.

    Raises:
        FailedError: If it finds a fault.
    """
    tools = Environment.locked(folder, TOOLS)
    run([tools.program("twine"), "check", "--strict", *packages], folder)


def try_out(wheel: Path, folder: Path) -> None:
    """Install a wheel and use it: a photo written, looked at, read, and the conformance suite.

    Raises:
        FailedError: If anything fails, or the picture is not what it should be.
    """
    environment = Environment.locked(folder / "environment", PLAIN)
    environment.install("--no-deps", "--no-index", wheel)
    run([environment.program("python"), "-m", "pip", "check"], folder)
    found, path = run([environment.program("python"), "-c", WHERE], folder).split(maxsplit=1)
    if found != version() or not Path(path).is_relative_to(environment.folder):
        raise FailedError(f"version {found} from {path.strip()} is not what was installed")
    desk = folder / "desk"
    desk.mkdir()
    shutil.copy(PHOTO, desk / "photo.webp")
    shutil.copytree(ROOT / "fixtures", desk / "fixtures")
    _main_job(environment.program("rdpcodec"), desk)


def _main_job(rdpcodec: Path, desk: Path) -> None:
    run([rdpcodec, "compress", "photo.webp", "photo.rdp", "--bpp", BPP], desk)
    run([rdpcodec, "inspect", "photo.rdp"], desk)
    run([rdpcodec, "verify", "photo.rdp"], desk)
    run([rdpcodec, "view", "photo.rdp", "-o", "seen.png", "--rho", "0"], desk)
    run([rdpcodec, "decompress", "photo.rdp", "photo.png", "--rho", "1"], desk)
    told = json.loads(run([rdpcodec, "compare", "photo.webp", "seen.png", "--json"], desk))
    if told["psnr"] < PSNR_MIN_DB:
        raise FailedError(f"the photo at {BPP} bpp has {told['psnr']} dB, not {PSNR_MIN_DB} dB")
    run([rdpcodec, "conform", "fixtures"], desk)
