"""Sections 12 and 13: limits, and how a file is refused. Both tables are those of the text."""

import json
import re
from pathlib import Path

_SPEC = Path(__file__).parents[1]
TEXT = (_SPEC / "rdp.md").read_text("utf-8")
LIMITS = {name: int(n) for name, n in re.findall(r"^\| `(\w+)` \| (\d+) \|", TEXT, re.M)}  # 12
_ISSUES = {i["name"]: i for i in json.loads((_SPEC / "issues.json").read_text())["issues"]}  # 13.2


class RefusedError(Exception):
    """A line that begins with an id, and the exit code of 13.2."""


def refuse_if(broken, name, why=""):
    if broken:
        issue = _ISSUES[name]
        raise RefusedError(f"{issue['id']}: {why or issue['meaning']}", issue["exit_code"])


def bound(name, value):  # 12: limits "are inclusive"
    refuse_if(value > LIMITS[name], "limit-" + name.replace("_", "-"))
