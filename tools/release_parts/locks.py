"""Lists of files with their hashes, made from constraints.txt by uv.

`requirements.lock` holds what a plain install needs, on every system and every Python that the
package has; `tools/release_parts/requirements.lock` what this tool itself needs.
"""

import re
import sys
import tomllib
from pathlib import Path

from release_parts.environment import run

ROOT = Path(__file__).parents[2]
PLAIN, TOOLS = ROOT / "requirements.lock", Path(__file__).with_name("requirements.lock")
COMMAND = ("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-annotate")
HEAD = "# Made by tools/release --lock. Install it by: pip install --require-hashes -r {}\n"


def renew() -> None:
    """Write both lists again; of what constraints.txt does not name, the newest."""
    _compile(PLAIN, "pyproject.toml", "-c", "constraints.txt")
    _compile(TOOLS, "--group", "release", "--upgrade")


def stale() -> list[str]:
    """Return where the list of a plain install is not what the project asks for."""
    locked, exact = pins(PLAIN), pins(ROOT / "constraints.txt")
    found = [
        f"requirements.lock has {name} {number}, constraints.txt {exact[name]}"
        for name, number in locked.items()
        if exact.get(name, number) != number
    ]
    return found + [f"requirements.lock lacks {name}" for name in sorted(direct() - locked.keys())]


def pins(path: Path) -> dict[str, str]:
    """Return the versions in a list, by normal names."""
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text("utf-8"), re.M)
    return {normal(name): number for name, number in lines}


def direct() -> set[str]:
    """Return the normal names of what the package itself depends on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {normal(re.match(r"[\w.-]+", line)[0]) for line in project["dependencies"]}


def normal(name: str) -> str:
    """Return a name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _compile(lock: Path, *source: str) -> None:
    name = lock.relative_to(ROOT).as_posix()
    made = ("--python-version", "3.11", "--no-header", "-o", name)
    run([sys.executable, "-m", "uv", *COMMAND, *source, *made], ROOT)
    lock.write_text(HEAD.format(name) + lock.read_text("utf-8"), "utf-8")
