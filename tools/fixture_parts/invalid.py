"""The invalid files: valid ones taken to pieces, changed in one way, with the CRCs right again."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fixture_parts.alphas import alphas
from fixture_parts.declined import declined
from fixture_parts.malformed import malformed
from fixture_parts.parts import Parts, Refused
from fixture_parts.prompts import prompts
from fixture_parts.writing import Files, as_json, sha256

ISSUES = Path(__file__).parents[2] / "spec" / "issues.json"


def invalid_files(valid: dict[str, Files]) -> list[Refused]:
    """Return all invalid files, made of valid ones."""
    grey, pfr = (
        Parts(valid[name]["stream.rdp"]) for name in ("one-layer", "pfr-gaussian-grey-odd")
    )
    broken = (*malformed(grey), *declined(grey, pfr), *prompts(grey), *alphas(grey))
    named = [replace(file, name=f"{file.name}.rdp") for file in broken]
    return sorted(named, key=lambda file: file.name)


def invalid_index(files: Sequence[Refused]) -> bytes:
    """Return cases.json."""
    issues = json.loads(ISSUES.read_text())["issues"]
    exit_codes = {issue["id"]: issue["exit_code"] for issue in issues}
    cases = []
    for file in files:
        issue = file.name.split("_")[0]
        case: dict[str, object] = {"file": file.name, "why": file.why, "issue": issue}
        case |= {"exit_code": exit_codes[issue], "sha256": sha256(file.data)}
        case |= {"limits": file.limits} if file.limits else {}
        case |= {"allow_partial": True} if file.allow_partial else {}
        cases.append(case)
    return as_json({"cases": cases})
