"""Conformance suite: does a decoder recover what the fixtures say (spec 1)?

`fixtures/README.md` explains what is checked, and how a decoder that is a command is asked;
`spec/case.schema.json` explains the descriptions of cases. `python -m rdpcodec.conformance` is
this decoder as such a command.
"""

from rdpcodec.conformance.command import Command
from rdpcodec.conformance.own import Own
from rdpcodec.conformance.runner import ConformanceReport, Result, run

__all__ = ["Command", "ConformanceReport", "Own", "Result", "run"]
