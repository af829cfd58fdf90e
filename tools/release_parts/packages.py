"""The wheel and the sdist: built, and held to what they may hold."""

import hashlib
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from pack_weights import PACKED, WEIGHTS
from release_parts.environment import FailedError, run, say
from release_parts.ready import ROOT, tracked, version

BYTES_MAX = 14_000_000
DIST_INFO = ("METADATA", "WHEEL", "entry_points.txt", "licenses/LICENSE", "RECORD")
BESIDE = {
    *("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "requirements.lock"),
    *("tools/pack_weights.py", "PKG-INFO", ".gitignore"),
}


def build(folder: Path) -> tuple[Path, Path]:
    """Return the wheel and the sdist of this tree, in a folder that has nothing else then.

    The wheel is built from the sdist, which proves that one. hatchling is that of constraints.txt,
    and times in both are fixed, so that equal trees give equal bytes.
    """
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder], ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    with tempfile.TemporaryDirectory(prefix="sdist-") as name:
        with tarfile.open(sdist) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # from 3.11.4 on
            archive.extractall(name)  # noqa: S202 - we have just made it
        (source,) = Path(name).iterdir()
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], source)
    (wheel,) = folder.glob("*.whl")
    return wheel, sdist


def require_contents(package: Path) -> None:
    """List a package, and refuse what should not be in it.

    Raises:
        FailedError: If a file is missing or too many, or the package is too large.
    """
    found, expected = set(names(package)), _expected(package)
    data = package.read_bytes()
    say(
        f"{package.name}: {len(found)} files, {len(data)} bytes, {hashlib.sha256(data).hexdigest()}"
    )
    if wrong := found ^ expected:
        lines = [f"{'lacks' if name in expected else 'holds'} {name}" for name in sorted(wrong)]
        raise FailedError(f"{package.name} " + ", ".join(lines))
    if len(data) > BYTES_MAX:
        raise FailedError(f"{package.name} has {len(data)} bytes, expected at most {BYTES_MAX}")


def names(package: Path) -> list[str]:
    """Return the paths in a wheel or an sdist; those of the latter without its one folder."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            return archive.namelist()
    with tarfile.open(package) as archive:
        return [member.name.partition("/")[2] for member in archive if member.isfile()]


def _expected(package: Path) -> set[str]:
    code = {*tracked("rdpcodec"), PACKED} - {WEIGHTS}
    if package.suffix == ".whl":
        return code | {f"rdpcodec-{version()}.dist-info/{name}" for name in DIST_INFO}
    spec = {name for name in tracked("spec") if not name.startswith("spec/results/")}
    return code | spec | BESIDE
