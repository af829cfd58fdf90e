"""Conformance suite: does this decoder recover what the fixtures say (spec 1)?

`fixtures/valid` holds files with their symbols and pictures, `fixtures/invalid` files with the
issue that refuses each; `spec/case.schema.json` explains both kinds of description.
"""

from rdpcodec.conformance.runner import ConformanceReport, Result, run

__all__ = ["ConformanceReport", "Result", "run"]
