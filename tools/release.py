"""What `tools/release` does; it says how to call it."""

import argparse
import sys
import tempfile
from pathlib import Path

from release_parts.environment import FailedError, say
from release_parts.frozen import freeze
from release_parts.locks import renew
from release_parts.packages import build, require_contents
from release_parts.ready import ROOT, require_checks, unready, version
from release_parts.trial import require_metadata, try_out


def release(*, dry_run: bool) -> None:
    """Do all but the tag.

    Raises:
        FailedError: If the tree is not ready, or something is wrong with what was built.
    """
    found = unready()
    for reason in found:
        say(f"not ready: {reason}")
    if not dry_run:
        if found:
            raise FailedError("nothing is built of a tree that is not ready")
        require_checks()
    wheel, sdist = build(ROOT / "dist")
    for package in (wheel, sdist):
        require_contents(package)
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name)
        require_metadata((wheel, sdist), folder / "tools")
        try_out(wheel, folder / "trial")
    say("all is well; what is left to do:")
    tag = f"v{version()}"
    print(f"git tag --annotate {tag} --message 'rdpcodec {version()}' && git push origin {tag}")
    print(f"twine upload {wheel.relative_to(ROOT)} {sdist.relative_to(ROOT)}")


def main() -> int:
    """Run the script and return its exit code."""
    parser = argparse.ArgumentParser(prog="tools/release", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--dry-run", action="store_true", help="from any tree, without tools/check")
    choice.add_argument("--freeze", action="store_true", help="keep this version's fixtures")
    choice.add_argument("--lock", action="store_true", help="renew the lists of hashes")
    given = parser.parse_args()
    try:
        if given.freeze:
            freeze(version())
        elif given.lock:
            renew()
        else:
            release(dry_run=given.dry_run)
    except FailedError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
