"""What hatchling calls when it builds a package: it holds the weights of photo-1 in another order.

`rdpcodec/priors/photo_1/stored.py` says why, and puts them into theirs again.
"""

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "rdpcodec/priors/photo_1"
WEIGHTS, PACKED = f"{FOLDER}/weights.safetensors", f"{FOLDER}/weights.packed"


def packed(stored: bytes) -> bytes:
    """Return the bytes at even places, then those at odd ones."""
    return stored[::2] + stored[1::2]


class WeightsHook(BuildHookInterface):
    """Adds the packed weights to wheels and sdists; pyproject.toml leaves the others out."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write them; not of an sdist, which has them, nor where the checkout itself is used."""
        source = Path(self.root, WEIGHTS)
        if version == "editable" or not source.exists():
            return
        self.folder = tempfile.TemporaryDirectory()
        target = Path(self.folder.name, "weights.packed")
        target.write_bytes(packed(source.read_bytes()))
        build_data["force_include"][str(target)] = PACKED
