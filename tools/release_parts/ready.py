"""What has to be so in a tree that is released."""

import re
import subprocess
from pathlib import Path

from release_parts.environment import FailedError, say
from release_parts.frozen import problems
from release_parts.locks import stale

ROOT = Path(__file__).parents[2]
RELEASED = re.compile(r"\d+\.\d+\.\d+")


def version() -> str:
    """Return the version, from the only place where it is written."""
    text = (ROOT / "rdpcodec" / "__init__.py").read_text("utf-8")
    (found,) = re.findall(r'^__version__ = "(.+)"$', text, re.M)
    return found


def unready() -> list[str]:
    """Return why this tree cannot be released, a sentence each."""
    number = version()
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = [*problems(number), *stale()]
    if not RELEASED.fullmatch(number):
        found.append(f"the version in rdpcodec/__init__.py is {number}, not one of a release")
    if not re.search(rf"^## \[{re.escape(number)}\] - \d{{4}}-\d\d-\d\d$", changes, re.M):
        found.append(f"CHANGELOG.md has no section `## [{number}] - YYYY-MM-DD`")
    if "Nothing is released" in (ROOT / "README.md").read_text("utf-8"):
        found.append("README.md says that nothing is released")
    if _git("status", "--porcelain"):
        found.append("there are changes that are not committed")
    if _git("tag", "--list", f"v{number}"):
        found.append(f"there is a tag v{number}")
    return found


def require_checks() -> None:
    """Run every check there is.

    Raises:
        FailedError: If one fails.
    """
    say("tools/check --all")
    if subprocess.run([ROOT / "tools" / "check", "--all"], check=False).returncode:
        raise FailedError("a check failed")


def tracked(folder: str) -> list[str]:
    """Return the files of a folder that git knows, as paths from the root."""
    return _git("ls-files", folder).splitlines()


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
