"""Fixtures of released versions: copied once, never written again, decoded for ever.

`fixtures/frozen/VERSION/NAME/` is the folder `fixtures/valid/NAME/` as it was in that version.
`fixtures/frozen/digests.json` has a digest of each version's files.
"""

import hashlib
import json
import shutil
from pathlib import Path

from release_parts.environment import FailedError, say

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOLDER, DIGESTS = "frozen", "digests.json"


def freeze(version: str, fixtures: Path = FIXTURES) -> None:
    """Copy the valid cases.

    Args:
        version: That of the release.
        fixtures: The suite.

    Raises:
        FailedError: If the version has been frozen, or is not one of a release.
    """
    target = fixtures / FOLDER / version
    if target.exists() or version in digests(fixtures):
        raise FailedError(f"the fixtures of {version} are frozen, and are never written again")
    if not version.replace(".", "").isdigit():
        raise FailedError(f"{version} is not the version of a release")
    shutil.copytree(fixtures / "valid", target)
    known = digests(fixtures) | {version: digest(target)}
    path = fixtures / FOLDER / DIGESTS
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")
    say(f"copied {len(list(target.iterdir()))} cases to {target}")


def digests(fixtures: Path = FIXTURES) -> dict[str, str]:
    """Return the digest of each frozen version; empty where none is."""
    path = fixtures / FOLDER / DIGESTS
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def digest(folder: Path) -> str:
    """Return the SHA-256 of the paths and the SHA-256 of all files of a folder, in hex."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def problems(version: str, fixtures: Path = FIXTURES) -> list[str]:
    """Return what is wrong with what is frozen, or that a version is not."""
    known = digests(fixtures)
    found = [
        f"fixtures/frozen/{name} is not what was frozen"
        for name, expected in known.items()
        if digest(fixtures / FOLDER / name) != expected
    ]
    if version not in known:
        found.append(f"fixtures/frozen has no {version}: tools/release --freeze")
    return found
